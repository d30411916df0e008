import type { AlertChannel } from '../alerts/alert-channel.ts'
import type { AlertNotificationReason } from '../alerts/alert-notification.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Random } from '../runtime/random.ts'
import { targetStateOf } from './alert-group-state.ts'
import type { AlertHistoryEntry } from './alert-history.ts'
import type { ResolvedAlertLimits } from './alert-limits.ts'
import type {
  AlertGroupCommit,
  AlertManagerStore,
  ClaimedAlertGroup,
} from './alert-manager-store.ts'
import { planEscalation } from './escalation/plan-escalation.ts'
import type { CompiledPolicy, CompiledRoute } from './policy/compile-policy.ts'
import { worstSeverity } from './severity-rank.ts'
import { composeNotification } from './stages/compose-notification.ts'
import { decideNotification } from './stages/deduplicate-notification.ts'
import { deliverNotification } from './stages/deliver-notification.ts'
import type { AlertGrouper } from './stages/group-alert.ts'
import { inhibitorsOf } from './stages/inhibit-alerts.ts'
import { isMuteByTime } from './stages/mute-by-time.ts'
import {
  owedLevelOf,
  recordRound,
  type Round,
  type RoundDelivery,
  type RoundMember,
} from './stages/record-round.ts'
import { routeGroup, type RoutedReceiver } from './stages/route-group.ts'
import type { AlertSilencer } from './stages/silence-alerts.ts'
import type { StoredAlert } from './stored-alert-change.ts'

/** What every round of a manager needs. */
export interface RoundSettings {
  readonly policy: CompiledPolicy
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
  silencer: AlertSilencer,
  settings: RoundSettings,
): Promise<GroupRound> {
  const { policy, clock, random } = settings
  const { group, token } = claimed
  const now = clock.now()
  const route = policy.routesById.get(group.routeId) ?? retiredRoute(group, policy)
  const members = await viewMembers(group, route, silencer, now, settings)

  const visible = members.filter(({ isVisible }) => isVisible).map(({ stored }) => stored)
  const newestFiredAt = visible.reduce((newest, { firedAt }) => Math.max(newest, firedAt), 0)
  const { acknowledgement, state } = group
  const isAcknowledged = acknowledgement !== null && newestFiredAt <= acknowledgement.at
  const nextFlushAt = now + route.groupIntervalMs
  const planned = planEscalation(
    state.escalation,
    {
      now,
      severity: route.escalates ? worstSeverity(visible.map(({ alert }) => alert)) : undefined,
      newestFiredAt,
      isFiring: members.some(({ isFiring }) => isFiring),
      isAcknowledged,
      isFlush: now >= state.flushAt,
      nextFlushAt,
    },
    policy,
  )

  const receivers = routeGroup(group, members, planned.due?.receiver, now)
  const round: UndeliveredRound = {
    group,
    token,
    route,
    now,
    nextFlushAt,
    members,
    receivers,
    planned,
    isAcknowledged,
    history: acknowledgementHistory(group, members, now),
  }
  const notices = receivers.flatMap((each) => decide(each, { ...round, members }, settings))
  const deliveries = await Promise.all(
    notices.map(async ({ notification, firing, ended }) => {
      const channel = settings.channels.get(notification.receiver)
      const result = await deliverNotification(channel, notification, settings)
      return { notification, firing, ended, result }
    }),
  )
  return { commit: recordRound({ ...round, deliveries, endedAt: clock.now() }, random), deliveries }
}

type UndeliveredRound = Omit<Round, 'deliveries' | 'endedAt'>

/** A member with all that the stages after the muting need. */
interface ViewedMember extends RoundMember {
  readonly stored: StoredAlert
}

/** The stages of inhibition, silences and times: what of a group may be seen. */
async function viewMembers(
  group: ClaimedAlertGroup,
  route: CompiledRoute,
  isSilenced: AlertSilencer,
  now: number,
  { policy, grouper, store }: RoundSettings,
): Promise<ViewedMember[]> {
  const belongs = ({ alert, groupKeys }: StoredAlert): boolean =>
    groupKeys.includes(group.key) && grouper(alert).some(({ key }) => key === group.key)
  const firing = group.members
    .map(({ stored }) => stored)
    .filter(({ endsAt, groupKeys }) => endsAt === null && groupKeys.includes(group.key))

  // The policy may have changed since they came.
  const strays = firing.filter((stored) => !belongs(stored))
  if (strays.length > 0) await reroute(strays, now, { grouper, store })

  const inhibitors = new Map(firing.map((stored) => [stored, inhibitorsOf(policy, stored.alert)]))
  const asked = [...new Set([...inhibitors.values()].flat())]
  const inhibiting = asked.length > 0 ? await store.firingInhibitors(asked) : new Set<string>()
  const isInhibited = (stored: StoredAlert): boolean =>
    (inhibitors.get(stored) ?? []).some((name) => inhibiting.has(name))

  const isMute = isMuteByTime(route, now)
  const suspects = suspectsOf(group, policy, now)
  return group.members.map(({ stored, told, unsure }) => ({
    fingerprint: stored.fingerprint,
    stored,
    before: { told, unsure },
    told,
    unsure: [...new Set([...unsure, ...suspects.filter((receiver) => !told.includes(receiver))])],
    isFiring: stored.endsAt === null,
    isVisible:
      stored.endsAt === null &&
      !isMute &&
      belongs(stored) &&
      !isInhibited(stored) &&
      !isSilenced(stored.alert),
  }))
}

