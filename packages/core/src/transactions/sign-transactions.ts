import type { LaneContext } from './lane-context.ts'
import { addAttempt } from './transaction-moves.ts'
import type { TransactionMove } from './transaction-store.ts'
import type { Transaction } from './transaction.ts'

/** Those in front hold up the rest: nothing is gained by replacing more of them at once. */
const REPLACED_AT_ONCE = 8

/** Signs what has a nonce and nothing to send. */
export async function signAssigned(context: LaneContext, signal: AbortSignal): Promise<void> {
  const assigned = context.live.list().filter(({ state }) => state === 'assigned')
  await signEach(context, assigned, (transaction) => sign(context, transaction, signal))
}

/** Signs better attempts for those in front that have waited too long for a block. */
export async function replaceStuck(context: LaneContext, signal: AbortSignal): Promise<void> {
  const { live, policy, underpriced, troubles, now } = context
  const late = live.list().filter((transaction) => {
    const isWaiting = transaction.state === 'broadcasting' || transaction.state === 'in-flight'
    const isOverdue = (transaction.attempts.at(-1)?.signedAt ?? 0) + policy.replaceAfterMs <= now()
    return isWaiting && (isOverdue || underpriced.has(transaction.id))
  })
  const replaceable = late.filter(({ attempts }) => attempts.length < policy.attemptsMax)
  const replaced = await signEach(context, replaceable.slice(0, REPLACED_AT_ONCE), (transaction) =>
    replace(context, transaction, signal),
  )
  troubles.note('stuck', late.length > 0 && replaced === 0)
}

/** One that cannot be signed now holds up no other: it keeps its nonce, and is tried again. */
async function signEach(
  { live, logger, underpriced, lane: { chain } }: LaneContext,
  transactions: readonly Transaction[],
  signOne: (transaction: Transaction) => Promise<TransactionMove | null>,
): Promise<number> {
  const signed = await Promise.allSettled(transactions.map(signOne))
  const moves = signed.flatMap((one) => {
    if (one.status === 'fulfilled') return one.value ?? []
    logger.warn({ err: one.reason, chain }, 'A transaction could not be signed, and will be again.')
    return []
  })
  for (const { next } of moves) underpriced.delete(next.id)
  return (await live.commit(moves)).length
}

async function replace(
  context: LaneContext,
  transaction: Transaction,
  signal: AbortSignal,
): Promise<TransactionMove | null> {
  const renewed = await renew(context, transaction, signal)
  return sign(context, { ...transaction, ...renewed }, signal)
}

/** What it shall do now. Newer values that would fail are left for a transaction of their own. */
async function renew(
  { recompose, sender, lane: { account } }: LaneContext,
  transaction: Transaction,
  signal: AbortSignal,
): Promise<Partial<Pick<Transaction, 'payload' | 'covers' | 'prepared'>>> {
  if (transaction.purpose === 'cancel') return {}
  const recomposed = await recompose(transaction, { signal })
  if (recomposed === null) return {}
  const tried = await sender.prepare({ account, payload: recomposed.payload, signal })
  return tried.outcome === 'ready' ? { ...recomposed, prepared: tried.prepared } : {}
}

async function sign(
  { sender, now }: LaneContext,
  transaction: Transaction,
  signal: AbortSignal,
): Promise<TransactionMove | null> {
  const { account, nonce, purpose, payload, prepared, attempts, covers } = transaction
  if (nonce === null) return null
  const signed = await sender.sign({ account, nonce, purpose, payload, prepared, attempts, signal })
  if (signed.outcome === 'unchanged') return null
  const { hash, raw, terms } = signed
  return addAttempt(transaction, { hash, raw, terms, purpose, covers, signedAt: now() })
}
