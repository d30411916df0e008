import type { Counter, Metrics } from '../metrics/metrics.ts'
import type { RetryStopReason } from './retry.ts'

/** Counter by `operation` and `outcome` (see {@link RetryOutcome}): attempts that ended. */
export const RETRY_ATTEMPTS_TOTAL = 'retry_attempts_total'

/**
 * How one attempt ended.
 *
 * - `success`: it returned.
 * - `retry`: it failed, and a wait for the next one began.
 * - a {@link RetryStopReason}: it failed, and no other follows.
 * - `timeout`: the deadline came while it ran.
 * - `aborted`: the caller gave up while it ran.
 */
export type RetryOutcome = 'success' | 'retry' | RetryStopReason | 'timeout' | 'aborted'

/** @throws {MetricConflictError} `METRIC_CONFLICT` when the name stands for something else */
export function createAttemptsCounter(metrics: Metrics): Counter<'operation' | 'outcome'> {
  return metrics.counter({
    name: RETRY_ATTEMPTS_TOTAL,
    help: 'Attempts that ended, by outcome.',
    labelNames: ['operation', 'outcome'],
  })
}
