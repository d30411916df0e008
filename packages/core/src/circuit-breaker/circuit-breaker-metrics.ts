import type { CounterSeries, Metrics } from '../metrics/metrics.ts'
import type { CircuitState } from './circuit-breaker.ts'

/** Gauge by `name`: 0 closed, 1 open, 2 half-open; computed at scrape. */
export const CIRCUIT_BREAKER_STATE = 'circuit_breaker_state'
/** Counter by `name`: how often the circuit opened. */
export const CIRCUIT_BREAKER_TRIPS_TOTAL = 'circuit_breaker_trips_total'
/** Counter by `name` and `outcome` (see {@link CircuitCallOutcome}): calls that were made. */
export const CIRCUIT_BREAKER_CALLS_TOTAL = 'circuit_breaker_calls_total'
/** Counter by `name`: calls that were not made. */
export const CIRCUIT_BREAKER_REJECTED_TOTAL = 'circuit_breaker_rejected_total'

/**
 * - `success`, `failure`, `ignored`: the verdict.
 * - `timeout`: a failure by the call timeout.
 * - `aborted`: the caller gave up.
 * - `stale`: it ended after the state had changed, or after it had lost its place; it counted for
 *   nothing.
 */
export type CircuitCallOutcome = 'success' | 'failure' | 'ignored' | 'timeout' | 'aborted' | 'stale'

const STATE_VALUE: Record<CircuitState, number> = { closed: 0, open: 1, 'half-open': 2 }

/** The time series of one breaker, looked up once. */
export interface CircuitBreakerSeries {
  readonly calls: Readonly<Record<CircuitCallOutcome, CounterSeries>>
  readonly trips: CounterSeries
  readonly rejected: CounterSeries
}

export function createCircuitBreakerSeries(
  metrics: Metrics,
  name: string,
  readState: () => CircuitState,
): CircuitBreakerSeries {
  metrics
    .gauge({
      name: CIRCUIT_BREAKER_STATE,
      help: 'State of the circuit: 0 closed, 1 open, 2 half-open.',
      labelNames: ['name'],
    })
    .labels({ name })
    .setFunction(() => STATE_VALUE[readState()])

  const calls = metrics.counter({
    name: CIRCUIT_BREAKER_CALLS_TOTAL,
    help: 'Calls made through the circuit, by outcome.',
    labelNames: ['name', 'outcome'],
  })
  const callsWith = (outcome: CircuitCallOutcome): CounterSeries => calls.labels({ name, outcome })

  return {
    calls: {
      success: callsWith('success'),
      failure: callsWith('failure'),
      ignored: callsWith('ignored'),
      timeout: callsWith('timeout'),
      aborted: callsWith('aborted'),
      stale: callsWith('stale'),
    },
    trips: metrics
      .counter({
        name: CIRCUIT_BREAKER_TRIPS_TOTAL,
        help: 'How often the circuit opened.',
        labelNames: ['name'],
      })
      .labels({ name }),
    rejected: metrics
      .counter({
        name: CIRCUIT_BREAKER_REJECTED_TOTAL,
        help: 'Calls rejected by the circuit without being made.',
        labelNames: ['name'],
      })
      .labels({ name }),
  }
}
