import type { AlertNotificationReason } from '../../alerts/alert-notification.ts'

/** A member of a group, as a round sees it. */
export interface MemberView {
  readonly isFiring: boolean
  /** It fires, belongs to the group, and nothing mutes it. */
  readonly isVisible: boolean
  /** The receivers that believe that it fires. */
  readonly told: readonly string[]
  /** Those that may believe it: they are told again while it fires, and told of its end. */
  readonly unsure: readonly string[]
}

/** What else the decision depends on. */
export interface DeduplicationFacts {
  readonly receiver: string
  /** Whether it is the route's own receiver, and not one of the escalation. */
  readonly isRouted: boolean
  /** Whether news may be told now: it is not while the group's interval runs. */
  readonly isFlush: boolean
  readonly sendResolved: boolean
  readonly repeatMs: number
  readonly notifiedAt: number | null
  readonly now: number
  /** The step of the escalation that the receiver must hear of; 0 for none. */
  readonly owedLevel: number
  readonly isAcknowledged: boolean
  /** Whether the receiver is to be shown an acknowledgement that it has not seen. */
  readonly owesAcknowledgement: boolean
}

/**
 * Whether a receiver is told, and why, or why not.
 *
 * - `nothing-new`: it knows all there is, and it is too early to repeat it.
 * - `nothing-to-tell`: it was told of nothing, and nothing that it may see fires.
 * - `not-due`: the group's interval has not passed.
 * - `resolved-unwanted`: what it was told of has ended, and the route does not tell that.
 */
export type DeduplicationDecision =
  | { readonly reason: AlertNotificationReason }
  | {
      readonly reason: null
      readonly why: 'nothing-new' | 'nothing-to-tell' | 'not-due' | 'resolved-unwanted'
    }

/**
 * The stage that keeps people from hearing the same twice. It compares what the receiver believes
 * with what is so: told when a firing alert is new to it, when alerts that it knows have ended, and
 * when the time to repeat has come; never of an alert that ended before it was told.
 */
export function decideNotification(
  members: readonly MemberView[],
  facts: DeduplicationFacts,
): DeduplicationDecision {
  let visible = 0
  let newlyFiring = 0
  let knownFiring = 0
  let knownVisible = 0
  let knownEnded = 0
  for (const { isFiring, isVisible, told, unsure } of members) {
    const isKnown = told.includes(facts.receiver)
    if (isVisible) visible += 1
    if (isVisible && !isKnown) newlyFiring += 1
    if (isKnown && isFiring) knownFiring += 1
    if (isKnown && isVisible) knownVisible += 1
    if (!isFiring && (isKnown || unsure.includes(facts.receiver))) knownEnded += 1
  }

  if (facts.owedLevel > 0 && visible > 0 && !facts.isAcknowledged) return { reason: 'escalation' }
  if (facts.isFlush && facts.isRouted && newlyFiring > 0) return { reason: 'firing' }
  if (facts.isFlush && facts.sendResolved && knownEnded > 0) {
    return { reason: knownFiring > 0 ? 'resolved-members' : 'resolved' }
  }
  if (facts.owesAcknowledgement && knownVisible > 0) return { reason: 'acknowledged' }
  if (!facts.isFlush) return { reason: null, why: 'not-due' }
  if (knownFiring === 0) {
    return { reason: null, why: knownEnded > 0 ? 'resolved-unwanted' : 'nothing-to-tell' }
  }

  const isRepeatDue = facts.notifiedAt !== null && facts.now - facts.notifiedAt >= facts.repeatMs
  if (facts.isRouted && visible > 0 && isRepeatDue) return { reason: 'repeat' }
  return { reason: null, why: 'nothing-new' }
}
