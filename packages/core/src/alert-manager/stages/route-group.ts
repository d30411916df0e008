import { type AlertGroupState, targetStateOf } from '../alert-group-state.ts'
import type { AlertTelling } from '../alert-manager-store.ts'

/** A receiver that a round looks at, and why. */
export interface RoutedReceiver {
  readonly receiver: string
  readonly isRouted: boolean
  /** Whether it may be told news now. */
  readonly isFlush: boolean
}

/**
 * The stage that finds the receivers of a round: the route's own, the one of the escalation's step
 * that is due, and everyone who was told of the group before, so that they hear of its end whatever
 * has changed since. One whose last delivery failed is left alone until its next attempt is due.
 */
export function routeGroup(
  group: { readonly receiver: string; readonly state: AlertGroupState },
  members: readonly AlertTelling[],
  escalatedTo: string | undefined,
  now: number,
): RoutedReceiver[] {
  const { state } = group
  const receivers = new Set([group.receiver, ...Object.keys(state.targets)])
  for (const { told, unsure } of members) {
    for (const receiver of [...told, ...unsure]) receivers.add(receiver)
  }
  if (escalatedTo !== undefined) receivers.add(escalatedTo)

  return [...receivers].flatMap((receiver) => {
    const { retryAt } = targetStateOf(state.targets, receiver)
    if (retryAt !== null && retryAt > now) return []
    const isFlush = retryAt !== null || now >= state.flushAt
    return [{ receiver, isRouted: receiver === group.receiver, isFlush }]
  })
}
