import type { AlertNotification, NotifiedAlert } from '../alerts/alert-notification.ts'
import { formatTimestamp } from '../runtime/format-timestamp.ts'
import { boundNotification } from './bound-notification.ts'
import { jsonBytes } from './fit-text.ts'

type StringMap = Readonly<Record<string, string>>

/**
 * What a webhook carries: version 4 of the Alertmanager's payload
 * (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config), so that receivers made
 * for it take ours, and under `assay` what it has no place for.
 */
export interface WebhookPayload {
  readonly version: '4'
  readonly groupKey: string
  /** How many alerts of the group are not in `alerts`. */
  readonly truncatedAlerts: number
  readonly status: 'firing' | 'resolved'
  readonly receiver: string
  readonly groupLabels: StringMap
  /** Of the alerts in `alerts`, as the Alertmanager has them; with `alertname` and `severity`. */
  readonly commonLabels: StringMap
  readonly commonAnnotations: StringMap
  readonly externalURL: string
  readonly alerts: readonly WebhookAlert[]
  readonly assay: {
    readonly notificationId: string
    readonly reason: AlertNotification['reason']
    readonly severity: AlertNotification['severity']
    readonly escalationLevel: number
    readonly acknowledgedBy?: string | undefined
    /** RFC 3339. */
    readonly at: string
  }
}

/** An alert of a {@link WebhookPayload}. */
export interface WebhookAlert {
  readonly status: 'firing' | 'resolved'
  /** With `alertname` and `severity`. */
  readonly labels: StringMap
  /** `summary`, `description`, `runbook_url`, `value` and `source`, where there are such. */
  readonly annotations: StringMap
  /** RFC 3339, as `endsAt` is. */
  readonly startsAt: string
  /** `0001-01-01T00:00:00Z`, the zero of Go, while it fires. */
  readonly endsAt: string
  readonly generatorURL: string
  readonly fingerprint: string
}

const NEVER = '0001-01-01T00:00:00Z'

/** The payload with as many alerts as fit. */
export function webhookPayload(
  notification: AlertNotification,
  limits: { alertsMax: number; bytesMax: number; externalUrl: string },
): WebhookPayload {
  const bounded = boundNotification(notification, limits.alertsMax)
  const everything = bounded.alerts.map(webhookAlert)
  const envelope = {
    version: '4',
    groupKey: bounded.groupKey,
    status: bounded.status,
    receiver: bounded.receiver,
    groupLabels: bounded.groupLabels,
    externalURL: limits.externalUrl,
    assay: {
      notificationId: bounded.id,
      reason: bounded.reason,
      severity: bounded.severity,
      escalationLevel: bounded.escalationLevel,
      acknowledgedBy: bounded.acknowledgedBy,
      at: formatTimestamp(bounded.at),
    },
  } as const
  const common = {
    commonLabels: commonOf(everything.map(({ labels }) => labels)),
    commonAnnotations: commonOf(everything.map(({ annotations }) => annotations)),
  }
  const reserved = jsonBytes({ ...envelope, ...common }) + RESERVE_BYTES
  const alerts = takeWhileTheyFit(everything, limits.bytesMax - reserved)
  const truncatedAlerts = bounded.omittedAlertCount + everything.length - alerts.length
  return { ...envelope, ...common, truncatedAlerts, alerts }
}

/** For the names and digits of what is added last. */
const RESERVE_BYTES = 100

/** An alert in the terms of Prometheus. */
function webhookAlert(alert: NotifiedAlert): WebhookAlert {
  return {
    status: alert.status,
    labels: { ...alert.labels, alertname: alert.name, severity: alert.severity },
    annotations: annotationsOf(alert),
    startsAt: formatTimestamp(alert.startsAt),
    endsAt: alert.endsAt === null ? NEVER : formatTimestamp(alert.endsAt),
    generatorURL: '',
    fingerprint: alert.fingerprint,
  }
}

/** What does not identify an alert, as Prometheus calls it. */
export function annotationsOf(alert: NotifiedAlert): StringMap {
  const annotations = {
    summary: alert.summary,
    description: alert.description,
    runbook_url: alert.runbookUrl,
    value: alert.value === undefined ? undefined : String(alert.value),
    source: alert.source,
  }
  return Object.fromEntries(
    Object.entries(annotations).filter((pair): pair is [string, string] => Boolean(pair[1])),
  )
}

function commonOf(maps: readonly StringMap[]): StringMap {
  const [first = {}, ...rest] = maps
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) => rest.every((map) => map[name] === value)),
  )
}

function takeWhileTheyFit<Item>(items: readonly Item[], bytesMax: number): Item[] {
  const taken: Item[] = []
  let bytes = 0
  for (const item of items) {
    bytes += jsonBytes(item) + 1
    if (bytes > bytesMax) break
    taken.push(item)
  }
  return taken
}
