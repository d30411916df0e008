import type { AlertChannel } from '../alerts/alert-channel.ts'
import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import type { AlertChannelOptions } from './alert-channel-options.ts'
import { AlertDeliveryFailedError, AlertDeliveryRefusedError } from './alert-delivery-error.ts'
import { createDeliveryRunner, readChannelSettings } from './create-delivery-runner.ts'
import { type EmailMessage, emailMessage } from './email-message.ts'

/** The piece of nodemailer that the channel needs; `createTransport()` returns one. */
export interface EmailTransport {
  /**
   * Sends a message. From version 10 on nodemailer stops when `signal` aborts; what does not is left
   * alone, and its result counts for nothing.
   */
  sendMail(message: EmailMessage & { signal: AbortSignal }): Promise<unknown>
}

/** Options of {@link emailChannel}. By default it sets no interval between attempts. */
export interface EmailChannelOptions extends AlertChannelOptions {
  readonly transport: EmailTransport
  /** One address, with or without a name: `Alerts <alerts@example.com>`. */
  readonly from: string
  /** One address or several. */
  readonly to: string | readonly string[]
}

const FACTORY = 'emailChannel'

/** Errors of nodemailer that another attempt cannot mend, though no server answered. */
const LASTING_ERRORS = new Set(['ECONFIG', 'EENVELOPE', 'EMAXRECIPIENTS', 'ENOAUTH'])

/**
 * Sends notifications as e-mails, through a transport of nodemailer that the host hands in. The mails
 * of one group form a thread; one that is sent again has the same `Message-ID`.
 *
 * A mail that some of several recipients got counts as delivered, and a warning says how many did not.
 *
 * @throws {InvalidOptionError} `INVALID_OPTION` when an option is out of range
 *
 * @example
 * ```ts
 * import { emailChannel } from '@assay/core'
 *
 * const channel = emailChannel({
 *   // In a backend: nodemailer.createTransport({ host: 'smtp.example.com', … })
 *   transport: { sendMail: async ({ subject }) => console.log(subject) },
 *   from: 'Alerts <alerts@example.com>',
 *   to: 'oncall@example.com',
 * })
 * await channel.deliver(
 *   {
 *     id: 'n-1',
 *     reason: 'firing',
 *     status: 'firing',
 *     receiver: 'oncall',
 *     groupKey: 'OracleServiceDown',
 *     groupLabels: {},
 *     commonLabels: {},
 *     severity: 'critical',
 *     alerts: [],
 *     omittedAlertCount: 2,
 *     escalationLevel: 0,
 *     at: 0,
 *   },
 *   { signal: new AbortController().signal },
 * )
 * // CRITICAL oncall: 2 more
 * ```
 */
export function emailChannel(options: EmailChannelOptions): AlertChannel {
  const { transport, from } = options
  const to = typeof options.to === 'string' ? [options.to] : options.to
  assertAddresses('from', [from])
  assertAddresses('to', to)
  const settings = readChannelSettings(FACTORY, options, { name: 'email', intervalMs: 0 })
  const { name, logger } = settings
  const run = createDeliveryRunner(settings)

  async function sendMail(message: EmailMessage & { signal: AbortSignal }): Promise<unknown> {
    try {
      return await transport.sendMail(message)
    } catch (error) {
      throw explain(name, error)
    }
  }

  async function send(message: EmailMessage, signal: AbortSignal): Promise<void> {
    const result = await sendMail({ ...message, signal })
    const rejected = countRejected(result)
    if (rejected === 0) return
    try {
      logger.warn({ channel: name, rejected }, 'Some recipients of an alert were refused.')
    } catch {
      // The mail is sent: a logger that throws must not send it again.
    }
  }

  return {
    kind: 'email',
    async deliver(notification, { signal }) {
      const message = emailMessage(notification, { from, to })
      await run((attemptSignal) => send(message, attemptSignal), { signal })
    },
  }
}

function assertAddresses(option: string, addresses: readonly string[]): void {
  const isAddress = (text: unknown): boolean =>
    typeof text === 'string' && /^[^\p{Cc}]*[^\p{Cc}\s<@]@[^\p{Cc}\s@]+$/u.test(text)
  if (addresses.length > 0 && addresses.every(isAddress)) return
  throw new InvalidOptionError(FACTORY, option, 'e-mail addresses without line breaks')
}

/** What a transport throws may name hosts and people, so that it is not kept as the cause. */
function explain(
  channel: string,
  error: unknown,
): AlertDeliveryFailedError | AlertDeliveryRefusedError {
  const { code, responseCode, syscall } = (error ?? {}) as Readonly<Record<string, unknown>>
  const vendorCode = typeof code === 'string' && /^E[A-Z]{2,20}$/.test(code) ? code : undefined
  const status = typeof responseCode === 'number' ? responseCode : undefined
  const details = { status, vendorCode }
  // 503 is "bad sequence of commands": it says something of the connection, not of the message.
  const isLasting =
    status === undefined ? LASTING_ERRORS.has(vendorCode ?? '') : status >= 500 && status !== 503
  if (isLasting) return new AlertDeliveryRefusedError(channel, details)
  if (status !== undefined) return new AlertDeliveryFailedError(channel, 'server-error', details)
  const reason = vendorCode === 'ETIMEDOUT' ? 'timeout' : 'network'
  // Nodemailer calls every error of a socket `ESOCKET`; this one came before the first byte.
  const mayHaveArrived = syscall === 'connect' ? false : undefined
  return new AlertDeliveryFailedError(channel, reason, { ...details, mayHaveArrived })
}

function countRejected(result: unknown): number {
  const { rejected } = (result ?? {}) as { rejected?: unknown }
  return Array.isArray(rejected) ? rejected.length : 0
}
