import type { AlertChannel } from '../../alerts/alert-channel.ts'
import type { AlertNotification } from '../../alerts/alert-notification.ts'
import { AssayError, isAssayError } from '../../errors/assay-error.ts'
import type { Clock } from '../../runtime/clock.ts'

/** How a delivery ended. */
export type DeliveryResult =
  | { readonly outcome: 'delivered' }
  /** It may work later. It may even have worked. */
  | { readonly outcome: 'failed'; readonly error: unknown; readonly errorCode: string | null }
  /** It will never work. */
  | { readonly outcome: 'refused'; readonly error: unknown; readonly errorCode: string }

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
  const { promise: timeout, reject } = Promise.withResolvers<never>()
  const timer = clock.setTimer(() => {
    const error = deliveryTimedOut(notification.receiver, deliveryTimeoutMs)
    controller.abort(error)
    reject(error)
  }, deliveryTimeoutMs)
  try {
    await Promise.race([channel.deliver(notification, { signal: controller.signal }), timeout])
    return { outcome: 'delivered' }
  } catch (error) {
    return judge(error)
  } finally {
    timer.cancel()
  }
}

function judge(error: unknown): DeliveryResult {
  if (!isAssayError(error)) return { outcome: 'failed', error, errorCode: null }
  const outcome = error.retry === 'never' ? 'refused' : 'failed'
  return { outcome, error, errorCode: error.code }
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
