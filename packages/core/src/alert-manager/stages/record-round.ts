import type { Random } from '../../runtime/random.ts'
import { type AlertTargetState, targetStateOf } from '../alert-group-state.ts'
import type { AlertHistoryEntry } from '../alert-history.ts'
import type { AlertGroupCommit, AlertTelling, ClaimedAlertGroup } from '../alert-manager-store.ts'
import { hasten, type PlannedEscalation } from '../escalation/plan-escalation.ts'
import type { CompiledRoute } from '../policy/compile-policy.ts'
import type { RoundDelivery } from './deliver-notification.ts'
import { nextTarget } from './next-target.ts'
import { nextTelling } from './next-telling.ts'
import { deliveryHistory, endHistory } from './round-history.ts'
import type { RoutedReceiver } from './route-group.ts'
import type { RoundMember } from './view-members.ts'

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
  /** By receiver, what is known of it, with what it owes in this round. */
  readonly targets: Readonly<Record<string, AlertTargetState>>
  readonly deliveries: readonly RoundDelivery[]
  readonly planned: PlannedEscalation
  readonly history: readonly AlertHistoryEntry[]
}

/** The last stage: what is remembered of a round, and what goes into the history. */
export function recordRound(round: Round, random: Random): AlertGroupCommit {
  const { group, planned, now, deliveries } = round
  const targets = nextTargets(round, random)
  const reachedNobody = deliveries.some((delivery) => hasReachedNobody(delivery, planned))
  const escalation = reachedNobody ? hasten(planned.escalation, now) : planned.escalation
  const flushAt = now >= group.state.flushAt ? round.nextFlushAt : group.state.flushAt
  const { tellings, ended } = tellingsOf(round)
  return {
    key: group.key,
    token: round.token,
    state: { flushAt, targets, escalation, acknowledgedAt: group.acknowledgement?.at ?? 0 },
    nextAt: earliest([
      flushAt,
      escalation?.nextAt,
      ...Object.values(targets).map(({ retryAt }) => retryAt),
    ]),
    tellings,
    history: [
      ...round.history,
      ...deliveries.flatMap(deliveryHistory),
      ...endHistory(group, ended, round.endedAt),
    ],
  }
}

function nextTargets(round: Round, random: Random): Record<string, AlertTargetState> {
  const { group, route, now, endedAt, receivers, deliveries } = round
  const { groupIntervalMs, repeatMs } = route
  const acknowledgedAt = group.acknowledgement?.at ?? 0
  const facts = { now, endedAt, groupIntervalMs, repeatMs, acknowledgedAt, random }
  const targets = new Map(Object.entries(round.targets))
  for (const { receiver } of receivers) {
    const delivery = deliveries.find(({ notification }) => notification.receiver === receiver)
    targets.set(receiver, nextTarget(targetStateOf(round.targets, receiver), delivery, facts))
  }
  return Object.fromEntries(targets)
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

/** Who knows of members by now, where that has changed or lets them go, and which have ended for good. */
function tellingsOf({ members, receivers, deliveries, route: { sendResolved } }: Round) {
  const tellings: (AlertTelling & { readonly fingerprint: string })[] = []
  const ended = []
  for (const member of members) {
    const { before, stored, isFiring, isHere } = member
    const { told, unsure } = nextTelling(member, { receivers, deliveries, sendResolved })
    const isUnknown = told.length === 0 && unsure.length === 0
    const isLeaving = isUnknown && (!isFiring || !isHere)
    if (isLeaving && !isFiring) ended.push(stored)
    if (isLeaving || !isSameList(told, before.told) || !isSameList(unsure, before.unsure)) {
      tellings.push({ fingerprint: stored.fingerprint, told, unsure })
    }
  }
  return { tellings, ended }
}

function isSameList(list: readonly string[], other: readonly string[]): boolean {
  return list.length === other.length && list.every((item) => other.includes(item))
}
