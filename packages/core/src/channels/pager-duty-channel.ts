import { z } from 'zod'

import type { AlertChannel } from '../alerts/alert-channel.ts'
import type { HttpAlertChannelOptions } from './alert-channel-options.ts'
import { createDeliveryRunner, readChannelSettings } from './create-delivery-runner.ts'
import {
  assertHttpUrl,
  assertSecretText,
  type HttpEndpoint,
  parseJsonBody,
  postJson,
} from './http-post.ts'
import { pagerDutyEvent } from './pager-duty-event.ts'

/** Options of {@link pagerDutyChannel}. By default attempts are 500 ms apart. */
export interface PagerDutyChannelOptions extends HttpAlertChannelOptions {
  /** The integration key of a service, or of a ruleset. */
  readonly routingKey: string
  /** Default `https://events.pagerduty.com/v2/enqueue`; accounts in Europe have one of their own. */
  readonly url?: string | undefined
}

const FACTORY = 'pagerDutyChannel'
const EVENTS_URL = 'https://events.pagerduty.com/v2/enqueue'

/** Made when it is needed: a schema at the top would stay in every bundle of this package. */
const errorSchema = () => z.object({ status: z.string() })

/**
 * Opens, acknowledges and resolves incidents of PagerDuty (Events API v2). A group of alerts is one
 * incident: its key is the `dedup_key`. `critical` stays critical, `high` becomes `error`, `medium`
 * `warning` and `low` `info`.
 *
 * @throws {InvalidOptionError} `INVALID_OPTION` when an option is out of range
 *
 * @example
 * ```ts
 * import { pagerDutyChannel } from '@assay/core'
 *
 * const channel = pagerDutyChannel({ routingKey: 'from-your-configuration' })
 * console.log(channel.kind) // pagerduty
 * ```
 */
export function pagerDutyChannel(options: PagerDutyChannelOptions): AlertChannel {
  const { routingKey, url = EVENTS_URL } = options
  assertHttpUrl(FACTORY, 'url', url)
  assertSecretText(FACTORY, 'routingKey', routingKey)
  const settings = readChannelSettings(FACTORY, options, { name: 'pagerduty', intervalMs: 500 })
  const run = createDeliveryRunner(settings)
  const endpoint: HttpEndpoint = {
    channel: settings.name,
    url,
    fetch: options.fetch,
    clock: settings.clock,
    secrets: [routingKey],
    readVendorCode: readStatus,
  }

  return {
    kind: 'pagerduty',
    showsAcknowledgements: true,
    async deliver(notification, { signal }) {
      const event = { routing_key: routingKey, ...pagerDutyEvent(notification) }
      const message = { body: JSON.stringify(event) }
      await run((attemptSignal) => postJson(endpoint, message, attemptSignal), { signal })
    },
  }
}

/** `invalid event` and the like. The sentences beside it may repeat what was sent. */
function readStatus(body: string): string | undefined {
  const answer = errorSchema().safeParse(parseJsonBody(body))
  return answer.success ? answer.data.status.replaceAll(' ', '_') : undefined
}
