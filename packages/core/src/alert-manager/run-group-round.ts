import type { AlertChannel } from '../alerts/alert-channel.ts'
import type { AlertNotificationReason } from '../alerts/alert-notification.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Random } from '../runtime/random.ts'
import { targetStateOf } from './alert-group-state.ts'
import type { ResolvedAlertLimits } from './alert-limits.ts'
import type {
  AlertGroupCommit,
  AlertManagerStore,
  ClaimedAlertGroup,
} from './alert-manager-store.ts'
import { oweSteps } from './escalation/owe-steps.ts'
import { planEscalation } from './escalation/plan-escalation.ts'
import type { CompiledPolicy, CompiledRoute } from './policy/compile-policy.ts'
import { matchRoutes } from './policy/route-alert.ts'
import { worstSeverity } from './severity-rank.ts'
import { composeNotification } from './stages/compose-notification.ts'
import { decideNotification } from './stages/deduplicate-notification.ts'
import { deliverNotification, type RoundDelivery } from './stages/deliver-notification.ts'
import type { AlertGrouper } from './stages/group-alert.ts'
import { recordRound, type Round } from './stages/record-round.ts'
import { acknowledgementHistory } from './stages/round-history.ts'
import { routeGroup, type RoutedReceiver } from './stages/route-group.ts'
import type { AlertSilencer } from './stages/silence-alerts.ts'
import { type RoundMember, viewMembers } from './stages/view-members.ts'
import type { StoredAlert } from './stored-alert-change.ts'

/** What every round of a manager needs. */
export interface RoundSettings {
  readonly policy: CompiledPolicy
  /** When this process began to use the policy. */
  readonly policySince: number
  readonly channels: ReadonlyMap<string, AlertChannel>
  readonly grouper: AlertGrouper
  readonly store: AlertManagerStore
  readonly limits: ResolvedAlertLimits
  readonly clock: Clock
  readonly random: Random
  readonly deliveryTimeoutMs: number
}

/** What a round has done, not yet committed. */
export interface GroupRound {
  readonly commit: AlertGroupCommit
  readonly deliveries: readonly RoundDelivery[]
}

/**
 * Takes a group that is due through the stages, from inhibition to the record. Nothing is remembered
 * before the commit, so a process that dies in between repeats what it sent, and loses nothing.
 */
export async function runGroupRound(
  claimed: { readonly group: ClaimedAlertGroup; readonly token: string },
  isSilenced: AlertSilencer,
  settings: RoundSettings,
): Promise<GroupRound> {
  const { policy, clock, random, channels } = settings
  const { group, token } = claimed
  const { acknowledgement, state } = group
  const now = clock.now()
  const route = policy.routesById.get(group.routeId) ?? foreignRoute(group, policy)
  const isForeign = !channels.has(group.receiver)
  const members = await viewMembers(group, { route, isForeign, isSilenced, now }, settings)

  const visible = members.filter(({ isVisible }) => isVisible)
  const alerts = visible.map(({ stored }) => stored.alert)
  const newestFiredAt = visible.reduce((newest, { stored }) => Math.max(newest, stored.firedAt), 0)
  const isAcknowledged = acknowledgement !== null && newestFiredAt <= acknowledgement.at
  const nextFlushAt = now + route.groupIntervalMs
  const planned = planEscalation(
    state.escalation,
    {
      now,
      severity: route.escalates ? worstSeverity(alerts) : undefined,
      newestFiredAt,
      hasUntold:
        // One that fails or refuses has been told of nothing new either.
        targetStateOf(state.targets, group.receiver).retryAt === null &&
        visible.some(({ told, unsure }) => told.length === 0 && unsure.length === 0),
      isFiring: members.some(({ isFiring }) => isFiring),
      acknowledgedAt: isAcknowledged ? acknowledgement.at : null,
      unseenAcknowledgementAt:
        acknowledgement !== null && acknowledgement.at > state.acknowledgedAt
          ? acknowledgement.at
          : null,
      isFlush: now >= state.flushAt,
      nextFlushAt,
    },
    policy,
  )

  const unended = members.filter(({ isFiring }) => isFiring).map(({ stored }) => stored)
  const round: UndeliveredRound = {
    group,
    token,
    route,
    now,
    nextFlushAt,
    members,
    receivers: routeGroup(group, members, planned.due?.receiver, now),
    targets: oweSteps(state.targets, planned),
    planned,
    isAcknowledged,
    history: acknowledgementHistory(group, unended, now),
  }
  const notices = round.receivers.flatMap((each) => decide(each, round, settings))
  const deliveries = await Promise.all(
    notices.map(async ({ notification, firing, ended }) => {
      const channel = channels.get(notification.receiver)
      const result = await deliverNotification(channel, notification, settings)
      return { notification, firing, ended, result }
    }),
  )
  return { commit: recordRound({ ...round, deliveries, endedAt: clock.now() }, random), deliveries }
}

