import type { Finding } from '../detector/finding.ts'
import { algorithmOf } from './finding-algorithm.ts'
import type { MonitoringEvent } from './monitoring-event.ts'

/**
 * The event of a finding that has opened, grown or ended. Who has taken it on stays with it.
 *
 * @param current the event so far, or the id of the one that begins
 * @param finding as it is now
 * @param now when it is stored
 */
export function applyFindingToEvent(
  current: MonitoringEvent | { readonly eventId: string },
  finding: Finding,
  now: number,
): MonitoringEvent {
  const { amount } = finding
  return {
    ...('status' in current ? current : { ...UNTOUCHED, ...current, detectedAt: now }),
    fingerprint: finding.fingerprint,
    type: finding.ruleId,
    severity: finding.severity,
    cardId: finding.subject,
    transactionIds: finding.transactionIds,
    amountMinor: amount?.amountMinor ?? null,
    currency: amount?.currency ?? null,
    algorithm: algorithmOf(finding),
    confidence: finding.confidence,
    eventData: finding.evidence,
    eventTime: finding.eventTime,
    updatedAt: now,
    ...statusAfter(current, finding, now),
  }
}

/** One that had ended and comes true again is open, and nobody has ended it. */
function statusAfter(
  current: MonitoringEvent | { readonly eventId: string },
  { action }: Finding,
  now: number,
): Partial<MonitoringEvent> {
  if (action === 'resolve') return { status: 'resolved', resolvedAt: now }
  return 'status' in current && current.status === 'resolved'
    ? { status: 'open', resolvedBy: null, resolvedAt: null }
    : {}
}

const UNTOUCHED = {
  status: 'open' as const,
  acknowledgedBy: null,
  acknowledgedAt: null,
  acknowledgementNotes: null,
  resolvedBy: null,
  resolvedAt: null,
  resolutionNotes: null,
}
