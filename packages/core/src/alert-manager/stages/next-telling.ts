import type { AlertTelling } from '../alert-manager-store.ts'
import type { RoundDelivery } from './deliver-notification.ts'
import type { RoutedReceiver } from './route-group.ts'
import type { RoundMember } from './view-members.ts'

/** What else it depends on who knows of a member. */
export interface NextTellingFacts {
  readonly receivers: readonly RoutedReceiver[]
  readonly deliveries: readonly RoundDelivery[]
  readonly sendResolved: boolean
}

/** Who believes, after a round, that a member fires, and who may. */
export function nextTelling(
  { stored: { fingerprint }, isFiring, told: toldBefore, unsure: unsureBefore }: RoundMember,
  { receivers, deliveries, sendResolved }: NextTellingFacts,
): AlertTelling {
  const told = new Set(toldBefore)
  const unsure = new Set(unsureBefore)
  for (const { notification, firing, ended, result } of deliveries) {
    const { receiver, reason } = notification
    const isGone = ended.has(fingerprint)
    if (!isGone && !firing.has(fingerprint)) continue
    if (result.outcome === 'failed') {
      if (!isGone && result.mayHaveArrived && !told.has(receiver)) unsure.add(receiver)
      continue
    }

    // What a channel refuses to hear of the end is given up, or the group would never end.
    const isGivenUp = reason === 'resolved' || reason === 'resolved-members'
    if (result.outcome === 'refused' && !isGivenUp) continue
    unsure.delete(receiver)
    if (isGone) told.delete(receiver)
    else told.add(receiver)
  }

  if (!isFiring && !sendResolved) {
    for (const { receiver, isFlush } of receivers) {
      if (!isFlush) continue
      told.delete(receiver)
      unsure.delete(receiver)
    }
  }
  return { told: [...told], unsure: [...unsure] }
}
