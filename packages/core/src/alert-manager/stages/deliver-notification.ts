import type { AlertChannel } from '../../alerts/alert-channel.ts'
import type { AlertNotification } from '../../alerts/alert-notification.ts'
import { mayHaveArrivedDespite } from '../../channels/alert-delivery-error.ts'
import { AssayError, isAssayError } from '../../errors/assay-error.ts'
import type { Clock } from '../../runtime/clock.ts'

/** How a delivery ended. */
export type DeliveryResult =
  | { readonly outcome: 'delivered' }
  /** It may work later. It may even have worked, unless the channel knows better. */
  | {
      readonly outcome: 'failed'
      readonly error: unknown
      readonly errorCode: string | null
      readonly mayHaveArrived: boolean
    }
  /** It will never work. */
  | { readonly outcome: 'refused'; readonly error: unknown; readonly errorCode: string }

/** A notification of a round, and how its delivery ended. */
export interface RoundDelivery {
  readonly notification: AlertNotification
  /** Members that the receiver believes to fire once it has it. */
  readonly firing: ReadonlySet<string>
  /** Members that the receiver believes to have ended once it has it. */
  readonly ended: ReadonlySet<string>
  readonly result: DeliveryResult
}

/** What bounds a delivery. */
export interface DeliveryBounds {
  readonly clock: Clock
  readonly deliveryTimeoutMs: number
}

/**
 * The stage that hands a notification to its channel. A channel that does not answer in time, not
 * even to the abort, has failed: it holds up nobody else.
 */
export async function deliverNotification(
  channel: AlertChannel | undefined,
  notification: AlertNotification,
  { clock, deliveryTimeoutMs }: DeliveryBounds,
): Promise<DeliveryResult> {
  if (channel === undefined) return judge(receiverUnknown(notification.receiver))
  const controller = new AbortController()
  const ended = new AbortController()
  // Someone awaits the end of the delivery, so the process has to stay for it: this sleeps.
  const giveUp = async (): Promise<never> => {
    await clock.sleep(deliveryTimeoutMs, { signal: ended.signal })
    const error = deliveryTimedOut(notification.receiver, deliveryTimeoutMs)
    controller.abort(error)
    // A channel that still waited for its turn says so at once.
    await clock.sleep(0, { signal: ended.signal })
    throw error
  }
  try {
    await Promise.race([channel.deliver(notification, { signal: controller.signal }), giveUp()])
    return { outcome: 'delivered' }
  } catch (error) {
    const { aborted, reason } = controller.signal
    return judge(aborted ? reason : error, mayHaveArrivedDespite(error))
  } finally {
    ended.abort(DELIVERY_ENDED)
  }
}

/** A text, since an error with its stack would cost more than all else here. */
const DELIVERY_ENDED = 'The delivery has ended.'

function judge(error: unknown, mayHaveArrived = true): DeliveryResult {
  if (!isAssayError(error)) return { outcome: 'failed', error, errorCode: null, mayHaveArrived }
  const { code: errorCode } = error
  if (error.retry === 'never') return { outcome: 'refused', error, errorCode }
  return { outcome: 'failed', error, errorCode, mayHaveArrived }
}

function receiverUnknown(receiver: string): AssayError {
  return new AssayError('ALERT_RECEIVER_UNKNOWN', {
    message: `No channel stands for the receiver ${receiver} any more.`,
    retry: 'never',
    context: { receiver },
  })
}

function deliveryTimedOut(receiver: string, timeoutMs: number): AssayError {
  return new AssayError('ALERT_DELIVERY_TIMEOUT', {
    message: `The channel of ${receiver} did not confirm a notification within ${timeoutMs} ms.`,
    retry: 'safe',
    context: { receiver, timeoutMs },
  })
}
