import type { AlertDeliveryOptions } from '../alerts/alert-channel.ts'
import type { CircuitVerdict } from '../circuit-breaker/circuit-breaker.ts'
import { CircuitCallTimeoutError } from '../circuit-breaker/circuit-call-timeout-error.ts'
import { CircuitOpenError } from '../circuit-breaker/circuit-open-error.ts'
import { createCircuitBreaker } from '../circuit-breaker/create-circuit-breaker.ts'
import {
  assertDurationMs,
  assertWholeNumber,
  InvalidOptionError,
} from '../errors/invalid-option-error.ts'
import { tellQuietly } from '../errors/tell-quietly.ts'
import { type Logger, silentLogger } from '../logger/logger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { noMetrics } from '../metrics/no-metrics.ts'
import { retry } from '../retry/retry.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { type Random, systemRandom } from '../runtime/random.ts'
import type { AlertChannelOptions } from './alert-channel-options.ts'
import { AlertDeliveryFailedError, AlertDeliveryRefusedError } from './alert-delivery-error.ts'
import { createCutPauseCounter, createDeliveryCounter } from './channel-metrics.ts'
import { createDeliveryDoubt } from './delivery-doubt.ts'
import { createDeliveryQueue } from './delivery-queue.ts'

/** Options of a channel with every default filled in. */
export interface ChannelSettings {
  readonly name: string
  readonly timeoutMs: number
  readonly attemptsMax: number
  readonly delayMs: number
  readonly delayMaxMs: number
  readonly intervalMs: number
  readonly holdMaxMs: number
  readonly waitingMax: number
  readonly clock: Clock
  readonly random: Random
  readonly metrics: Metrics
  readonly logger: Logger
}

/**
 * One attempt. It throws an {@link AlertDeliveryFailedError} or an {@link AlertDeliveryRefusedError},
 * and nothing that its peer said or that could hold a secret.
 */
export type DeliveryAttempt = (signal: AbortSignal) => Promise<void>

/** Surrounds attempts with what every channel over a network needs. */
export type DeliveryRunner = (
  attempt: DeliveryAttempt,
  options: AlertDeliveryOptions,
) => Promise<void>

/** Consecutive failures after which a channel rests, and for how long: the breaker's own defaults. */
const CIRCUIT = {
  failureThreshold: 5,
  resetTimeoutMs: 30_000,
  // A channel may carry one message a day: the first that arrives proves that it works again.
  successThreshold: 1,
}

/** Reads the options that all channels share. */
export function readChannelSettings(
  factory: string,
  options: AlertChannelOptions,
  defaults: { name: string; intervalMs: number },
): ChannelSettings {
  const settings = {
    name: options.name ?? defaults.name,
    timeoutMs: options.timeoutMs ?? 10_000,
    attemptsMax: options.attemptsMax ?? 5,
    delayMs: options.delayMs ?? 500,
    delayMaxMs: options.delayMaxMs ?? 30_000,
    intervalMs: options.intervalMs ?? defaults.intervalMs,
    holdMaxMs: options.holdMaxMs ?? 3_600_000,
    waitingMax: options.waitingMax ?? 1_000,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    metrics: options.metrics ?? noMetrics,
    logger: options.logger ?? silentLogger,
  }
  if (typeof settings.name !== 'string' || settings.name === '') {
    throw new InvalidOptionError(factory, 'name', 'a string that is not empty')
  }
  assertDurationMs(factory, 'timeoutMs', settings.timeoutMs, { min: 1 })
  assertWholeNumber(factory, 'attemptsMax', settings.attemptsMax, { min: 1 })
  for (const option of ['delayMs', 'delayMaxMs', 'intervalMs', 'holdMaxMs'] as const) {
    assertDurationMs(factory, option, settings[option])
  }
  assertWholeNumber(factory, 'waitingMax', settings.waitingMax, { min: 1 })
  return settings
}

