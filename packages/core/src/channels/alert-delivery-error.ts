import { AssayError } from '../errors/assay-error.ts'

/**
 * Why a delivery may succeed later.
 *
 * - `network`: there was no connection, or it was cut.
 * - `timeout`: no complete answer came in time.
 * - `rate-limited`: the other side asks for a pause.
 * - `server-error`: the other side failed, or says that it is overloaded.
 * - `unconfirmed`: the answer cannot be read, so nothing says that it was taken.
 * - `circuit-open`: the last deliveries failed, and none is tried until the pause is over.
 * - `too-many-waiting`: the queue of the channel is full.
 * - `closed`: the channel was closed.
 */
export type AlertDeliveryFailure =
  | 'network'
  | 'timeout'
  | 'rate-limited'
  | 'server-error'
  | 'unconfirmed'
  | 'circuit-open'
  | 'too-many-waiting'
  | 'closed'

/** What else is known of a delivery that was not confirmed. None of it is a secret. */
export type AlertDeliveryDetails = {
  /** The status of the answer: of HTTP, or of SMTP. */
  readonly status?: number | undefined
  /** The other side's own code for it: `invalid_blocks`, `ECONNREFUSED`. */
  readonly vendorCode?: string | undefined
}

/** A notification was not delivered, and may be later. It may also have arrived, unconfirmed. */
export class AlertDeliveryFailedError extends AssayError<
  'ALERT_DELIVERY_FAILED',
  AlertDeliveryDetails & {
    channel: string
    reason: AlertDeliveryFailure
    retryAfterMs: number | undefined
  }
> {
  override readonly name = 'AlertDeliveryFailedError'
  readonly reason: AlertDeliveryFailure

  constructor(
    channel: string,
    reason: AlertDeliveryFailure,
    { retryAfterMs, ...details }: AlertDeliveryDetails & { retryAfterMs?: number | undefined } = {},
  ) {
    super('ALERT_DELIVERY_FAILED', {
      message: `The channel "${channel}" did not deliver a notification: ${reason}${suffix(details)}.`,
      retry: 'safe',
      retryAfterMs,
      context: { channel, reason, retryAfterMs, ...details },
    })
    this.reason = reason
  }
}

/** The other side will never take the notification, or nothing that the channel sends. */
export class AlertDeliveryRefusedError extends AssayError<
  'ALERT_DELIVERY_REFUSED',
  AlertDeliveryDetails & { channel: string }
> {
  override readonly name = 'AlertDeliveryRefusedError'

  constructor(channel: string, details: AlertDeliveryDetails) {
    super('ALERT_DELIVERY_REFUSED', {
      message: `The other side of the channel "${channel}" refused a notification${suffix(details)}.`,
      retry: 'never',
      context: { channel, ...details },
    })
  }
}

function suffix({ status, vendorCode }: AlertDeliveryDetails): string {
  const known = [status, vendorCode].filter((each) => each !== undefined)
  return known.length === 0 ? '' : ` (${known.join(', ')})`
}
