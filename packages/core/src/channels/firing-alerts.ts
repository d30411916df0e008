import type { AlertNotification } from '../alerts/alert-notification.ts'
import type { AlertmanagerRecord } from './alertmanager-alert.ts'

/** The alerts that fire, as far as the notifications have told. */
export interface FiringAlerts {
  /**
   * Remembers what fires and forgets what ended. A notification without omitted alerts says all of
   * its group: what it no longer names has ended.
   *
   * @param records the alerts of the notification, in the same order
   * @returns how many firing alerts are not remembered, because of the bound or because the
   *   notification omits them
   */
  update(notification: AlertNotification, records: readonly AlertmanagerRecord[]): number
  list(): AlertmanagerRecord[]
  size(): number
  clear(): void
}

export function createFiringAlerts({ alertsMax }: { alertsMax: number }): FiringAlerts {
  const tracked = new Map<string, { groupKey: string; record: AlertmanagerRecord }>()

  return {
    update({ alerts, groupKey, omittedAlertCount, status }, records) {
      if (omittedAlertCount === 0 || status === 'resolved') {
        for (const [fingerprint, each] of tracked) {
          if (each.groupKey === groupKey) tracked.delete(fingerprint)
        }
      }
      let untracked = status === 'firing' ? omittedAlertCount : 0
      for (const [index, record] of records.entries()) {
        const fingerprint = alerts[index]?.fingerprint ?? ''
        if (record.endsAt !== null) tracked.delete(fingerprint)
        else if (tracked.has(fingerprint) || tracked.size < alertsMax) {
          tracked.set(fingerprint, { groupKey, record })
        } else untracked += 1
      }
      return untracked
    },
    list: () => [...tracked.values()].map(({ record }) => record),
    size: () => tracked.size,
    clear: () => tracked.clear(),
  }
}