interface UndeliveredRound extends Omit<Round, 'deliveries' | 'endedAt'> {
  readonly isAcknowledged: boolean
}

/**
 * A route that this policy does not have: another process has it, or had it. Its group goes on as the
 * policy would have its first alert go on, but for the receiver, who hears of the end in any case.
 */
function foreignRoute(
  { routeId, receiver, members }: ClaimedAlertGroup,
  { root }: CompiledPolicy,
): CompiledRoute {
  const [first] = members
  const [route = root] = first === undefined ? [] : matchRoutes(root, first.stored.alert)
  return { ...route, id: routeId, receiver, sendResolved: true }
}

/** The stages of deduplication and composition, for one receiver. */
function decide(
  { receiver, isRouted, isFlush }: RoutedReceiver,
  { group, route, members, targets, now, isAcknowledged }: UndeliveredRound,
  { channels, limits }: RoundSettings,
): Omit<RoundDelivery, 'result'>[] {
  const channel = channels.get(receiver)
  const target = targetStateOf(targets, receiver)
  const acknowledgedAt = isAcknowledged ? (group.acknowledgement?.at ?? 0) : 0
  const { reason } = decideNotification(members, {
    receiver,
    isRouted,
    isFlush,
    sendResolved: route.sendResolved,
    repeatMs: route.repeatMs,
    notifiedAt: target.notifiedAt,
    now,
    owedLevel: target.owedLevel,
    isAcknowledged,
    owesAcknowledgement:
      channel?.showsAcknowledgements === true && target.shownAcknowledgementAt < acknowledgedAt,
  })
  if (reason === null) return []

  const { firing, ended } = contentsOf(reason, receiver, members, route)
  const notification = composeNotification({
    groupKey: group.key,
    groupLabels: group.labels,
    groupCreatedAt: group.createdAt,
    receiver,
    reason,
    sequence: target.sequence,
    alerts: [...firing, ...ended],
    alertsMax: channel?.alertsMax ?? limits.alertsPerNotification,
    acknowledgedBy: isAcknowledged ? group.acknowledgement?.by : undefined,
    escalationLevel: reason === 'escalation' ? target.owedLevel : 0,
    now,
  })
  return [{ notification, firing: fingerprintsOf(firing), ended: fingerprintsOf(ended) }]
}

/** What a notification carries: never what is muted, and what has ended only where it was known. */
function contentsOf(
  reason: AlertNotificationReason,
  receiver: string,
  members: readonly RoundMember[],
  { sendResolved }: CompiledRoute,
): { readonly firing: StoredAlert[]; readonly ended: StoredAlert[] } {
  const tellsNews = reason === 'firing' || reason === 'repeat' || reason === 'escalation'
  const firing: StoredAlert[] = []
  const ended: StoredAlert[] = []
  for (const { stored, isFiring, isVisible, told, unsure } of members) {
    const isKnown = told.includes(receiver) || (!isFiring && unsure.includes(receiver))
    if (isVisible && (tellsNews || isKnown)) firing.push(stored)
    if (!isFiring && isKnown && sendResolved && reason !== 'acknowledged') ended.push(stored)
  }
  return { firing, ended }
}

function fingerprintsOf(alerts: readonly StoredAlert[]): Set<string> {
  return new Set(alerts.map(({ fingerprint }) => fingerprint))
}
