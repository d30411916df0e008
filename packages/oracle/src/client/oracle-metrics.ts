import type { Metrics } from '@assay/core'

import { isEndedCall, type OracleCall } from '../calls/oracle-call.ts'

/** Counter by `function` and `state`: calls that ended. */
export const ORACLE_CALLS_TOTAL = 'oracle_calls_total'
/** Counter by `function` and `code`: tries that failed. */
export const ORACLE_FAILED_ATTEMPTS_TOTAL = 'oracle_failed_attempts_total'
/** Histogram by `function`: from the request of a call to its end. */
export const ORACLE_CALL_DURATION_SECONDS = 'oracle_call_duration_seconds'
/** Gauge: calls that transactions carry. */
export const ORACLE_CALLS_CARRIED = 'oracle_calls_carried'

const BUCKETS = [1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3_600]

/** What is counted of calls. A registry that throws costs nothing else. */
export interface OracleTally {
  settled(call: OracleCall): void
  carried(count: number): void
}

/** @throws {MetricConflictError} `METRIC_CONFLICT` when a name stands for something else */
export function createOracleTally(metrics: Metrics): OracleTally {
  const ended = metrics.counter({
    name: ORACLE_CALLS_TOTAL,
    help: 'Oracle calls that ended.',
    labelNames: ['function', 'state'],
  })
  const failed = metrics.counter({
    name: ORACLE_FAILED_ATTEMPTS_TOTAL,
    help: 'Tries of oracle calls that failed.',
    labelNames: ['function', 'code'],
  })
  const duration = metrics.histogram({
    name: ORACLE_CALL_DURATION_SECONDS,
    help: 'From the request of an oracle call to its end.',
    labelNames: ['function'],
    buckets: BUCKETS,
  })
  const carried = metrics
    .gauge({ name: ORACLE_CALLS_CARRIED, help: 'Oracle calls that transactions carry.' })
    .labels({})

  return {
    settled: (call) =>
      quietly(() => {
        const { functionName, state, errorCode, createdAt, completedAt } = call
        if (errorCode !== null) failed.labels({ function: functionName, code: errorCode }).inc()
        if (!isEndedCall(call)) return
        ended.labels({ function: functionName, state }).inc()
        const tookMs = (completedAt ?? createdAt) - createdAt
        duration.labels({ function: functionName }).observe(tookMs / 1_000)
      }),
    carried: (count) => quietly(() => carried.set(count)),
  }
}

function quietly(count: () => void): void {
  try {
    count()
  } catch {
    // A registry that fails must not fail what is counted.
  }
}
