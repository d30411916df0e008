import { z } from 'zod'

import type { AlertChannel } from '../alerts/alert-channel.ts'
import type { HttpAlertChannelOptions } from './alert-channel-options.ts'
import { createDeliveryRunner, readChannelSettings } from './create-delivery-runner.ts'
import { discordMessage } from './discord-message.ts'
import { assertHttpUrl, type HttpEndpoint, parseJsonBody, postJson } from './http-post.ts'

/** Options of {@link discordChannel}. By default attempts are 2,000 ms apart. */
export interface DiscordChannelOptions extends HttpAlertChannelOptions {
  /** The URL that Discord gave; whoever has it can post. It may name a thread by `thread_id`. */
  readonly webhookUrl: string
}

const FACTORY = 'discordChannel'

/** Made when it is needed: a schema at the top would stay in every bundle of this package. */
const errorSchema = () => z.object({ code: z.int() })

/**
 * Posts notifications to a channel of Discord through a webhook, with one embed for each alert.
 *
 * A message shows as many alerts as fit Discord's limits and says how many more there are. No text
 * pings anyone, and none of an alert's formats or links.
 *
 * @throws {InvalidOptionError} `INVALID_OPTION` when an option is out of range
 *
 * @example
 * ```ts
 * import { discordChannel } from '@assay/core'
 *
 * const channel = discordChannel({ webhookUrl: 'https://discord.com/api/webhooks/1/from-your-configuration' })
 * console.log(channel.kind) // discord
 * ```
 */
export function discordChannel(options: DiscordChannelOptions): AlertChannel {
  const { webhookUrl } = options
  assertHttpUrl(FACTORY, 'webhookUrl', webhookUrl)
  const settings = readChannelSettings(FACTORY, options, { name: 'discord', intervalMs: 2_000 })
  const run = createDeliveryRunner(settings)
  const endpoint: HttpEndpoint = {
    channel: settings.name,
    url: withConfirmation(webhookUrl),
    fetch: options.fetch,
    clock: settings.clock,
    secrets: [webhookUrl],
    readVendorCode: readCode,
  }

  return {
    kind: 'discord',
    showsAcknowledgements: true,
    async deliver(notification, { signal }) {
      const body = JSON.stringify(discordMessage(notification))
      await run((attemptSignal) => postJson(endpoint, { body }, attemptSignal), { signal })
    },
  }
}

/** Without `wait` Discord answers before it has saved the message, and does not say if it could not. */
function withConfirmation(webhookUrl: string): string {
  const url = new URL(webhookUrl)
  url.searchParams.set('wait', 'true')
  return url.href
}

function readCode(body: string): string | undefined {
  const answer = errorSchema().safeParse(parseJsonBody(body))
  return answer.success ? `discord-${answer.data.code}` : undefined
}
