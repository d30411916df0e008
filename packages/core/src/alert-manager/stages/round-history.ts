import type { AlertHistoryEntry } from '../alert-history.ts'
import type { ClaimedAlertGroup } from '../alert-manager-store.ts'
import { worstSeverity } from '../severity-rank.ts'
import type { StoredAlert } from '../stored-alert-change.ts'
import { byImportance } from './compose-notification.ts'
import type { RoundDelivery } from './deliver-notification.ts'

/** Fingerprints that one line of the history holds. */
const FINGERPRINTS_MAX = 1_000

/** A delivery enters the history once it is known how it ended. */
export function deliveryHistory({
  notification,
  firing,
  ended,
  result,
}: RoundDelivery): AlertHistoryEntry[] {
  if (result.outcome === 'failed') return []
  const fingerprints = [...firing, ...ended]
  return [
    {
      event: result.outcome === 'delivered' ? 'notified' : 'refused',
      at: notification.at,
      severity: notification.severity,
      message: messageOf(notification.alerts[0]?.summary ?? '', fingerprints.length),
      reason: notification.reason,
      groupKey: notification.groupKey,
      receiver: notification.receiver,
      fingerprints: fingerprints.slice(0, FINGERPRINTS_MAX),
      escalationLevel: notification.escalationLevel,
      acknowledgedBy: notification.acknowledgedBy ?? null,
      errorCode: result.outcome === 'refused' ? result.errorCode : null,
    },
  ]
}

/** An acknowledgement enters the history with the first round that sees it. */
export function acknowledgementHistory(
  { key, receiver, acknowledgement, state }: ClaimedAlertGroup,
  firing: readonly StoredAlert[],
  now: number,
): AlertHistoryEntry[] {
  if (acknowledgement === null || acknowledgement.at <= state.acknowledgedAt) return []
  return [
    {
      event: 'acknowledged',
      at: Math.min(acknowledgement.at, now),
      severity: worstSeverity(firing.map(({ alert }) => alert)) ?? 'low',
      message: `Acknowledged by ${acknowledgement.by}`,
      reason: 'acknowledged',
      groupKey: key,
      receiver,
      fingerprints: fingerprintsOf(firing).slice(0, FINGERPRINTS_MAX),
      escalationLevel: state.escalation?.level ?? 0,
      acknowledgedBy: acknowledgement.by,
      errorCode: null,
    },
  ]
}

/**
 * The ends of alerts enter the history when they leave their group: once nobody believes any more
 * that they fire, whether or not anyone was told.
 */
export function endHistory(
  { key, receiver }: ClaimedAlertGroup,
  ended: readonly StoredAlert[],
  now: number,
): AlertHistoryEntry[] {
  const entries: AlertHistoryEntry[] = []
  const alerts = ended.toSorted(byImportance)
  for (let from = 0; from < alerts.length; from += FINGERPRINTS_MAX) {
    const some = alerts.slice(from, from + FINGERPRINTS_MAX)
    const lastEnd = some.reduce((latest, { endsAt }) => Math.max(latest, endsAt ?? 0), 0)
    entries.push({
      event: 'resolved',
      at: Math.min(lastEnd, now),
      severity: worstSeverity(some.map(({ alert }) => alert)) ?? 'low',
      message: messageOf(some[0]?.alert.summary ?? '', some.length),
      reason: 'resolved',
      groupKey: key,
      receiver,
      fingerprints: fingerprintsOf(some),
      escalationLevel: 0,
      acknowledgedBy: null,
      errorCode: null,
    })
  }
  return entries
}

function messageOf(summary: string, alertCount: number): string {
  return alertCount > 1 ? `${summary} (and ${alertCount - 1} more)` : summary
}

function fingerprintsOf(alerts: readonly StoredAlert[]): string[] {
  return alerts.map(({ fingerprint }) => fingerprint)
}
