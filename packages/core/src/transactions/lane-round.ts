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
  /** Whether more waited than there was room for. */
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
  const { live } = context
  await live.refresh()
  const queued = isDraining ? [] : await listNext(context)
  if (queued.length > 0 || live.list().length > 0) await work(context, queued, signal)
  const left = live.list().length
  return { live: left, hasMore: queued.length > 0 && queued.length >= roomOf(context) }
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

async function listNext(context: LaneContext): Promise<readonly Transaction[]> {
  const room = roomOf(context)
  return room > 0 ? context.store.listQueued(context.lane, room) : []
}

/** What is mined takes no room. */
function roomOf({ policy, live }: LaneContext): number {
  return policy.inFlightMax - live.list().filter(({ state }) => state !== 'mined').length
}
