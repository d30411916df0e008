import type { AlertChannel } from '../alerts/alert-channel.ts'
import { assertWholeNumber, InvalidOptionError } from '../errors/invalid-option-error.ts'
import type { HttpAlertChannelOptions } from './alert-channel-options.ts'
import { createDeliveryRunner, readChannelSettings } from './create-delivery-runner.ts'
import { assertHttpUrl, type HttpEndpoint, postJson, readHeaders } from './http-post.ts'
import { webhookPayload } from './webhook-payload.ts'
import {
  assertWebhookSecret,
  signWebhook,
  WEBHOOK_ID_HEADER,
  WEBHOOK_SIGNATURE_HEADER,
  WEBHOOK_TIMESTAMP_HEADER,
} from './webhook-signature.ts'

/** Options of {@link webhookChannel}. By default it sets no interval between attempts. */
export interface WebhookChannelOptions extends HttpAlertChannelOptions {
  /** Where to post; http or https, without user and password. It may hold a token. */
  readonly url: string
  /**
   * Signs each attempt, for {@link verifyWebhook}: at least 16 characters, taken as UTF-8, or base64
   * behind `whsec_`. Without it nothing is signed.
   */
  readonly secret?: string | undefined
  /** Sent along, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** How many alerts one request carries at most. Default 1,000. */
  readonly alertsMax?: number | undefined
  /** How many bytes the body has at most; at least the default of 1 MiB, which a single alert needs. */
  readonly bodyBytesMax?: number | undefined
  /** Where people find this backend's alerts, as `externalURL` of the payload. Default: empty. */
  readonly externalUrl?: string | undefined
}

const FACTORY = 'webhookChannel'
const BODY_BYTES_MIN = 1_048_576

/**
 * Posts notifications as JSON to any receiver that understands the Alertmanager's webhook, version 4.
 * What the Alertmanager has no field for stands under `assay` (see {@link WebhookPayload}).
 *
 * Any status of 200 to 299 confirms. The header `webhook-id` is the notification's id, so that a
 * receiver can tell a repetition.
 *
 * @throws {InvalidOptionError} `INVALID_OPTION` when an option is out of range
 *
 * @example
 * ```ts
 * import { verifyWebhook, webhookChannel } from '@assay/core'
 *
 * const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
 * const channel = webhookChannel({
 *   url: 'https://alerts.example.com/in',
 *   secret,
 *   // A receiver in the same process, in the place of the network.
 *   fetch: async (url, { headers, body }) => {
 *     console.log(verifyWebhook({ secret, headers: new Headers(headers), body }).ok) // true
 *     return new Response(null, { status: 204 })
 *   },
 * })
 * await channel.deliver(
 *   {
 *     id: 'n-1',
 *     reason: 'firing',
 *     status: 'firing',
 *     receiver: 'partner',
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
 * ```
 */
export function webhookChannel(options: WebhookChannelOptions): AlertChannel {
  const { url, secret, externalUrl = '' } = options
  const { alertsMax = 1_000, bodyBytesMax = BODY_BYTES_MIN } = options
  assertHttpUrl(FACTORY, 'url', url)
  const headers = readHeaders(FACTORY, options.headers)
  assertWholeNumber(FACTORY, 'alertsMax', alertsMax, { min: 1 })
  assertWholeNumber(FACTORY, 'bodyBytesMax', bodyBytesMax, { min: BODY_BYTES_MIN })
  if (externalUrl.length > 2_000) {
    throw new InvalidOptionError(FACTORY, 'externalUrl', 'at most 2,000 characters')
  }
  if (secret !== undefined) assertWebhookSecret(FACTORY, secret)

  const settings = readChannelSettings(FACTORY, options, { name: 'webhook', intervalMs: 0 })
  const run = createDeliveryRunner(settings)
  const endpoint: HttpEndpoint = {
    channel: settings.name,
    url,
    fetch: options.fetch,
    clock: settings.clock,
    secrets: [url, ...(secret === undefined ? [] : [secret]), ...Object.values(headers)],
  }

  /** Signed anew for each attempt: after a long pause the first moment would be too old. */
  function sign(id: string, body: string): Record<string, string> {
    if (secret === undefined) return {}
    const timestamp = String(Math.floor(settings.clock.now() / 1_000))
    return {
      [WEBHOOK_TIMESTAMP_HEADER]: timestamp,
      [WEBHOOK_SIGNATURE_HEADER]: signWebhook(secret, { id, timestamp, body }),
    }
  }

  return {
    kind: 'webhook',
    alertsMax,
    async deliver(notification, { signal }) {
      const limits = { alertsMax, bytesMax: bodyBytesMax, externalUrl }
      const payload = webhookPayload(notification, limits)
      const body = JSON.stringify(payload)
      const id = payload.assay.notificationId
      await run(
        (attemptSignal) =>
          postJson(
            endpoint,
            { headers: { ...headers, [WEBHOOK_ID_HEADER]: id, ...sign(id, body) }, body },
            attemptSignal,
          ),
        { signal },
      )
    },
  }
}
