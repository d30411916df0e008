import type { AlertChannel } from '../alerts/alert-channel.ts'
import { assertDurationMs, assertWholeNumber } from '../errors/invalid-option-error.ts'
import type { Timer } from '../runtime/clock.ts'
import type { HttpAlertChannelOptions } from './alert-channel-options.ts'
import { AlertDeliveryFailedError } from './alert-delivery-error.ts'
import {
  alertmanagerAlert,
  alertmanagerRecord,
  type AlertmanagerRecord,
} from './alertmanager-alert.ts'
import { createUntrackedCounter } from './channel-metrics.ts'
import { createDeliveryRunner, readChannelSettings } from './create-delivery-runner.ts'
import { createFiringAlerts } from './firing-alerts.ts'
import { jsonBytes } from './fit-text.ts'
import { assertHttpUrl, type HttpEndpoint, postJson, readHeaders } from './http-post.ts'

/** Options of {@link alertmanagerChannel}. By default it sets no interval between attempts. */
export interface AlertmanagerChannelOptions extends HttpAlertChannelOptions {
  /** The Alertmanager's own address, such as `http://alertmanager:9093`, with its path prefix if any. */
  readonly url: string
  /** Sent along, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** How often every firing alert is sent again, in milliseconds. Default 60,000. */
  readonly resendMs?: number | undefined
  /** How many firing alerts are sent again at most. Default 10,000. */
  readonly alertsMax?: number | undefined
}

const FACTORY = 'alertmanagerChannel'
/** A firing alert that is not sent again ends after this many intervals, as with Prometheus. */
const INTERVALS_UNTIL_END = 4
const BATCH_ALERTS_MAX = 250
const BATCH_BYTES_MAX = 1_000_000

/**
 * Hands alerts to an Alertmanager (`POST /api/v2/alerts`), which groups, routes and repeats them by
 * its own rules. As that API expects, every firing alert is sent again each `resendMs`, with an
 * `endsAt` four intervals ahead: when the process dies, its alerts end by themselves.
 *
 * A notification without omitted alerts says all of its group: a firing alert that it no longer names
 * is not sent again. An alert beyond `alertsMax`, or omitted from the notification, is counted in
 * `alert_channel_untracked_total` and in a warning. What fires is kept in memory alone: after a
 * restart it is sent again with its group's next notification.
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
 * console.log(channel.kind) // alertmanager
 * await channel.close?.()
 * ```
 */
export function alertmanagerChannel(options: AlertmanagerChannelOptions): AlertChannel {
  const { url, resendMs = 60_000, alertsMax = 10_000 } = options
  assertHttpUrl(FACTORY, 'url', url)
  const headers = readHeaders(FACTORY, options.headers)
  assertDurationMs(FACTORY, 'resendMs', resendMs, { min: 1 })
  assertWholeNumber(FACTORY, 'alertsMax', alertsMax, { min: 1 })
  const settings = readChannelSettings(FACTORY, options, { name: 'alertmanager', intervalMs: 0 })
  const { name, clock } = settings
  const run = createDeliveryRunner(settings)
  const countUntracked = createUntrackedCounter(settings.metrics, name)
  const endpoint: HttpEndpoint = {
    channel: name,
    url: alertsUrl(url),
    fetch: options.fetch,
    clock,
    secrets: [url, ...Object.values(headers)],
  }

  const firing = createFiringAlerts({ alertsMax })
  const underWay = new Set<Promise<void>>()
  const closing = new AbortController()
  let timer: Timer | undefined
  /** What ended while firing alerts were being sent again: that request may have overtaken the end. */
  let endedMeanwhile: AlertmanagerRecord[] | undefined

  async function post(records: readonly AlertmanagerRecord[], signal: AbortSignal): Promise<void> {
    for (const batch of batchesOf(records)) {
      await run(
        (attemptSignal) => {
          const firingUntil = clock.now() + INTERVALS_UNTIL_END * resendMs
          const body = JSON.stringify(batch.map((record) => alertmanagerAlert(record, firingUntil)))
          return postJson(endpoint, { headers, body }, attemptSignal)
        },
        { signal },
      )
    }
  }

  function schedule(): void {
    if (timer !== undefined || closing.signal.aborted || firing.size() === 0) return
    timer = clock.setTimer(() => void remember(resend()), resendMs)
  }

  async function resend(): Promise<void> {
    const records = firing.list()
    const controller = new AbortController()
    const abort = (): void => controller.abort()
    // One that is not done within an interval makes room for the next, which says more.
    const limit = clock.setTimer(abort, resendMs)
    closing.signal.addEventListener('abort', abort, { once: true })
    endedMeanwhile = []
    try {
      await post(records, controller.signal)
      await post(endedMeanwhile, controller.signal)
    } catch {
      if (!closing.signal.aborted) {
        warn({ alerts: records.length }, 'Firing alerts could not be sent again in this interval.')
      }
    }
    limit.cancel()
    closing.signal.removeEventListener('abort', abort)
    endedMeanwhile = undefined
    timer = undefined
    schedule()
  }

  async function remember(work: Promise<void>): Promise<void> {
    underWay.add(work)
    try {
      await work
    } finally {
      underWay.delete(work)
    }
  }

  function warn(facts: object, message: string): void {
    try {
      settings.logger.warn({ channel: name, ...facts }, message)
    } catch {
      // A logger that throws must not cost anyone an alert.
    }
  }

  return {
    kind: 'alertmanager',
    async deliver(notification, { signal }) {
      if (closing.signal.aborted) throw new AlertDeliveryFailedError(name, 'closed')
      const now = clock.now()
      const records = notification.alerts.map((alert) => alertmanagerRecord(alert, now))
      const untracked = firing.update(notification, records)
      if (untracked > 0) {
        countUntracked(untracked)
        warn({ untracked, alertsMax }, 'Some firing alerts will not be sent again.')
      }
      endedMeanwhile = endedMeanwhile?.concat(records.filter(({ endsAt }) => endsAt !== null))
      schedule()
      await remember(post(records, signal))
    },
    async close() {
      closing.abort()
      timer?.cancel()
      await Promise.allSettled(underWay)
      firing.clear()
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
