import type { AlertChannel } from '../alerts/alert-channel.ts'
import type { NotifiedAlert } from '../alerts/alert-notification.ts'
import { assertDurationMs, assertWholeNumber } from '../errors/invalid-option-error.ts'
import { tellQuietly } from '../errors/tell-quietly.ts'
import type { HttpAlertChannelOptions } from './alert-channel-options.ts'
import { AlertDeliveryFailedError } from './alert-delivery-error.ts'
import {
  alertmanagerAlert,
  alertmanagerRecord,
  type AlertmanagerRecord,
} from './alertmanager-alert.ts'
import { createUntrackedCounter } from './channel-metrics.ts'
import { createDeliveryRunner, readChannelSettings } from './create-delivery-runner.ts'
import { inDoubt } from './delivery-doubt.ts'
import { jsonBytes } from './fit-text.ts'
import { assertHttpUrl, type HttpEndpoint, postJson, readHeaders } from './http-post.ts'

/** Options of {@link alertmanagerChannel}. By default it sets no interval between attempts. */
export interface AlertmanagerChannelOptions extends HttpAlertChannelOptions {
  /** The Alertmanager's own address, such as `http://alertmanager:9093`, with its path prefix if any. */
  readonly url: string
  /** Sent along, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** How often every firing alert is sent again, in milliseconds. Default 60,000. */
  readonly resendEveryMs?: number | undefined
  /** How many firing alerts are sent again at most, the worst first. Default 10,000. */
  readonly alertsMax?: number | undefined
}

const FACTORY = 'alertmanagerChannel'
/** A firing alert that is not sent again ends after this many intervals, as with Prometheus. */
const INTERVALS_UNTIL_END = 4
const BATCH_ALERTS_MAX = 250
const BATCH_BYTES_MAX = 1_000_000

/**
 * Hands alerts to an Alertmanager (`POST /api/v2/alerts`), which groups, routes and repeats them by
 * its own rules. As that API expects, the alert manager has every alert that fires sent again each
 * `resendEveryMs`, with an `endsAt` four intervals ahead: when no process is left, its alerts end by
 * themselves. What fires is read from the manager's store each time, so that a restart, a second
 * process or a silence changes nothing of it. Beyond `alertsMax` alerts are not sent again; they are
 * counted in `alert_channel_untracked_total` and in a warning.
 *
 * For a cluster of Alertmanagers make one channel for each and deliver to all.
 *
 * @throws {InvalidOptionError} `INVALID_OPTION` when an option is out of range
 *
 * @example
 * ```ts
 * import { alertmanagerChannel } from '@assay/core'
 *
 * const channel = alertmanagerChannel({ url: 'http://alertmanager:9093' })
 * console.log(channel.kind, channel.resendEveryMs) // alertmanager 60000
 * ```
 */
export function alertmanagerChannel(options: AlertmanagerChannelOptions): AlertChannel {
  const { url, resendEveryMs = 60_000, alertsMax = 10_000 } = options
  assertHttpUrl(FACTORY, 'url', url)
  const headers = readHeaders(FACTORY, options.headers)
  assertDurationMs(FACTORY, 'resendEveryMs', resendEveryMs, { min: 1 })
  assertWholeNumber(FACTORY, 'alertsMax', alertsMax, { min: 1 })
  const settings = readChannelSettings(FACTORY, options, { name: 'alertmanager', intervalMs: 0 })
  const { name, clock, logger } = settings
  const run = createDeliveryRunner(settings)
  const countUntracked = createUntrackedCounter(settings.metrics, name)
  const endpoint: HttpEndpoint = {
    channel: name,
    url: alertsUrl(url),
    fetch: options.fetch,
    clock,
    secrets: [url, ...Object.values(headers)],
  }

  async function post(alerts: readonly NotifiedAlert[], signal: AbortSignal): Promise<void> {
    const now = clock.now()
    const records = alerts.map((alert) => alertmanagerRecord(alert, now))
    let hasDelivered = false
    for (const batch of batchesOf(records)) {
      try {
        await run((attemptSignal) => postBatch(batch, attemptSignal), { signal })
      } catch (error) {
        const isPartial = hasDelivered && error instanceof AlertDeliveryFailedError
        throw isPartial ? inDoubt(name, error) : error
      }
      hasDelivered = true
    }
  }

  async function postBatch(
    batch: readonly AlertmanagerRecord[],
    signal: AbortSignal,
  ): Promise<void> {
    const firingUntil = clock.now() + INTERVALS_UNTIL_END * resendEveryMs
    const body = JSON.stringify(batch.map((record) => alertmanagerAlert(record, firingUntil)))
    await postJson(endpoint, { headers, body }, signal)
  }

  return {
    kind: 'alertmanager',
    resendEveryMs,
    resendAlertsMax: alertsMax,
    // It keeps a record of each, so that a mere count would tell it nothing.
    alertsMax: Number.POSITIVE_INFINITY,
    deliver: ({ alerts }, { signal }) => post(alerts, signal),
    async resend({ alerts, omittedAlertCount }, { signal }) {
      if (omittedAlertCount > 0) {
        countUntracked(omittedAlertCount)
        const facts = { channel: name, untracked: omittedAlertCount, alertsMax }
        tellQuietly(() => logger.warn(facts, 'Some firing alerts are not sent again.'))
      }
      await post(alerts, signal)
    },
  }
}

function alertsUrl(base: string): string {
  const url = new URL(base)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v2/alerts`
  return url.href
}

function* batchesOf(records: readonly AlertmanagerRecord[]): Generator<AlertmanagerRecord[]> {
  let batch: AlertmanagerRecord[] = []
  let bytes = 0
  for (const record of records) {
    const recordBytes = jsonBytes(record)
    if (
      batch.length >= BATCH_ALERTS_MAX ||
      (batch.length > 0 && bytes + recordBytes > BATCH_BYTES_MAX)
    ) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(record)
    bytes += recordBytes
  }
  if (batch.length > 0) yield batch
}
