import {
  assertDurationMs,
  assertWholeNumber,
  InvalidOptionError,
} from '../errors/invalid-option-error.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { noMetrics } from '../metrics/no-metrics.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { type CreateId, systemCreateId } from '../runtime/create-id.ts'
import type { AlertConfirmation } from './alert-decision.ts'
import { createAlertDeduplicatorTally } from './alert-deduplicator-metrics.ts'
import type { AlertDeduplicatorStore } from './alert-deduplicator-store.ts'
import type { AlertDeduplicator, StoredAlertDeduplicator } from './alert-deduplicator.ts'
import { assertCooldownMs, assertThreshold, type DeduplicatorSettings } from './alert-settings.ts'
import { createMemoryAlertDeduplicator } from './memory-alert-deduplicator.ts'
import { createStoredAlertDeduplicator } from './stored-alert-deduplicator.ts'

/** Options of a deduplicator that keeps its keys in this process. */
export interface AlertDeduplicatorOptions<Confirm extends AlertConfirmation = AlertConfirmation> {
  /**
   * The label `name` of its metrics: one of a few fixed names, which tells several deduplicators that
   * count into the same metrics apart. Default `default`.
   */
  readonly name?: string | undefined
  /** Failures in a row from which on people are told. Default 3. */
  readonly threshold?: number | undefined
  /** How long after an alert reached people it is not repeated, in milliseconds. Default 300 000. */
  readonly cooldownMs?: number | undefined
  /**
   * Keys kept at once; only those that fail, and those whose alert is not resolved, are kept. At the
   * bound a new key takes the place of the one that has been kept longest without alerting. When all
   * are alerting, the failures of the new key are refused: an alert is never dropped for it. Both are
   * counted. Default 100 000.
   */
  readonly maxKeys?: number | undefined
  /**
   * `auto`: a notice counts as delivered as it is returned. `manual`: it counts once its `delivered()`
   * has been called, so that a failed delivery is not lost. Default `auto`.
   */
  readonly confirm?: Confirm | undefined
  /**
   * With `manual`: how long nothing else is decided for a key while neither `delivered()` nor
   * `undelivered()` has been called, in milliseconds. Longer than a delivery takes, retries included,
   * else people may hear twice. Default 60 000.
   */
  readonly deliveryLeaseMs?: number | undefined
  /** Read monotonically without a store, and as wall clock with one. */
  readonly clock?: Clock | undefined
  /** Counts notices, evictions and refusals, by `name`. */
  readonly metrics?: Metrics | undefined
  readonly store?: undefined
}

/** Options of a deduplicator that keeps its keys in a store. */
export interface StoredAlertDeduplicatorOptions<
  Confirm extends AlertConfirmation = AlertConfirmation,
> extends Omit<AlertDeduplicatorOptions<Confirm>, 'store'> {
  /** Shared by the processes that must send one alert between them. */
  readonly store: AlertDeduplicatorStore
  /** Names a decision until it is confirmed. */
  readonly createId?: CreateId | undefined
  /** How often a change is tried while other processes change the same key. Default 32. */
  readonly commitAttemptsMax?: number | undefined
  /** Calls of this process that may wait for the store at once. Default 10 000. */
  readonly waitingMax?: number | undefined
}

/**
 * Makes an alert deduplicator: it counts the failures of each key and says when people must hear of
 * them. `firing` at the `threshold`-th failure in a row, `repeat` when the key still fails
 * `cooldownMs` after they last heard of it, `resolved` at the first success after an alert; anything
 * else is `null`, and why.
 *
 * Without a `store` it is synchronous and keeps its keys in this process. With one each method
 * returns a promise, and the processes that share the store send one alert between them. There,
 * prefer `confirm: 'manual'`: an answer that was lost on its way back from the store, with the notice
 * in it, is then decided anew when the lease has run out.
 *
 * @throws {InvalidOptionError} `INVALID_OPTION` when an option is out of range
 * @throws {MetricConflictError} `METRIC_CONFLICT` when a metric's name stands for something else
 *
 * @example
 * ```ts
 * import { createAlertDeduplicator } from '@assay/core'
 *
 * const deduplicator = createAlertDeduplicator({ threshold: 2 })
 *
 * console.log(deduplicator.fail('rpc')) // { reason: null, why: 'below-threshold' }
 * console.log(deduplicator.fail('rpc', new Error('no route to host')).reason) // firing
 * console.log(deduplicator.fail('rpc')) // { reason: null, why: 'cooling-down' }
 * console.log(deduplicator.succeed('rpc').reason) // resolved
 * ```
 *
 * @example With deliveries that may fail
 * ```ts
 * import { createAlertDeduplicator } from '@assay/core'
 *
 * const deduplicator = createAlertDeduplicator({ threshold: 1, confirm: 'manual' })
 * const send = async (text: string) => console.log(text)
 *
 * const decision = deduplicator.fail('payouts')
 * if (decision.reason !== null) {
 *   await send(`${decision.key} is ${decision.reason}`).then(
 *     () => decision.delivered(),
 *     () => decision.undelivered(),
 *   )
 * }
 * ```
 */
export function createAlertDeduplicator<Confirm extends AlertConfirmation = 'auto'>(
  options: StoredAlertDeduplicatorOptions<Confirm>,
): StoredAlertDeduplicator<Confirm>
export function createAlertDeduplicator<Confirm extends AlertConfirmation = 'auto'>(
  options?: AlertDeduplicatorOptions<Confirm>,
): AlertDeduplicator<Confirm>
export function createAlertDeduplicator(
  options: AlertDeduplicatorOptions | StoredAlertDeduplicatorOptions = {},
): AlertDeduplicator | StoredAlertDeduplicator {
  const settings = parseSettings(options)
  if (options.store === undefined) return createMemoryAlertDeduplicator(settings)

  const { store, createId = systemCreateId, commitAttemptsMax = 32, waitingMax = 10_000 } = options
  assertWholeNumber(FACTORY, 'commitAttemptsMax', commitAttemptsMax, { min: 1 })
  assertWholeNumber(FACTORY, 'waitingMax', waitingMax, { min: 1 })
  return createStoredAlertDeduplicator({
    ...settings,
    store,
    createId,
    commitAttemptsMax,
    waitingMax,
  })
}

const FACTORY = 'createAlertDeduplicator'

function parseSettings(
  options: AlertDeduplicatorOptions | StoredAlertDeduplicatorOptions,
): DeduplicatorSettings {
  const { threshold = 3, cooldownMs = 300_000, maxKeys = 100_000, confirm = 'auto' } = options
  const { deliveryLeaseMs = 60_000, clock = systemClock, metrics = noMetrics } = options
  const { name = 'default' } = options
  if (typeof name !== 'string' || name === '') {
    throw new InvalidOptionError(FACTORY, 'name', 'a string that is not empty')
  }
  assertThreshold(FACTORY, threshold)
  assertCooldownMs(FACTORY, cooldownMs)
  assertWholeNumber(FACTORY, 'maxKeys', maxKeys, { min: 1 })
  assertDurationMs(FACTORY, 'deliveryLeaseMs', deliveryLeaseMs, { min: 1 })
  if (confirm !== 'auto' && confirm !== 'manual') {
    throw new InvalidOptionError(FACTORY, 'confirm', "'auto' or 'manual'")
  }
  return {
    rules: { threshold, cooldownMs, deliveryLeaseMs, confirm },
    maxKeys,
    clock,
    tally: createAlertDeduplicatorTally(metrics, name),
  }
}
