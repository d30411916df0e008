import type {
  AlertNotification,
  AlertNotificationReason,
  NotifiedAlert,
} from '../../alerts/alert-notification.ts'
import { sha256Hex } from '../../runtime/sha256.ts'
import { severityRank, worstSeverity } from '../severity-rank.ts'
import type { StoredAlert } from '../stored-alert-change.ts'

/** What a notification is made of. */
export interface NotificationParts {
  readonly groupKey: string
  readonly groupLabels: Readonly<Record<string, string>>
  /** When the group began: what tells two lives of a group apart. */
  readonly groupCreatedAt: number
  readonly receiver: string
  readonly reason: AlertNotificationReason
  /** Notifications that the receiver has confirmed. */
  readonly sequence: number
  /** At least one. */
  readonly alerts: readonly StoredAlert[]
  readonly alertsMax: number
  readonly acknowledgedBy: string | undefined
  readonly escalationLevel: number
  readonly now: number
}

/**
 * Makes the notification of a group. Its id is made of what it says, so that it is the same when a
 * process dies before it could note that it was delivered, and another when it says anything else: a
 * receiver that drops what it has seen never drops news.
 */
export function composeNotification(parts: NotificationParts): AlertNotification {
  const { reason, receiver, groupKey, groupLabels, acknowledgedBy, escalationLevel, now } = parts
  const alerts = parts.alerts.toSorted(byImportance)
  const firing = alerts.filter(({ endsAt }) => endsAt === null)
  const told = firing.length > 0 ? firing : alerts
  const shown = cut(firing, alerts.slice(firing.length), parts.alertsMax)
  return {
    id: idOf(parts),
    reason,
    status: reason === 'resolved' ? 'resolved' : 'firing',
    receiver,
    groupKey,
    groupLabels,
    commonLabels: commonLabelsOf(alerts),
    severity: worstSeverity(told.map(({ alert }) => alert)) ?? 'low',
    alerts: shown.map(toNotifiedAlert),
    omittedAlertCount: alerts.length - shown.length,
    acknowledgedBy,
    escalationLevel,
    at: now,
  }
}

/** An alert as a channel sees it. */
export function toNotifiedAlert({ alert, fingerprint, endsAt }: StoredAlert): NotifiedAlert {
  return { ...alert, fingerprint, endsAt, status: endsAt === null ? 'firing' : 'resolved' }
}

/**
 * What ended is seen for the last time, so that it comes before what is told again while it fires, in
 * up to half of the room.
 */
function cut(
  firing: readonly StoredAlert[],
  ended: readonly StoredAlert[],
  alertsMax: number,
): readonly StoredAlert[] {
  const endedMax = Math.max(alertsMax - firing.length, Math.ceil(alertsMax / 2))
  const shownEnded = ended.slice(0, endedMax)
  return [...firing.slice(0, alertsMax - shownEnded.length), ...shownEnded]
}

function idOf(parts: NotificationParts): string {
  const { groupKey, groupCreatedAt, receiver, reason, sequence, escalationLevel, alerts } = parts
  const states = alerts.map(({ fingerprint, endsAt }) => `${fingerprint} ${endsAt === null}`)
  return sha256Hex(
    JSON.stringify([
      groupKey,
      groupCreatedAt,
      receiver,
      reason,
      sequence,
      escalationLevel,
      states.toSorted(),
    ]),
  )
}

/** What fires first, then the worst, then what has fired longest. */
export function byImportance(a: StoredAlert, b: StoredAlert): number {
  return (
    Number(a.endsAt !== null) - Number(b.endsAt !== null) ||
    severityRank[a.alert.severity] - severityRank[b.alert.severity] ||
    a.alert.startsAt - b.alert.startsAt ||
    (a.fingerprint < b.fingerprint ? -1 : 1)
  )
}

function commonLabelsOf([first, ...others]: readonly StoredAlert[]): Record<string, string> {
  let common = Object.entries(first?.alert.labels ?? {})
  for (const { alert } of others) {
    if (common.length === 0) break
    common = common.filter(([label, value]) => alert.labels[label] === value)
  }
  return Object.fromEntries(common)
}
