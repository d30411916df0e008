import type { AlertChannel } from '../alerts/alert-channel.ts'
import { AlertDeliveryFailedError } from '../channels/alert-delivery-error.ts'
import type { Clock } from '../runtime/clock.ts'

/** What bounds the deliveries of one channel. */
export interface DeliveryGateBounds {
  /** Deliveries that a channel has at a time. */
  readonly placesMax: number
  /** Further ones that wait for a place. */
  readonly waitingMax: number
  /** How long they wait, in milliseconds. */
  readonly waitMaxMs: number
  readonly clock: Clock
}

/**
 * Gives each channel a bounded number of deliveries at a time, and sends away what cannot wait for a
 * place: `ALERT_DELIVERY_FAILED` with the reason `too-many-waiting`, upon which its group goes back to
 * the store and is tried again. So a receiver that is slow holds up what others are to be told, even of
 * the same group, for no longer than a delivery may take.
 *
 * @param channels by receiver; receivers that share a channel share its places
 */
export function gateChannels(
  channels: ReadonlyMap<string, AlertChannel>,
  bounds: DeliveryGateBounds,
): ReadonlyMap<string, AlertChannel> {
  const gatedBy = new Map<AlertChannel, AlertChannel>()
  const gateOnce = (channel: AlertChannel): AlertChannel => {
    const gated = gatedBy.get(channel) ?? gateChannel(channel, bounds)
    gatedBy.set(channel, gated)
    return gated
  }
  return new Map([...channels].map(([receiver, channel]) => [receiver, gateOnce(channel)]))
}

/** Whether a notification only has to wait for its channel. */
export function isPostponement(error: unknown): boolean {
  return error instanceof AlertDeliveryFailedError && error.reason === 'too-many-waiting'
}

function gateChannel(channel: AlertChannel, bounds: DeliveryGateBounds): AlertChannel {
  const enter = createGate(bounds)
  const deliver: AlertChannel['deliver'] = async (notification, { signal }) => {
    const leave = await enter()
    if (leave === undefined) throw new AlertDeliveryFailedError(channel.kind, 'too-many-waiting')
    // A delivery that ignores the abort is given up, and its place with it.
    signal.addEventListener('abort', leave, { once: true })
    try {
      await channel.deliver(notification, { signal })
    } finally {
      signal.removeEventListener('abort', leave)
      leave()
    }
  }
  // Whatever else is asked of it, the channel itself answers.
  return Object.create(channel, { deliver: { value: deliver } }) as AlertChannel
}

/** @returns what takes a place, and with it how to leave it; `undefined` when there was none in time */
function createGate({ placesMax, waitingMax, waitMaxMs, clock }: DeliveryGateBounds) {
  const waiting = new Set<() => void>()
  let taken = 0

  function take(): () => void {
    let isTaken = true
    taken += 1
    return () => {
      if (!isTaken) return
      isTaken = false
      taken -= 1
      const [first] = waiting
      first?.()
    }
  }

  return async (): Promise<(() => void) | undefined> => {
    if (taken < placesMax) return take()
    if (waiting.size >= waitingMax) return undefined
    const { promise, resolve } = Promise.withResolvers<(() => void) | undefined>()
    const pass = (): void => settle(take())
    const timer = clock.setTimer(() => settle(undefined), waitMaxMs)
    const settle = (leave: (() => void) | undefined): void => {
      waiting.delete(pass)
      timer.cancel()
      resolve(leave)
    }
    waiting.add(pass)
    return promise
  }
}
