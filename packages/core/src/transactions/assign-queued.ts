import type { LaneContext } from './lane-context.ts'
import { assignNonce, end } from './transaction-moves.ts'
import type { LaneObservation, PrepareOutcome } from './transaction-sender.ts'
import type { TransactionMove } from './transaction-store.ts'
import type { Transaction } from './transaction.ts'

/**
 * Gives nonces to transactions that wait for one, in the order in which they came. What would fail gets
 * none. The first one that cannot be tried now holds up those behind it, so that the order stays.
 */
export async function assignQueued(
  context: LaneContext,
  queued: readonly Transaction[],
  observation: LaneObservation,
  signal: AbortSignal,
): Promise<void> {
  const { live, store, lane, now } = context
  const expired = queued.filter(isExpiredAt(now()))
  const due = queued.filter((transaction) => !expired.includes(transaction))
  const tried = await Promise.allSettled(due.map((one) => prepare(context, one, signal)))
  signal.throwIfAborted()

  const moves: TransactionMove[] = expired.map((transaction) =>
    end(transaction, 'abandoned', { reason: 'expired', now: now() }),
  )
  let nonce = greater((await store.nextNonce(lane)) ?? 0n, observation.freeNonce)
  for (const [index, transaction] of due.entries()) {
    const outcome = outcomeOf(context, tried[index])
    if (outcome === null) break
    if (outcome.outcome === 'rejected') {
      moves.push(end(transaction, 'rejected', { reason: outcome.reason, now: now() }))
      continue
    }
    moves.push(assignNonce(transaction, { nonce, prepared: outcome.prepared, now: now() }))
    nonce += 1n
  }
  await live.commit(moves)
}

async function prepare(
  { sender, lane: { account } }: LaneContext,
  { payload }: Transaction,
  signal: AbortSignal,
): Promise<PrepareOutcome> {
  return sender.prepare({ account, payload, signal })
}

/** `null` where it, and all behind it, have to wait. */
function outcomeOf(
  { troubles, logger, lane: { chain } }: LaneContext,
  tried: PromiseSettledResult<PrepareOutcome> | undefined,
): Exclude<PrepareOutcome, { readonly outcome: 'underfunded' }> | null {
  if (tried === undefined) return null
  if (tried.status === 'rejected') {
    logger.warn(
      { err: tried.reason, chain },
      'A transaction could not be tried, and will be again.',
    )
    return null
  }
  troubles.note('underfunded', tried.value.outcome === 'underfunded')
  return tried.value.outcome === 'underfunded' ? null : tried.value
}

function isExpiredAt(now: number): (transaction: Transaction) => boolean {
  return ({ expiresAt }) => expiresAt !== null && expiresAt <= now
}

function greater(one: bigint, other: bigint): bigint {
  return one > other ? one : other
}
