import {
  assertDurationMs,
  assertWholeNumber,
  InvalidOptionError,
} from '../errors/invalid-option-error.ts'
import { type Logger, silentLogger } from '../logger/logger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { CircuitBreakerEngine } from './circuit-breaker-engine.ts'
import type { CircuitBreaker, CircuitStateChange, CircuitVerdict } from './circuit-breaker.ts'

/** Options of {@link createCircuitBreaker}; only the name is required. */
export interface CircuitBreakerOptions {
  /** Names the dependency in errors, logs and metrics. Unique among breakers that share metrics. */
  readonly name: string
  /** Consecutive failures that open the circuit. Default 5. */
  readonly failureThreshold?: number | undefined
  /** Successful probes that close it. Default 3. */
  readonly successThreshold?: number | undefined
  /** How long it stays open before probes are admitted, in milliseconds. Default 30 000. */
  readonly resetTimeoutMs?: number | undefined
  /**
   * By what the reset timeout is multiplied each time a probe fails, until the circuit closes.
   * Default 1: it stays the same.
   */
  readonly resetTimeoutFactor?: number | undefined
  /** The longest that the reset timeout may grow to, in milliseconds. Default 10 × `resetTimeoutMs`. */
  readonly resetTimeoutMaxMs?: number | undefined
  /** Probes that may be under way at once while half-open. Default 1. */
  readonly halfOpenMaxCalls?: number | undefined
  /** How long a call may take, in milliseconds. Without it a call may take for ever. */
  readonly callTimeoutMs?: number | undefined
  /**
   * After how many milliseconds a probe that has not ended loses its place to the next call that
   * comes; from then on its result counts for nothing. Default `callTimeoutMs`, or else 30 000.
   */
  readonly probeLeaseMs?: number | undefined
  /**
   * What the result of a call says about the dependency. Default {@link classifyCall}. One that throws,
   * or gives something else, is logged, and the default decides.
   */
  readonly classify?: ((result: PromiseSettledResult<unknown>) => CircuitVerdict) | undefined
  /** Called after each change of state. What it throws is logged and changes nothing. */
  readonly onStateChange?: ((change: CircuitStateChange) => void) | undefined
  readonly clock?: Clock | undefined
  readonly metrics?: Metrics | undefined
  readonly logger?: Logger | undefined
}

/** The options of a breaker with every default filled in. */
export interface CircuitBreakerSettings {
  readonly name: string
  readonly failureThreshold: number
  readonly successThreshold: number
  readonly resetTimeoutMs: number
  readonly resetTimeoutFactor: number
  readonly resetTimeoutMaxMs: number
  readonly halfOpenMaxCalls: number
  readonly callTimeoutMs: number | undefined
  readonly probeLeaseMs: number
  readonly classify: ((result: PromiseSettledResult<unknown>) => CircuitVerdict) | undefined
  readonly onStateChange: ((change: CircuitStateChange) => void) | undefined
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * Makes a circuit breaker: after `failureThreshold` consecutive failures it rejects calls at once,
 * and after `resetTimeoutMs` it lets a few probes find out whether the dependency is back.
 *
 * It sets no timer of its own, so thousands of idle breakers cost nothing. A call that began before
 * the last change of state never changes the state, and neither does a caller who gives up.
 *
 * @throws {InvalidOptionError} `INVALID_OPTION` when an option is out of range
 *
 * @example
 * ```ts
 * import { createCircuitBreaker, isAssayError } from '@assay/core'
 *
 * const rpc = createCircuitBreaker({ name: 'rpc', failureThreshold: 2 })
 * const failing = () => rpc.execute(() => Promise.reject(new Error('no route to host')))
 *
 * await failing().catch(() => {})
 * await failing().catch(() => {})
 * console.log(rpc.state) // open
 * console.log(await failing().catch((error) => isAssayError(error, 'CIRCUIT_OPEN'))) // true
 * ```
 */
export function createCircuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  return new CircuitBreakerEngine(parseSettings(options), options.metrics)
}

function parseSettings(options: CircuitBreakerOptions): CircuitBreakerSettings {
  const { name, callTimeoutMs, resetTimeoutMs = 30_000, resetTimeoutFactor = 1 } = options
  const settings: CircuitBreakerSettings = {
    name,
    failureThreshold: options.failureThreshold ?? 5,
    successThreshold: options.successThreshold ?? 3,
    resetTimeoutMs,
    resetTimeoutFactor,
    resetTimeoutMaxMs: options.resetTimeoutMaxMs ?? 10 * resetTimeoutMs,
    halfOpenMaxCalls: options.halfOpenMaxCalls ?? 1,
    callTimeoutMs,
    probeLeaseMs: options.probeLeaseMs ?? callTimeoutMs ?? 30_000,
    classify: options.classify,
    onStateChange: options.onStateChange,
    clock: options.clock ?? systemClock,
    logger: options.logger ?? silentLogger,
  }
  assertSettings(settings)
  return settings
}

function assertSettings(settings: CircuitBreakerSettings): void {
  const factory = 'createCircuitBreaker'
  if (typeof settings.name !== 'string' || settings.name === '') {
    throw new InvalidOptionError(factory, 'name', 'a string that is not empty')
  }
  for (const option of ['failureThreshold', 'successThreshold', 'halfOpenMaxCalls'] as const) {
    assertWholeNumber(factory, option, settings[option], { min: 1 })
  }
  for (const option of ['resetTimeoutMs', 'callTimeoutMs', 'probeLeaseMs'] as const) {
    const value = settings[option]
    if (value !== undefined) assertDurationMs(factory, option, value, { min: 1 })
  }
  assertDurationMs(factory, 'resetTimeoutMaxMs', settings.resetTimeoutMaxMs, {
    min: settings.resetTimeoutMs,
  })
  if (!(settings.resetTimeoutFactor >= 1)) {
    throw new InvalidOptionError(factory, 'resetTimeoutFactor', 'a number of at least 1')
  }
}
