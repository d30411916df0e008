import type { AlertNotificationReason } from '../alerts/alert-notification.ts'
import { tellQuietly } from '../errors/tell-quietly.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { noMetrics } from '../metrics/no-metrics.ts'
import type { DeliveryResult } from './stages/deliver-notification.ts'

/** Counter by `outcome`: what became of the alerts that were fired and resolved. */
export const ALERT_MANAGER_ALERTS_TOTAL = 'alert_manager_alerts_total'
/** Counter by `receiver`, `reason` and `outcome` (`delivered`, `failed`, `refused`, `postponed`). */
export const ALERT_MANAGER_NOTIFICATIONS_TOTAL = 'alert_manager_notifications_total'
/** Counter by `limit`: alerts that had no room. Above 0, someone was told by an alert of its own. */
export const ALERT_MANAGER_DROPPED_TOTAL = 'alert_manager_dropped_total'
/** Counter by `step`: what could not be done, because the store failed or a row is unreadable. */
export const ALERT_MANAGER_ERRORS_TOTAL = 'alert_manager_errors_total'

/** What an alert manager counts. A registry that throws costs nobody an alert. */
export interface AlertManagerTally {
  alert(outcome: string): void
  notification(
    receiver: string,
    reason: AlertNotificationReason,
    outcome: DeliveryResult['outcome'] | 'postponed',
  ): void
  dropped(limit: string, count: number): void
  error(step: string): void
}

export function createAlertManagerTally(metrics: Metrics): AlertManagerTally {
  const alerts = metrics.counter({
    name: ALERT_MANAGER_ALERTS_TOTAL,
    help: 'Alerts that were fired or resolved, by what became of them.',
    labelNames: ['outcome'],
  })
  const notifications = metrics.counter({
    name: ALERT_MANAGER_NOTIFICATIONS_TOTAL,
    help: 'Notifications, by receiver, reason and outcome.',
    labelNames: ['receiver', 'reason', 'outcome'],
  })
  const dropped = metrics.counter({
    name: ALERT_MANAGER_DROPPED_TOTAL,
    help: 'Alerts that had no room, by the limit that was reached.',
    labelNames: ['limit'],
  })
  const errors = metrics.counter({
    name: ALERT_MANAGER_ERRORS_TOTAL,
    help: 'Steps of the alert manager that failed.',
    labelNames: ['step'],
  })
  // One per outcome, kept because looking a series up costs more than counting.
  const alertSeries = new Map<string, { inc(): void }>()
  return {
    alert(outcome) {
      if (metrics === noMetrics) return
      tellQuietly(() => {
        const series = alertSeries.get(outcome) ?? alerts.labels({ outcome })
        alertSeries.set(outcome, series)
        series.inc()
      })
    },
    notification: (receiver, reason, outcome) =>
      tellQuietly(() => notifications.labels({ receiver, reason, outcome }).inc()),
    dropped: (limit, count) => tellQuietly(() => dropped.labels({ limit }).inc(count)),
    error: (step) => tellQuietly(() => errors.labels({ step }).inc()),
  }
}
