import type { Random } from '../../runtime/random.ts'
import type { AlertTargetState } from '../alert-group-state.ts'
import type { RoundDelivery } from './deliver-notification.ts'

/** What else the next state of a receiver depends on. */
export interface NextTargetFacts {
  /** When the round was decided. */
  readonly now: number
  /** When its last delivery had ended. */
  readonly endedAt: number
  readonly groupIntervalMs: number
  readonly repeatMs: number
  /** When the group was acknowledged; 0 for never. */
  readonly acknowledgedAt: number
  readonly random: Random
}

/**
 * What is remembered of a receiver that a round has looked at.
 *
 * @param before with what it owes in this round
 * @param delivery what it was sent; `undefined` where there was nothing to tell
 */
export function nextTarget(
  before: AlertTargetState,
  delivery: RoundDelivery | undefined,
  { now, endedAt, groupIntervalMs, repeatMs, acknowledgedAt, random }: NextTargetFacts,
): AlertTargetState {
  if (delivery === undefined) return { ...before, failureCount: 0, retryAt: null }
  const { reason } = delivery.notification
  const { outcome } = delivery.result
  const failureCount = before.failureCount + 1
  if (outcome === 'failed') {
    const delayMs = backOff(RETRY_BASE_MS, groupIntervalMs, failureCount, random)
    return { ...before, failureCount, retryAt: endedAt + delayMs }
  }

  if (outcome === 'refused' && (reason === 'firing' || reason === 'repeat')) {
    // It may be mended, so it is offered again, ever less often.
    const delayMs = backOff(groupIntervalMs, repeatMs, failureCount, random)
    return { ...before, failureCount, retryAt: endedAt + delayMs }
  }
  const isAcknowledgement = reason === 'acknowledged'
  return {
    sequence: before.sequence + (outcome === 'delivered' ? 1 : 0),
    notifiedAt: outcome === 'delivered' && !isAcknowledgement ? now : before.notifiedAt,
    failureCount: 0,
    retryAt: null,
    owedLevel: reason === 'escalation' ? 0 : before.owedLevel,
    shownAcknowledgementAt: isAcknowledgement ? acknowledgedAt : before.shownAcknowledgementAt,
  }
}

/** After a failure the next attempt comes after about so long; after each further one, twice as long. */
const RETRY_BASE_MS = 5_000

function backOff(baseMs: number, maxMs: number, failureCount: number, random: Random): number {
  const fullMs = Math.min(baseMs * 2 ** (failureCount - 1), Math.max(maxMs, baseMs))
  return Math.ceil(fullMs * (1 - random() / 2))
}
