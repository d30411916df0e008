import type { AlertNotification, NotifiedAlert } from '../alerts/alert-notification.ts'
import type { Severity } from '../alerts/severity.ts'
import { formatTimestamp } from '../runtime/format-timestamp.ts'
import { boundNotification } from './bound-notification.ts'
import { headlineOf, reasonSentenceOf } from './describe-notification.ts'
import { fitText, jsonBytes } from './fit-text.ts'
import { annotationsOf } from './webhook-payload.ts'

/** An event of https://developer.pagerduty.com/docs/send-alert-event, without its routing key. */
export type PagerDutyEvent =
  | {
      readonly event_action: 'acknowledge' | 'resolve'
      readonly dedup_key: string
    }
  | {
      readonly event_action: 'trigger'
      readonly dedup_key: string
      readonly client: string
      readonly links: readonly { readonly href: string; readonly text: string }[]
      readonly payload: {
        readonly summary: string
        readonly source: string
        readonly severity: 'critical' | 'error' | 'warning' | 'info'
        readonly timestamp: string
        readonly class: string
        readonly custom_details: PagerDutyDetails
      }
    }

interface PagerDutyDetails {
  readonly reason: string
  readonly notification_id: string
  readonly receiver: string
  readonly group_labels: Readonly<Record<string, string>>
  readonly alerts: readonly object[]
  readonly omitted_alerts: number
}

const SUMMARY_MAX = 1_024
const LINKS_MAX = 10
const ALERTS_MAX = 100
/** Below the 512 KB that PagerDuty takes: 174 KB may go to the group's labels, and the rest is small. */
const ALERTS_BYTES_MAX = 250_000

const SEVERITIES = {
  critical: 'critical',
  high: 'error',
  medium: 'warning',
  low: 'info',
} as const satisfies Readonly<Record<Severity, string>>

/** The notification as an event. The group's key is the `dedup_key`, so that one group is one incident. */
export function pagerDutyEvent(notification: AlertNotification): PagerDutyEvent {
  const bounded = boundNotification(notification, ALERTS_MAX)
  const dedupKey = bounded.groupKey
  if (bounded.status === 'resolved') return { event_action: 'resolve', dedup_key: dedupKey }
  if (bounded.reason === 'acknowledged') {
    return { event_action: 'acknowledge', dedup_key: dedupKey }
  }
  const [first] = bounded.alerts
  return {
    event_action: 'trigger',
    dedup_key: dedupKey,
    client: 'Assay',
    links: linksOf(bounded.alerts),
    payload: {
      summary: fitText(summaryOf(bounded), SUMMARY_MAX),
      source: first?.source ?? 'unknown',
      severity: SEVERITIES[bounded.severity],
      timestamp: formatTimestamp(first?.startsAt ?? bounded.at),
      class: first?.name ?? 'alert',
      custom_details: detailsOf(bounded),
    },
  }
}

function summaryOf(notification: AlertNotification): string {
  const [first] = notification.alerts
  const headline = headlineOf(notification)
  return first === undefined || first.summary === '' ? headline : `${headline}. ${first.summary}`
}

function linksOf(alerts: readonly NotifiedAlert[]): { href: string; text: string }[] {
  const texts = new Map<string, string>()
  for (const { runbookUrl, name } of alerts) {
    if (runbookUrl !== undefined && !texts.has(runbookUrl))
      texts.set(runbookUrl, `Runbook: ${name}`)
  }
  return [...texts].slice(0, LINKS_MAX).map(([href, text]) => ({ href, text }))
}

function detailsOf(notification: AlertNotification): PagerDutyDetails {
  const { alerts, omittedAlertCount, id, receiver, groupLabels } = notification
  const shown: object[] = []
  let bytes = 0
  for (const alert of alerts.map(alertDetails)) {
    bytes += jsonBytes(alert) + 1
    if (bytes > ALERTS_BYTES_MAX) break
    shown.push(alert)
  }
  return {
    reason: reasonSentenceOf(notification),
    notification_id: id,
    receiver,
    group_labels: groupLabels,
    alerts: shown,
    omitted_alerts: omittedAlertCount + alerts.length - shown.length,
  }
}

function alertDetails(alert: NotifiedAlert): object {
  return {
    name: alert.name,
    status: alert.status,
    severity: alert.severity,
    since: formatTimestamp(alert.startsAt),
    labels: alert.labels,
    ...annotationsOf(alert),
  }
}
