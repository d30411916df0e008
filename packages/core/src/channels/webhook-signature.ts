import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { hmacSha256Base64, isSameSecretly } from '../runtime/hmac-sha256.ts'

/** The notification's id: the same when a delivery is tried again. */
export const WEBHOOK_ID_HEADER = 'webhook-id'
/** When the attempt was signed, in whole seconds since the Unix epoch. */
export const WEBHOOK_TIMESTAMP_HEADER = 'webhook-timestamp'
/** `v1,` and the HMAC; several of them are separated by spaces. */
export const WEBHOOK_SIGNATURE_HEADER = 'webhook-signature'

/** Marks a secret that is bytes in base64, as Standard Webhooks write it. */
const BASE64_PREFIX = 'whsec_'
const SECRET_LENGTH_MIN = 16

/** Signs one attempt: HMAC-SHA-256 over id, timestamp and body, by https://www.standardwebhooks.com. */
export function signWebhook(
  secret: string,
  { id, timestamp, body }: { id: string; timestamp: string; body: string },
): string {
  return `v1,${hmacSha256Base64(keyOf(secret), `${id}.${timestamp}.${body}`)}`
}

/** Requires a secret that is worth the name, and base64 where it says so. */
export function assertWebhookSecret(factory: string, secret: string): void {
  if (typeof secret === 'string' && secret.length >= SECRET_LENGTH_MIN) {
    try {
      keyOf(secret)
      return
    } catch {
      // It says that it is base64, and is not.
    }
  }
  throw new InvalidOptionError(
    factory,
    'secret',
    `at least ${SECRET_LENGTH_MIN} characters, and base64 behind \`${BASE64_PREFIX}\``,
  )
}

/** What {@link verifyWebhook} takes. */
export interface VerifyWebhookOptions {
  /** The secret that the channel was given. */
  readonly secret: string
  /** The headers of the request, such as `request.headers` of a fetch handler. */
  readonly headers: { get(name: string): string | null }
  /** The body exactly as it came in: parsing and writing it again changes its bytes. */
  readonly body: string
  /** How far the sender's clock and the way may be off, in milliseconds. Default 300,000. */
  readonly toleranceMs?: number | undefined
  readonly clock?: Clock | undefined
}

/**
 * What {@link verifyWebhook} found. Remember `id` for as long as `toleranceMs`: a repeated one is the
 * same notification, delivered again or replayed.
 */
export type VerifyWebhookResult =
  | { readonly ok: true; readonly id: string; readonly signedAt: number }
  | {
      readonly ok: false
      readonly reason: 'header-missing' | 'timestamp-malformed' | 'too-old' | 'signature-mismatch'
    }

/**
 * Tells, in the receiver of a {@link webhookChannel}, whether a request comes from whoever knows the
 * secret, and lately. It understands any sender that follows https://www.standardwebhooks.com.
 *
 * @returns `ok` with the notification's id and the moment of signing, or the reason why not
 * @throws {InvalidOptionError} `INVALID_OPTION` when the secret could not be one
 *
 * @example
 * ```ts
 * import { verifyWebhook } from '@assay/core'
 *
 * const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
 * const handle = async (request: Request): Promise<Response> => {
 *   const body = await request.text()
 *   const result = verifyWebhook({ secret, headers: request.headers, body })
 *   return new Response(null, { status: result.ok ? 204 : 401 })
 * }
 * const unsigned = new Request('http://localhost/alerts', { method: 'POST', body: '{}' })
 * console.log((await handle(unsigned)).status) // 401
 * ```
 */
export function verifyWebhook({
  secret,
  headers,
  body,
  toleranceMs = 300_000,
  clock = systemClock,
}: VerifyWebhookOptions): VerifyWebhookResult {
  assertWebhookSecret('verifyWebhook', secret)
  const id = headers.get(WEBHOOK_ID_HEADER)
  const timestamp = headers.get(WEBHOOK_TIMESTAMP_HEADER)
  const signatures = headers.get(WEBHOOK_SIGNATURE_HEADER)
  if (!id || !timestamp || !signatures) return { ok: false, reason: 'header-missing' }

  if (!/^\d{1,12}$/.test(timestamp)) return { ok: false, reason: 'timestamp-malformed' }
  const signedAt = Number(timestamp) * 1_000
  if (Math.abs(clock.now() - signedAt) > toleranceMs) return { ok: false, reason: 'too-old' }

  const expected = signWebhook(secret, { id, timestamp, body })
  const isSigned = signatures.split(' ').some((each) => isSameSecretly(each, expected))
  return isSigned ? { ok: true, id, signedAt } : { ok: false, reason: 'signature-mismatch' }
}

function keyOf(secret: string): string | Uint8Array {
  if (!secret.startsWith(BASE64_PREFIX)) return secret
  return Uint8Array.from(atob(secret.slice(BASE64_PREFIX.length)), (byte) => byte.charCodeAt(0))
}
