import type { AlertNotification } from '../../alerts/alert-notification.ts'
import type { Random } from '../../runtime/random.ts'
import { type AlertTargetState, targetStateOf } from '../alert-group-state.ts'
import type { AlertHistoryEntry } from '../alert-history.ts'
import type { AlertGroupCommit, AlertTelling, ClaimedAlertGroup } from '../alert-manager-store.ts'
import { hasten, type PlannedEscalation } from '../escalation/plan-escalation.ts'
import type { CompiledRoute } from '../policy/compile-policy.ts'
import type { MemberView } from './deduplicate-notification.ts'
import type { DeliveryResult } from './deliver-notification.ts'
import type { RoutedReceiver } from './route-group.ts'

/** A notification of a round, and how its delivery ended. */
export interface RoundDelivery {
  readonly notification: AlertNotification
  /** Members that the receiver believes to fire once it has it. */
  readonly firing: ReadonlySet<string>
  /** Members that the receiver believes to have ended once it has it. */
  readonly ended: ReadonlySet<string>
  readonly result: DeliveryResult
}

/** A member of the group of a round. */
export interface RoundMember extends MemberView {
  readonly fingerprint: string
  /** What is on record of who was told of it. */
  readonly before: AlertTelling
}

/** All that a round has found and done. */
export interface Round {
  readonly group: ClaimedAlertGroup
  readonly token: string
  readonly route: CompiledRoute
  /** When it was decided. */
  readonly now: number
  /** When the last delivery had ended. */
  readonly endedAt: number
  readonly nextFlushAt: number
  readonly members: readonly RoundMember[]
  readonly receivers: readonly RoutedReceiver[]
  readonly deliveries: readonly RoundDelivery[]
  readonly planned: PlannedEscalation
  readonly isAcknowledged: boolean
  readonly history: readonly AlertHistoryEntry[]
}

/** The last stage: what is remembered of a round, and what goes into the history. */
export function recordRound(round: Round, random: Random): AlertGroupCommit {
  const { group, planned, now, deliveries } = round
  const targets = nextTargets(round, random)
  const reachedNobody = deliveries.some((delivery) => hasReachedNobody(delivery, planned))
  const escalation = reachedNobody ? hasten(planned.escalation, now) : planned.escalation
  const flushAt = now >= group.state.flushAt ? round.nextFlushAt : group.state.flushAt
  return {
    key: group.key,
    token: round.token,
    state: { flushAt, targets, escalation, acknowledgedAt: group.acknowledgement?.at ?? 0 },
    nextAt: earliest([
      flushAt,
      escalation?.nextAt,
      ...Object.values(targets).map(({ retryAt }) => retryAt),
    ]),
    tellings: changedTellings(round),
    history: [...round.history, ...deliveries.flatMap(historyOf)],
  }
}

/**
 * The step of the escalation that a receiver must hear of, with the one that has just become due; 0
 * for none.
 */
export function owedLevelOf(
  { group, planned, isAcknowledged }: Pick<Round, 'group' | 'planned' | 'isAcknowledged'>,
  receiver: string,
): number {
  if (isAcknowledged) return 0
  if (planned.due?.receiver === receiver) return planned.due.level
  return targetStateOf(group.state, receiver).owedLevel
}

/** After a failure the next attempt comes after about so long; after each further one, twice as long. */
const RETRY_BASE_MS = 5_000
/** Fingerprints that one line of the history holds. */
const FINGERPRINTS_MAX = 1_000

function nextTargets(round: Round, random: Random): Record<string, AlertTargetState> {
  const { group, receivers, deliveries, planned } = round
  const targets = new Map(Object.entries(group.state.targets))
  for (const { receiver } of receivers) {
    const delivery = deliveries.find(({ notification }) => notification.receiver === receiver)
    const before = {
      ...targetStateOf(group.state, receiver),
      owedLevel: owedLevelOf(round, receiver),
    }
    targets.set(receiver, nextTarget(before, delivery, round, random))
  }
  // One that waits for its next attempt was not looked at, and owes this too.
  const { due } = planned
  if (due !== null && !receivers.some(({ receiver }) => receiver === due.receiver)) {
    const before = targetStateOf(group.state, due.receiver)
    targets.set(due.receiver, { ...before, owedLevel: due.level })
  }
  return Object.fromEntries(targets)
}