/**
 * Makes what runs the deliveries of one channel: each attempt waits for its turn, passes the circuit,
 * has a time limit, and is repeated while that can help.
 */
export function createDeliveryRunner(settings: ChannelSettings): DeliveryRunner {
  const { name, clock, metrics, logger, holdMaxMs } = settings
  const count = createDeliveryCounter(metrics, name)
  const countCutPause = createCutPauseCounter(metrics, name)
  const queue = createDeliveryQueue(settings)
  const circuit = createCircuitBreaker({
    ...CIRCUIT,
    name: `alert-channel-${name}`,
    callTimeoutMs: settings.timeoutMs,
    classify: judgeAttempt,
    clock,
    metrics,
    logger,
  })

  /** Nobody is asked for anything during a pause, but one that is absurd does not end a channel. */
  function holdFor(retryAfterMs: number): void {
    queue.holdFor(Math.min(retryAfterMs, holdMaxMs))
    if (retryAfterMs <= holdMaxMs) return
    countCutPause()
    const facts = { channel: name, retryAfterMs, holdMaxMs }
    tellQuietly(() =>
      logger.warn(facts, 'The other side asks for a longer pause than the channel allows.'),
    )
  }

  async function attemptOnce(attempt: DeliveryAttempt, signal: AbortSignal): Promise<void> {
    // Nobody waits for a turn only to hear that the circuit is open.
    if (circuit.state !== 'open' && !(await queue.turn(signal))) {
      throw new AlertDeliveryFailedError(name, 'too-many-waiting')
    }
    try {
      await circuit.execute((call) => attempt(call.signal), { signal })
    } catch (error) {
      if (error instanceof AlertDeliveryFailedError && error.retryAfterMs !== undefined) {
        holdFor(error.retryAfterMs)
      }
      throw translate(name, error)
    }
  }

  return async (attempt, { signal }) => {
    const doubt = createDeliveryDoubt(name)
    try {
      await retry((run) => attemptOnce(doubt.watch(attempt), run.signal), {
        operation: 'alert-delivery',
        attemptsMax: settings.attemptsMax,
        delayMs: settings.delayMs,
        delayMaxMs: settings.delayMaxMs,
        // Up to there, how long to wait is the caller's decision; nobody waits for anything longer.
        retryAfterMaxMs: holdMaxMs,
        deadlineMs: Infinity,
        isRetryable: isWorthRepeating,
        signal,
        clock,
        random: settings.random,
        metrics,
      })
    } catch (error) {
      if (error instanceof AlertDeliveryRefusedError) count('refused')
      else count(signal.aborted ? 'aborted' : 'failed')
      throw doubt.explain(error, signal)
    }
    count('delivered')
  }
}

/** What an attempt says of the other side: one that refuses or asks for a pause is there. */
function judgeAttempt(result: PromiseSettledResult<unknown>): CircuitVerdict {
  if (result.status === 'fulfilled') return 'success'
  const error: unknown = result.reason
  if (error instanceof AlertDeliveryRefusedError) return 'success'
  const isPause = error instanceof AlertDeliveryFailedError && error.reason === 'rate-limited'
  return isPause ? 'ignored' : 'failure'
}

/** The errors of a breaker, in the terms of a channel. */
function translate(name: string, error: unknown): unknown {
  if (error instanceof CircuitOpenError) {
    const { retryAfterMs } = error
    return new AlertDeliveryFailedError(name, 'circuit-open', { retryAfterMs })
  }
  if (error instanceof CircuitCallTimeoutError) return new AlertDeliveryFailedError(name, 'timeout')
  return error
}

/** An open circuit or a full queue is for the caller to know of, not to be waited for here. */
function isWorthRepeating(error: unknown): boolean {
  return (
    error instanceof AlertDeliveryFailedError &&
    error.reason !== 'circuit-open' &&
    error.reason !== 'too-many-waiting'
  )
}
