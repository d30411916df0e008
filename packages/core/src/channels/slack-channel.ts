import { z } from 'zod'

import type { AlertChannel } from '../alerts/alert-channel.ts'
import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import type { HttpAlertChannelOptions } from './alert-channel-options.ts'
import { createDeliveryRunner, readChannelSettings } from './create-delivery-runner.ts'
import {
  assertHttpUrl,
  assertSecretText,
  parseJsonBody,
  postJson,
  type SuccessVerdict,
} from './http-post.ts'
import { slackMessage } from './slack-message.ts'

/** Options of {@link slackChannel}. By default attempts are 1,000 ms apart, as Slack asks for. */
export type SlackChannelOptions = SlackWebhookOptions | SlackTokenOptions

/** Posts through an incoming webhook, which knows its channel. */
export interface SlackWebhookOptions extends HttpAlertChannelOptions {
  /** The URL that Slack gave; whoever has it can post. */
  readonly webhookUrl: string
}

/** Posts as a bot, through `chat.postMessage`. */
export interface SlackTokenOptions extends HttpAlertChannelOptions {
  /** A bot token with the scope `chat:write`. */
  readonly token: string
  /** The channel's id, or its name with `#`. The bot must be a member. */
  readonly channel: string
  /** Default `https://slack.com/api/chat.postMessage`. */
  readonly apiUrl?: string | undefined
}

const FACTORY = 'slackChannel'
const API_URL = 'https://slack.com/api/chat.postMessage'

/** Errors of Slack's Web API that may pass; all others last until someone changes something. */
const TRANSIENT_ERRORS = new Set([
  'fatal_error',
  'internal_error',
  'rate_limited',
  'ratelimited',
  'request_timeout',
  'service_unavailable',
])

/** Made when it is needed: a schema at the top would stay in every bundle of this package. */
const answerSchema = () => z.object({ ok: z.boolean(), error: z.string().optional() })

/**
 * Posts notifications to a channel of Slack, through an incoming webhook or as a bot.
 *
 * A message shows as many alerts as fit Slack's limits and says how many more there are. Text of
 * alerts cannot mention anyone, format or link.
 *
 * @throws {InvalidOptionError} `INVALID_OPTION` when an option is out of range
 *
 * @example
 * ```ts
 * import { slackChannel } from '@assay/core'
 *
 * const oracle = slackChannel({
 *   name: 'slack-oracle',
 *   token: 'xoxb-…'.replace('…', 'from-your-configuration'),
 *   channel: '#oracle-operations',
 * })
 * console.log(oracle.kind) // slack
 * ```
 */
export function slackChannel(options: SlackChannelOptions): AlertChannel {
  const settings = readChannelSettings(FACTORY, options, { name: 'slack', intervalMs: 1_000 })
  const target = 'webhookUrl' in options ? readWebhook(options) : readToken(options)
  const endpoint = {
    ...target.endpoint,
    channel: settings.name,
    fetch: options.fetch,
    clock: settings.clock,
  }
  const run = createDeliveryRunner(settings)

  return {
    kind: 'slack',
    showsAcknowledgements: true,
    async deliver(notification, { signal }) {
      const body = JSON.stringify({ ...target.addressee, ...slackMessage(notification) })
      const message = { headers: target.headers, body }
      await run((attemptSignal) => postJson(endpoint, message, attemptSignal), { signal })
    },
  }
}

function readWebhook({ webhookUrl }: SlackWebhookOptions) {
  assertHttpUrl(FACTORY, 'webhookUrl', webhookUrl)
  return {
    // It answers an error with one word: `invalid_payload`, `no_service`.
    endpoint: {
      url: webhookUrl,
      secrets: [webhookUrl],
      readVendorCode: (text: string) => text.trim(),
    },
    headers: {},
    addressee: {},
  }
}

function readToken({ token, channel, apiUrl = API_URL }: SlackTokenOptions) {
  assertHttpUrl(FACTORY, 'apiUrl', apiUrl)
  assertSecretText(FACTORY, 'token', token)
  if (typeof channel !== 'string' || channel === '') {
    throw new InvalidOptionError(FACTORY, 'channel', 'a string that is not empty')
  }
  return {
    endpoint: { url: apiUrl, secrets: [token], readVendorCode: readError, judgeSuccess },
    headers: { authorization: `Bearer ${token}` },
    addressee: { channel, link_names: false, parse: 'none' },
  }
}

/** The Web API answers nearly everything with status 200, and says in the body whether it was done. */
function judgeSuccess(body: string): SuccessVerdict {
  const answer = answerSchema().safeParse(parseJsonBody(body))
  if (!answer.success) return { kind: 'unconfirmed' }
  if (answer.data.ok) return { kind: 'confirmed' }
  const vendorCode = answer.data.error ?? 'unknown_error'
  return { kind: TRANSIENT_ERRORS.has(vendorCode) ? 'failed' : 'refused', vendorCode }
}

function readError(body: string): string | undefined {
  return answerSchema().safeParse(parseJsonBody(body)).data?.error
}