/** Who may have been told something in a round that was never committed. */
function suspectsOf(
  { isAbandoned, receiver, state }: ClaimedAlertGroup,
  { escalation }: CompiledPolicy,
  now: number,
): readonly string[] {
  if (!isAbandoned) return []
  const owed = Object.keys(state.targets).filter((each) => targetStateOf(state, each).owedLevel > 0)
  const { escalation: current } = state
  const isStepDue = current !== null && current.nextAt !== null && current.nextAt <= now
  const step = isStepDue ? escalation.get(current.severity)?.[current.level] : undefined
  return [receiver, ...owed, ...(step === undefined ? [] : [step.receiver])]
}

async function reroute(
  strays: readonly StoredAlert[],
  at: number,
  { grouper, store }: Pick<RoundSettings, 'grouper' | 'store'>,
): Promise<void> {
  const changes = strays.map(({ fingerprint, alert }) => ({
    kind: 'reroute' as const,
    fingerprint,
    at,
    groups: grouper(alert),
  }))
  // They were let in before, so no limit stands in their way.
  await store.put(changes, { alerts: Number.MAX_SAFE_INTEGER, groups: Number.MAX_SAFE_INTEGER })
}

/** A route that the policy does not have any more: it tells nothing new, and the end of what it told. */
function retiredRoute(
  { routeId, receiver }: ClaimedAlertGroup,
  { root }: CompiledPolicy,
): CompiledRoute {
  return { ...root, id: routeId, receiver, sendResolved: true, escalates: false }
}

/** The stages of deduplication and composition, for one receiver. */
function decide(
  { receiver, isRouted, isFlush }: RoutedReceiver,
  round: UndeliveredRound & { readonly members: readonly ViewedMember[] },
  { channels, limits }: RoundSettings,
): Omit<RoundDelivery, 'result'>[] {
  const { group, route, members, now, isAcknowledged } = round
  const target = targetStateOf(group.state, receiver)
  const owedLevel = owedLevelOf(round, receiver)
  const acknowledgedAt = isAcknowledged ? (group.acknowledgement?.at ?? 0) : 0
  const { reason } = decideNotification(members, {
    receiver,
    isRouted,
    isFlush,
    sendResolved: route.sendResolved,
    repeatMs: route.repeatMs,
    notifiedAt: target.notifiedAt,
    now,
    owedLevel,
    isAcknowledged,
    owesAcknowledgement:
      channels.get(receiver)?.showsAcknowledgements === true &&
      target.shownAcknowledgementAt < acknowledgedAt,
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
    alertsMax: limits.alertsPerNotification,
    acknowledgedBy: isAcknowledged ? group.acknowledgement?.by : undefined,
    escalationLevel: reason === 'escalation' ? owedLevel : 0,
    now,
  })
  return [{ notification, firing: fingerprintsOf(firing), ended: fingerprintsOf(ended) }]
}

/** What a notification carries: never what is muted, and what has ended only where it was known. */
function contentsOf(
  reason: AlertNotificationReason,
  receiver: string,
  members: readonly ViewedMember[],
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

/** An acknowledgement enters the history with the first round that sees it. */
function acknowledgementHistory(
  { key, receiver, acknowledgement, state }: ClaimedAlertGroup,
  members: readonly ViewedMember[],
  now: number,
): AlertHistoryEntry[] {
  if (acknowledgement === null || acknowledgement.at <= state.acknowledgedAt) return []
  const firing = members.filter(({ isFiring }) => isFiring).map(({ stored }) => stored)
  const severity = worstSeverity(firing.map(({ alert }) => alert)) ?? 'low'
  return [
    {
      event: 'acknowledged',
      at: Math.min(acknowledgement.at, now),
      severity,
      message: `Acknowledged by ${acknowledgement.by}`,
      reason: 'acknowledged',
      groupKey: key,
      receiver,
      fingerprints: firing.map(({ fingerprint }) => fingerprint).slice(0, 1_000),
      escalationLevel: state.escalation?.level ?? 0,
      acknowledgedBy: acknowledgement.by,
      errorCode: null,
    },
  ]
}
