import type {
  CircuitBreaker,
  CircuitStateChange,
  CircuitVerdict,
} from '../circuit-breaker/circuit-breaker.ts'
import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import type { Logger } from '../logger/logger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { OpossumBreaker, OpossumInternals } from './opossum-breaker.ts'
import { OpossumCircuitBreaker } from './opossum-circuit-breaker.ts'
import { runWork } from './run-work.ts'

/** Options of {@link createOpossumCircuitBreaker}. */
export interface OpossumCircuitBreakerOptions {
  /**
   * The host's breaker, made with the action {@link runWork} and a name of its own, without `cache`
   * and `coalesce`: those would answer one call with the result of another.
   */
  readonly breaker: OpossumBreaker
  /**
   * What the result of a call says about the dependency. Default `classifyCall`. One that throws is
   * logged, and the default decides. Opossum's own `errorFilter` judges after it, and opossum's
   * timeout is a failure whatever it says.
   */
  readonly classify?: ((result: PromiseSettledResult<unknown>) => CircuitVerdict) | undefined
  /** Called after each change of state. What it throws is logged and changes nothing. */
  readonly onStateChange?: ((change: CircuitStateChange) => void) | undefined
  readonly metrics?: Metrics | undefined
  readonly logger?: Logger | undefined
}

/**
 * Gives an opossum 10 breaker that the host already runs the interface of `createCircuitBreaker`,
 * and guards against the faults of opossum that can be guarded against; `docs/circuit-breaker.md`
 * lists both. When to open and for how long stays with opossum's own options and its own timers.
 *
 * The breaker's `emit` is wrapped, so that a listener that throws is logged and changes nothing. Only
 * calls made through the result are guarded, not those that the host fires itself.
 *
 * @param options.breaker the host's breaker, made as `new Opossum(runWork, { name, … })`
 * @param options.classify what a result says about the dependency
 * @param options.onStateChange called after each change of state
 * @returns the same interface, with these differences: a caller who gives up while half-open reopens
 *   the circuit, `reset()` does not empty opossum's rolling window, and `restore()` of an open circuit
 *   waits a whole reset timeout
 * @throws {InvalidOptionError} `INVALID_OPTION` when the breaker was not made as said above
 *
 * @example
 * ```ts
 * import { createOpossumCircuitBreaker, runWork } from '@assay/core/opossum'
 * // @ts-expect-error -- opossum has no types of its own; those of @types/opossum fit
 * import Opossum from 'opossum'
 *
 * const rates = createOpossumCircuitBreaker({ breaker: new Opossum(runWork, { name: 'rates' }) })
 * console.log(await rates.execute(() => 1.25)) // 1.25
 * rates.forceOpen()
 * console.log(rates.state) // open
 * ```
 */
export function createOpossumCircuitBreaker(options: OpossumCircuitBreakerOptions): CircuitBreaker {
  const breaker = options.breaker as OpossumBreaker & OpossumInternals
  assertBreaker(breaker)
  return new OpossumCircuitBreaker(breaker, options)
}

function assertBreaker(breaker: (OpossumBreaker & OpossumInternals) | undefined | null): void {
  const refuse = (requirement: string): never => {
    throw new InvalidOptionError('createOpossumCircuitBreaker', 'breaker', requirement)
  }
  if (breaker?.action !== runWork)
    return refuse('an opossum breaker made with the action `runWork`')
  const { name, cache, coalesce } = breaker.options
  // Without the option, opossum names each breaker after its action: all of them `runWork`.
  if (typeof name !== 'string' || name === '') return refuse('made with a `name`')
  if (cache || coalesce) return refuse('made without `cache` and `coalesce`')
}
