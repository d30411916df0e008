import { runBounded } from '../circuit-breaker/bounded-call.ts'
import { AssayError } from '../errors/assay-error.ts'
import { tellQuietly } from '../errors/tell-quietly.ts'
import { createJobLease } from '../scheduler/job-lease.ts'
import type { LaneContext, RecomposeTransaction } from './lane-context.ts'
import { type LaneRound, runLaneRound } from './lane-round.ts'
import { createLaneTroubles } from './lane-troubles.ts'
import { createLiveTransactions } from './live-transactions.ts'
import type { TransactionManagerSettings } from './parse-transaction-manager-options.ts'
import type { LaneStatus } from './transaction-manager.ts'
import { createTransactionTally } from './transaction-metrics.ts'
import type { Transaction } from './transaction.ts'

/** One lane in the hands of this process, or waiting to be. */
export interface LaneRunner {
  readonly account: string
  /**
   * Takes one round, if no other process works on the lane.
   *
   * @returns `null` where another one does
   * @throws what made the round fail; the next one begins where the store says
   */
  round(options: LaneRoundOptions): Promise<LaneRound | null>
  /** Somebody has changed a transaction in the store. */
  invalidate(): void
  status(): LaneStatus
  release(): Promise<void>
}

/** How a round is taken. */
export interface LaneRoundOptions {
  readonly isDraining: boolean
  readonly signal: AbortSignal | undefined
}

/** For so long a conflict is told, and a lane may fail before that is told. */
const CONFLICT_TOLD_MS = 3_600_000
const UNREACHABLE_AFTER_MS = 60_000

/** Makes the runner of one account's lane. */
export function createLaneRunner(
  account: string,
  settings: TransactionManagerSettings,
  {
    recompose,
    onMoved,
  }: {
    readonly recompose: RecomposeTransaction
    readonly onMoved: (transaction: Transaction) => void
  },
): LaneRunner {
  const { sender, store, policy, clock, owner, logger, alerts, metrics } = settings
  const lane = { chain: sender.chain, account }
  const now = (): number => clock.now()
  const troubles = createLaneTroubles(lane, { alerts, now, logger })
  const tally = createTransactionTally(metrics, lane.chain)
  const lease = createJobLease({
    job: `transactions ${lane.chain} ${account}`,
    owner,
    leaseMs: policy.leaseMs,
    store: store.leases,
    clock,
    onTrouble: (error) => tellQuietly(() => logger.warn({ err: error }, 'A lane is not leased.')),
  })
  const live = createLiveTransactions({
    lane,
    store,
    clock,
    freshMs: policy.pollMs,
    onMoved(transaction, from) {
      tally.moved(transaction, from)
      if (transaction.state === 'conflict') conflictAt = now()
      onMoved(transaction)
    },
  })
  const context: LaneContext = {
    ...settings,
    recompose,
    lane,
    live,
    troubles,
    now,
    underpriced: new Set(),
  }
  let conflictAt = -Infinity
  let workedAt: number | null = null
  let failingSince: number | null = null
  /** By the clock that never goes back: until then no other process can have the lane. */
  let leasedUntil = -Infinity
  let isUnderWay = false

  async function acquire(): Promise<boolean> {
    if (clock.monotonic() < leasedUntil) return true
    const askedAt = clock.monotonic()
    const answer = await lease.acquire()
    if ('freeInMs' in answer) return false
    leasedUntil = askedAt + lease.renewMs
    return true
  }

  async function attempt({ isDraining, signal }: LaneRoundOptions): Promise<LaneRound> {
    const round = await runBounded(
      (call) => runLaneRound(context, { isDraining, signal: call.signal }),
      {
        clock,
        timeoutMs: policy.roundTimeoutMs,
        signal,
        createTimeoutError: () => roundTimeoutError(lane.chain, policy.roundTimeoutMs),
      },
    )
    workedAt = now()
    failingSince = null
    return round
  }

  async function tell(): Promise<void> {
    troubles.note('conflict', conflictAt + CONFLICT_TOLD_MS > now())
    troubles.note(
      'unreachable',
      failingSince !== null && failingSince + UNREACHABLE_AFTER_MS <= now(),
    )
    tally.live(live.list().length)
    await troubles.tell()
  }

  async function round(options: LaneRoundOptions): Promise<LaneRound | null> {
    if (isUnderWay || !(await acquire())) return null
    isUnderWay = true
    try {
      return await attempt(options)
    } catch (error) {
      failingSince ??= now()
      tally.roundFailed()
      throw error
    } finally {
      isUnderWay = false
      await tell()
    }
  }

  return {
    account,
    round,
    invalidate: () => live.invalidate(),
    status: () => ({
      ...lane,
      isHeld: lease.isHeld,
      live: live.list().length,
      troubles: troubles.list(),
      workedAt,
    }),
    release: () => lease.release(),
  }
}

function roundTimeoutError(chain: string, timeoutMs: number): AssayError {
  return new AssayError('TRANSACTION_ROUND_TIMEOUT', {
    message: `A round of a lane on ${chain} took longer than ${timeoutMs} ms and was aborted.`,
    retry: 'safe',
    context: { chain, timeoutMs },
  })
}
