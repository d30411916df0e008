import { tellQuietly } from '../errors/tell-quietly.ts'
import type { CounterSeries, GaugeSeries, HistogramSeries, Metrics } from '../metrics/metrics.ts'
import { isFinalState, type Transaction, type TransactionState } from './transaction.ts'

/** Counter by `chain` and `state`: transactions that came to stand there. */
export const TRANSACTIONS_TOTAL = 'transactions_total'
/** Counter by `chain`: transactions whose block was taken back. */
export const TRANSACTION_REORGS_TOTAL = 'transaction_reorgs_total'
/** Histogram by `chain`: from the request to the end, whatever it was. */
export const TRANSACTION_DURATION_SECONDS = 'transaction_duration_seconds'
/** Gauge by `chain`: transactions with a nonce that are not final, in lanes of this process. */
export const TRANSACTIONS_LIVE = 'transactions_live'
/** Counter by `chain`: rounds of a lane that failed. */
export const TRANSACTION_ROUND_FAILURES_TOTAL = 'transaction_round_failures_total'

/** A block every few seconds, and many of them until it is final. */
const DURATION_BUCKETS = [1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3_600]

/** What is counted of one chain. A registry that throws costs nothing else. */
export interface TransactionTally {
  moved(transaction: Transaction, from: TransactionState | undefined): void
  live(count: number): void
  roundFailed(): void
}

/** @throws {MetricConflictError} `METRIC_CONFLICT` when a name stands for something else */
export function createTransactionTally(metrics: Metrics, chain: string): TransactionTally {
  const { came, reorgs, duration, live, failures } = createSeries(metrics, chain)
  return {
    moved: (transaction, from) =>
      tellQuietly(() => {
        const { state, enqueuedAt, updatedAt } = transaction
        came(state).inc()
        if (from === 'mined' && state === 'broadcasting') reorgs.inc()
        if (isFinalState(state)) duration.observe((updatedAt - enqueuedAt) / 1_000)
      }),
    live: (count) => tellQuietly(() => live.set(count)),
    roundFailed: () => tellQuietly(() => failures.inc()),
  }
}

interface TransactionSeries {
  readonly came: (state: TransactionState) => CounterSeries
  readonly reorgs: CounterSeries
  readonly duration: HistogramSeries
  readonly live: GaugeSeries
  readonly failures: CounterSeries
}

function createSeries(metrics: Metrics, chain: string): TransactionSeries {
  const states = metrics.counter({
    name: TRANSACTIONS_TOTAL,
    help: 'Transactions that came to a state.',
    labelNames: ['chain', 'state'],
  })
  const reorgs = metrics.counter({
    name: TRANSACTION_REORGS_TOTAL,
    help: 'Transactions whose block was taken back.',
    labelNames: ['chain'],
  })
  const duration = metrics.histogram({
    name: TRANSACTION_DURATION_SECONDS,
    help: 'From the request to the end of a transaction.',
    labelNames: ['chain'],
    buckets: DURATION_BUCKETS,
  })
  const live = metrics.gauge({
    name: TRANSACTIONS_LIVE,
    help: 'Transactions with a nonce that are not final.',
    labelNames: ['chain'],
  })
  const failures = metrics.counter({
    name: TRANSACTION_ROUND_FAILURES_TOTAL,
    help: 'Rounds of a lane that failed.',
    labelNames: ['chain'],
  })
  return {
    came: (state) => states.labels({ chain, state }),
    reorgs: reorgs.labels({ chain }),
    duration: duration.labels({ chain }),
    live: live.labels({ chain }),
    failures: failures.labels({ chain }),
  }
}
