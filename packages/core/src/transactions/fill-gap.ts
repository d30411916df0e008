import type { LaneContext } from './lane-context.ts'
import { assignFiller, end } from './transaction-moves.ts'
import type { LaneObservation } from './transaction-sender.ts'
import type { NewTransaction } from './transaction-store.ts'

/**
 * Gives every nonce that the chain waits for and that nobody here has to a transaction that does
 * nothing, because no later one can be mined before it.
 */
export async function fillGap(context: LaneContext, { nextNonce }: LaneObservation): Promise<void> {
  const { live, policy, troubles } = context
  const lowest = live.list()[0]?.nonce ?? nextNonce
  const width = lowest - nextNonce
  troubles.note('gap', width > BigInt(policy.gapMax))
  let isForgotten = false
  for (let nonce = nextNonce; nonce < lowest && width <= BigInt(policy.gapMax); nonce += 1n) {
    if (!(await fill(context, nonce))) isForgotten = true
  }
  troubles.note('history-lost', isForgotten)
}

/** @returns `false` where the nonce has been used before, and its transaction is final */
async function fill(context: LaneContext, nonce: bigint): Promise<boolean> {
  const { lane, store, live, createId, now } = context
  const filler: NewTransaction = {
    ...lane,
    id: createId(),
    idempotencyKey: `fill:${lane.chain}:${lane.account}:${nonce}`,
    requestHash: '',
    payload: null,
    covers: [],
    coalesceKey: null,
    expiresAt: null,
    purpose: 'cancel',
  }
  const [enqueued] = await store.enqueue([filler], now())
  const transaction = enqueued?.transaction
  if (transaction?.state !== 'queued') return false
  const made = await live.commit([assignFiller(transaction, nonce, now())])
  if (made.length > 0) return true
  const reason = 'nonce-known'
  await live.commit([end(transaction, 'abandoned', { reason, now: now() })])
  return false
}
