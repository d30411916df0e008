import type { AlertChannel } from '../alerts/alert-channel.ts'
import {
  assertDurationMs,
  assertWholeNumber,
  InvalidOptionError,
} from '../errors/invalid-option-error.ts'
import { type Logger, silentLogger } from '../logger/logger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { noMetrics } from '../metrics/no-metrics.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { type CreateId, systemCreateId } from '../runtime/create-id.ts'
import { type Random, systemRandom } from '../runtime/random.ts'
import type { AlertDispatcherSettings } from './alert-dispatcher.ts'
import { type AlertManagerLimits, resolveAlertLimits } from './alert-limits.ts'
import { createAlertManagerTally } from './alert-manager-metrics.ts'
import type { AlertManagerStore } from './alert-manager-store.ts'
import { createMemoryAlertManagerStore } from './memory-alert-manager-store.ts'
import type { AlertPolicy } from './policy/alert-policy.ts'
import { isRecord } from './policy/assert-shape.ts'
import { compilePolicy } from './policy/compile-policy.ts'
import { defaultAlertPolicy } from './policy/default-alert-policy.ts'
import { createAlertGrouper } from './stages/group-alert.ts'

/** Options of `createAlertManager`. */
export interface AlertManagerOptions {
  /** Who hears of what. Default `defaultAlertPolicy()`, with its ten receivers. */
  readonly policy?: AlertPolicy | undefined
  /** The channel of each receiver that the policy names. The manager closes them with itself. */
  readonly channels: Readonly<Record<string, AlertChannel>>
  /** What must survive the process, or is shared by several. Default in memory. */
  readonly store?: AlertManagerStore | undefined
  /**
   * Ends an alert that is not fired again for so long, in milliseconds, for sources that repeat what
   * fires and never say that it is over; Alertmanager's `resolve_timeout` is 300 000. Default none: an
   * alert fires until it is resolved, because a detector that has died must not look like recovery.
   */
  readonly resolveAfterMs?: number | undefined
  /** How often `run` looks for what is due, in milliseconds. Default 1 000. */
  readonly pollMs?: number | undefined
  /** How long a channel has to confirm a notification, in milliseconds. Default 30 000. */
  readonly deliveryTimeoutMs?: number | undefined
  /**
   * How long a group is this process's own while it is told, in milliseconds. If the process dies,
   * another one takes over after that. Longer than `deliveryTimeoutMs`; default twice that.
   */
  readonly leaseMs?: number | undefined
  /**
   * Notifications that a channel has at the same time; sixteen times as many wait for it here, and the
   * others in the store. A `tick` tells so many groups at the same time. Default 16.
   */
  readonly concurrency?: number | undefined
  /** How long the history is kept, in milliseconds. Default 90 days. */
  readonly historyMs?: number | undefined
  /** What is bounded, each with a default. */
  readonly limits?: AlertManagerLimits | undefined
  readonly clock?: Clock | undefined
  /** Names claims and silences. */
  readonly createId?: CreateId | undefined
  /** Spreads the attempts after failures. */
  readonly random?: Random | undefined
  /** Counts alerts, notifications and what was dropped. */
  readonly metrics?: Metrics | undefined
  /** Hears of deliveries and steps that failed. */
  readonly logger?: Logger | undefined
}

/** Options without gaps. */
export interface AlertManagerSettings extends AlertDispatcherSettings {
  readonly resolveAfterMs: number | undefined
  readonly pollMs: number
  readonly historyMs: number
}

/**
 * Checks the options of `createAlertManager`, and fills in the defaults.
 *
 * @throws {InvalidOptionError} `INVALID_OPTION`
 */
export function parseAlertManagerOptions(options: AlertManagerOptions): AlertManagerSettings {
  if (!isRecord(options)) {
    throw new InvalidOptionError(FACTORY, 'options', 'an object with `policy` and `channels`')
  }
  const { resolveAfterMs, pollMs = 1_000, deliveryTimeoutMs = 30_000 } = options
  const { leaseMs = deliveryTimeoutMs * 2, concurrency = 16, historyMs = NINETY_DAYS_MS } = options
  if (resolveAfterMs !== undefined) {
    assertDurationMs(FACTORY, 'resolveAfterMs', resolveAfterMs, { min: 1 })
  }
  assertDurationMs(FACTORY, 'pollMs', pollMs, { min: 1 })
  assertDurationMs(FACTORY, 'deliveryTimeoutMs', deliveryTimeoutMs, { min: 1 })
  assertDurationMs(FACTORY, 'leaseMs', leaseMs)
  if (leaseMs <= deliveryTimeoutMs) {
    throw new InvalidOptionError(FACTORY, 'leaseMs', 'longer than `deliveryTimeoutMs`')
  }
  assertWholeNumber(FACTORY, 'concurrency', concurrency, { min: 1 })
  assertDurationMs(FACTORY, 'historyMs', historyMs)

  const limits = resolveAlertLimits(FACTORY, options.limits ?? {})
  const policy = compilePolicy(options.policy ?? defaultAlertPolicy())
  const clock = options.clock ?? systemClock
  return {
    policy,
    policySince: clock.now(),
    channels: channelsOf(options.channels, policy.receivers),
    grouper: createAlertGrouper(policy, limits.groups),
    store: options.store ?? createMemoryAlertManagerStore(),
    limits,
    resolveAfterMs,
    pollMs,
    deliveryTimeoutMs,
    leaseMs,
    concurrency,
    historyMs,
    clock,
    createId: options.createId ?? systemCreateId,
    random: options.random ?? systemRandom,
    tally: createAlertManagerTally(options.metrics ?? noMetrics),
    logger: options.logger ?? silentLogger,
  }
}

const FACTORY = 'createAlertManager'
const NINETY_DAYS_MS = 90 * 86_400_000

function channelsOf(
  channels: AlertManagerOptions['channels'],
  receivers: ReadonlySet<string>,
): Map<string, AlertChannel> {
  if (channels !== undefined && !isRecord(channels)) {
    throw new InvalidOptionError(FACTORY, 'channels', 'channels by receiver')
  }
  const byReceiver = new Map(Object.entries(channels ?? {}))
  for (const [receiver, channel] of byReceiver) {
    if (typeof (channel as AlertChannel | undefined)?.deliver === 'function') continue
    const requirement = 'a channel, such as `webhookChannel({ url })` makes'
    throw new InvalidOptionError(FACTORY, `channels.${receiver}`, requirement)
  }
  const missing = [...receivers].filter((receiver) => !byReceiver.has(receiver))
  if (missing.length === 0) return byReceiver
  const requirement = `a channel for each receiver of the policy; missing: ${missing.join(', ')}`
  throw new InvalidOptionError(FACTORY, 'channels', requirement)
}
