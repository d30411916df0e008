import type { AlertTelling, ClaimedAlertGroup } from '../alert-manager-store.ts'
import type { CompiledRoute } from '../policy/compile-policy.ts'
import type { StoredAlert } from '../stored-alert-change.ts'
import type { MemberView } from './deduplicate-notification.ts'
import { inhibitorsOf } from './inhibit-alerts.ts'
import { isMuteByTime } from './mute-by-time.ts'
import { type AlertPlacement, placeAlerts } from './place-alerts.ts'
import type { AlertSilencer } from './silence-alerts.ts'
import { suspectsOf } from './suspect-receivers.ts'

/** A member of the group of a round. */
export interface RoundMember extends MemberView {
  readonly stored: StoredAlert
  /** Whether it belongs to the group, ended or not. */
  readonly isHere: boolean
  /** What is on record of who was told of it. */
  readonly before: AlertTelling
}

/** How a group is looked at. */
export interface MemberSight {
  readonly route: CompiledRoute
  /** Whether only another policy can have opened the group. */
  readonly isForeign: boolean
  readonly isSilenced: AlertSilencer
  readonly now: number
}

/** The stages of placement, inhibition, silences and times: what of a group may be seen. */
export async function viewMembers(
  group: ClaimedAlertGroup,
  { route, isForeign, isSilenced, now }: MemberSight,
  placement: AlertPlacement,
): Promise<RoundMember[]> {
  const { policy, store } = placement
  const firing = group.members
    .map(({ stored }) => stored)
    .filter(({ endsAt, groupKeys }) => endsAt === null && groupKeys.includes(group.key))
  const moved = await placeAlerts(firing, { key: group.key, isForeign, now }, placement)

  const inhibitors = new Map(firing.map((stored) => [stored, inhibitorsOf(policy, stored.alert)]))
  const asked = [...new Set([...inhibitors.values()].flat())]
  const inhibiting = asked.length > 0 ? await store.firingInhibitors(asked) : new Set<string>()
  const isInhibited = (stored: StoredAlert): boolean =>
    (inhibitors.get(stored) ?? []).some((name) => inhibiting.has(name))

  const isMute = isMuteByTime(route, now)
  const suspects = suspectsOf(group, policy, now)
  return group.members.map(({ stored, told, unsure }) => {
    const isFiring = stored.endsAt === null
    const isHere = stored.groupKeys.includes(group.key) && !moved.has(stored.fingerprint)
    return {
      stored,
      isHere,
      isFiring,
      isVisible: isFiring && isHere && !isMute && !isInhibited(stored) && !isSilenced(stored.alert),
      before: { told, unsure },
      told,
      unsure: [...new Set([...unsure, ...suspects.filter((receiver) => !told.includes(receiver))])],
    }
  })
}
