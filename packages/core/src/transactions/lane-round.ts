import { assignQueued } from './assign-queued.ts'
import { broadcastTransactions } from './broadcast-transactions.ts'
import { fillGap } from './fill-gap.ts'
import { judgeObservation } from './judge-observation.ts'
import type { LaneContext } from './lane-context.ts'
import { replaceStuck, signAssigned } from './sign-transactions.ts'
import type { LaneObservation } from './transaction-sender.ts'
import type { Transaction } from './transaction.ts'

/** What is left after a round. */
export interface LaneRound {
  /** Transactions that are on their way. */
  readonly live: number
  /** Whether more waits, and there is room for it now. */
  readonly hasMore: boolean
}

/**
 * Takes every transaction of a lane as far as it goes now: looks where they are, replaces, fills, gives
 * nonces, signs and sends. Every step may be the last one of a process: the next round, wherever it
 * runs, finds the work where the store says that it stands.
 */
export async function runLaneRound(
  context: LaneContext,
  { isDraining, signal }: { readonly isDraining: boolean; readonly signal: AbortSignal },
): Promise<LaneRound> {
  const { live, lane, store } = context
  await live.refresh()
  const room = roomOf(context)
  const queued = isDraining || room <= 0 ? [] : await store.listQueued(lane, room)
  if (queued.length > 0 || live.list().length > 0) await work(context, queued, signal)
  const hasMore = queued.length > 0 && queued.length === room && roomOf(context) > 0
  return { live: live.list().length, hasMore }
}

async function work(
  context: LaneContext,
  queued: readonly Transaction[],
  signal: AbortSignal,
): Promise<void> {
  const { lane, live, sender } = context
  const transactions = live.list()
  const observation = await sender.observe({ account: lane.account, transactions, signal })
  signal.throwIfAborted()
  await follow(context, observation)
  await fillGap(context, observation)
  await replaceStuck(context, signal)
  if (!isBlocked(context)) await assignQueued(context, queued, observation, signal)
  await signAssigned(context, signal)
  await broadcastTransactions(context, signal)
}

/** Twice, because what is found in a final block is first noted to be in a block. */
async function follow(context: LaneContext, observation: LaneObservation): Promise<void> {
  const { live, now } = context
  for (let pass = 1; pass <= 2; pass += 1) {
    await live.commit(judgeObservation(live.list(), observation, now()))
  }
}

/** Nothing new is sent into these; whether an account is funded shows when something new is tried. */
function isBlocked({ troubles }: LaneContext): boolean {
  const lasting = troubles.list()
  return lasting.includes('gap') || lasting.includes('history-lost')
}

/** What is mined takes no room. */
function roomOf({ policy, live }: LaneContext): number {
  return policy.inFlightMax - live.list().filter(({ state }) => state !== 'mined').length
}