function nextTarget(
  before: AlertTargetState,
  delivery: RoundDelivery | undefined,
  { group, now, endedAt, route }: Round,
  random: Random,
): AlertTargetState {
  if (delivery === undefined) return { ...before, failureCount: 0, retryAt: null }
  const { reason } = delivery.notification
  const { outcome } = delivery.result
  const failureCount = before.failureCount + 1
  if (outcome === 'failed') {
    const delayMs = backOff(RETRY_BASE_MS, route.groupIntervalMs, failureCount, random)
    return { ...before, failureCount, retryAt: endedAt + delayMs }
  }

  if (outcome === 'refused' && (reason === 'firing' || reason === 'repeat')) {
    // It may be mended, so it is offered again, ever less often.
    const delayMs = backOff(route.groupIntervalMs, route.repeatMs, failureCount, random)
    return { ...before, failureCount, retryAt: endedAt + delayMs }
  }
  const isAcknowledgement = reason === 'acknowledged'
  return {
    sequence: before.sequence + (outcome === 'delivered' ? 1 : 0),
    notifiedAt: outcome === 'delivered' && !isAcknowledgement ? now : before.notifiedAt,
    failureCount: 0,
    retryAt: null,
    owedLevel: reason === 'escalation' ? 0 : before.owedLevel,
    shownAcknowledgementAt: isAcknowledgement
      ? (group.acknowledgement?.at ?? 0)
      : before.shownAcknowledgementAt,
  }
}

function backOff(baseMs: number, maxMs: number, failureCount: number, random: Random): number {
  const fullMs = Math.min(baseMs * 2 ** (failureCount - 1), Math.max(maxMs, baseMs))
  return Math.ceil(fullMs * (1 - random() / 2))
}

/** A refused first notification and a refused step reach nobody, so the next step does not wait. */
function hasReachedNobody(
  { notification, result }: RoundDelivery,
  { escalation }: PlannedEscalation,
): boolean {
  if (result.outcome !== 'refused') return false
  if (notification.reason === 'escalation') return true
  return notification.reason === 'firing' && escalation?.level === 0
}

function earliest(moments: readonly (number | null | undefined)[]): number {
  return Math.min(...moments.map((moment) => moment ?? Number.POSITIVE_INFINITY))
}

function changedTellings(round: Round): AlertGroupCommit['tellings'] {
  return round.members.flatMap((member) => {
    const { told, unsure } = nextTelling(member, round)
    const { before, fingerprint } = member
    const isChanged = !isSameSet(told, before.told) || !isSameSet(unsure, before.unsure)
    return isChanged ? [{ fingerprint, told: [...told], unsure: [...unsure] }] : []
  })
}

function nextTelling(
  { fingerprint, isFiring, ...member }: RoundMember,
  { receivers, deliveries, route }: Round,
): { readonly told: Set<string>; readonly unsure: Set<string> } {
  const told = new Set(member.told)
  const unsure = new Set(member.unsure)
  for (const { notification, firing, ended, result } of deliveries) {
    const { receiver, reason } = notification
    const { outcome } = result
    // What a channel refuses to hear of the end is given up, or the group would never end.
    const isGivenUp =
      outcome === 'refused' && (reason === 'resolved' || reason === 'resolved-members')
    if (outcome !== 'delivered' && !isGivenUp) {
      if (outcome === 'failed' && firing.has(fingerprint) && !told.has(receiver))
        unsure.add(receiver)
      continue
    }
    if (!firing.has(fingerprint) && !ended.has(fingerprint)) continue
    unsure.delete(receiver)
    if (firing.has(fingerprint)) told.add(receiver)
    else told.delete(receiver)
  }
  if (isFiring || route.sendResolved) return { told, unsure }

  for (const { receiver, isFlush } of receivers) {
    if (!isFlush) continue
    told.delete(receiver)
    unsure.delete(receiver)
  }
  return { told, unsure }
}

function isSameSet(set: ReadonlySet<string>, list: readonly string[]): boolean {
  return set.size === list.length && list.every((item) => set.has(item))
}

function historyOf({ notification, firing, ended, result }: RoundDelivery): AlertHistoryEntry[] {
  if (result.outcome === 'failed') return []
  const fingerprints = [...firing, ...ended]
  const [first] = notification.alerts
  const others = fingerprints.length - 1
  return [
    {
      event: result.outcome === 'delivered' ? 'notified' : 'refused',
      at: notification.at,
      severity: notification.severity,
      message: `${first?.summary ?? ''}${others > 0 ? ` (and ${others} more)` : ''}`,
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
