import { AssayError, isAssayError } from '../errors/assay-error.ts'

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
 */
export type AlertDeliveryFailure =
  | 'network'
  | 'timeout'
  | 'rate-limited'
  | 'server-error'
  | 'unconfirmed'
  | 'circuit-open'
  | 'too-many-waiting'

/** What else is known of a delivery that was not confirmed. None of it is a secret. */
export type AlertDeliveryDetails = {
  /** The status of the answer: of HTTP, or of SMTP. */
  readonly status?: number | undefined
  /** The other side's own code for it: `invalid_blocks`, `ECONNREFUSED`. */
  readonly vendorCode?: string | undefined
}

/** What else a failure says. */
export type AlertDeliveryFailureDetails = AlertDeliveryDetails & {
  /** For how long the other side asks not to be asked again, in milliseconds. */
  readonly retryAfterMs?: number | undefined
  /**
   * Whether the notification may have arrived all the same. Default: what follows from the reason and
   * from `vendorCode`; `true` wherever the other side may have read it.
   */
  readonly mayHaveArrived?: boolean | undefined
}

/**
 * A notification was not delivered, and may be later. Where `mayHaveArrived` it may have arrived,
 * unconfirmed, so that its end is told; otherwise nobody has seen it.
 */
export class AlertDeliveryFailedError extends AssayError<
  'ALERT_DELIVERY_FAILED',
  AlertDeliveryDetails & {
    channel: string
    reason: AlertDeliveryFailure
    mayHaveArrived: boolean
    retryAfterMs: number | undefined
  }
> {
  override readonly name = 'AlertDeliveryFailedError'
  readonly reason: AlertDeliveryFailure
  readonly mayHaveArrived: boolean

  constructor(
    channel: string,
    reason: AlertDeliveryFailure,
    { retryAfterMs, mayHaveArrived, ...details }: AlertDeliveryFailureDetails = {},
  ) {
    const isPossible = mayHaveArrived ?? !isNeverSent(reason, details)
    super('ALERT_DELIVERY_FAILED', {
      message: `The channel "${channel}" did not deliver a notification: ${reason}${suffix(details)}.`,
      retry: 'safe',
      retryAfterMs,
      context: { channel, reason, mayHaveArrived: isPossible, retryAfterMs, ...details },
    })
    this.reason = reason
    this.mayHaveArrived = isPossible
  }
}

/**
 * Whether what threw `error` may have delivered all the same: no only where an
 * {@link AlertDeliveryFailedError} says so, of whichever copy of this package.
 */
export function mayHaveArrivedDespite(error: unknown): boolean {
  if (!isAssayError(error, 'ALERT_DELIVERY_FAILED')) return true
  return !('mayHaveArrived' in error) || error.mayHaveArrived !== false
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

const NEVER_SENT: ReadonlySet<AlertDeliveryFailure> = new Set([
  'rate-limited',
  'circuit-open',
  'too-many-waiting',
])
/** Codes of sockets and resolvers that say that there was no connection to send anything over. */
const NEVER_CONNECTED: ReadonlySet<string | undefined> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EDNS',
  'UND_ERR_CONNECT_TIMEOUT',
])

function isNeverSent(reason: AlertDeliveryFailure, { vendorCode }: AlertDeliveryDetails): boolean {
  return NEVER_SENT.has(reason) || (reason === 'network' && NEVER_CONNECTED.has(vendorCode))
}

function suffix({ status, vendorCode }: AlertDeliveryDetails): string {
  const known = [status, vendorCode].filter((each) => each !== undefined)
  return known.length === 0 ? '' : ` (${known.join(', ')})`
}
