import type { LaneContext } from './lane-context.ts'
import { beginBroadcast, beginCancel, noteAccepted, noteSentAgain } from './transaction-moves.ts'
import type { BroadcastOutcome } from './transaction-sender.ts'
import type { TransactionMove } from './transaction-store.ts'
import type { Transaction } from './transaction.ts'

/**
 * Sends what is signed, and sends again what has been out for long. That it may be out is stored before
 * the first byte leaves, so that of everything else it is certain that it was never sent.
 */
export async function broadcastTransactions(
  context: LaneContext,
  signal: AbortSignal,
): Promise<void> {
  const { live, now } = context
  const signed = live.list().filter(({ state }) => state === 'signed')
  const begun = await live.commit(signed.map((transaction) => beginBroadcast(transaction, now())))
  const overdue = live.list().filter((one) => isOverdue(context, one) && !begun.includes(one))
  const sending = [...begun, ...overdue]
  const outcomes = await Promise.all(sending.map((one) => send(context, one, signal)))
  signal.throwIfAborted()
  const moves = sending.flatMap((transaction, index) => {
    const isFirst = index < begun.length
    return moveAfter(context, { transaction, outcome: outcomes[index], isFirst }) ?? []
  })
  await live.commit(moves)
}

function isOverdue({ policy, now }: LaneContext, { state, sentAt }: Transaction): boolean {
  if (state !== 'broadcasting' && state !== 'in-flight') return false
  return sentAt === null || sentAt + policy.resendAfterMs <= now()
}

async function send(
  { sender, logger, lane: { chain } }: LaneContext,
  { attempts }: Transaction,
  signal: AbortSignal,
): Promise<BroadcastOutcome> {
  const newest = attempts.at(-1)
  if (newest === undefined) return { outcome: 'unknown' }
  try {
    return await sender.broadcast(newest, { signal })
  } catch (error) {
    logger.warn({ err: error, chain }, 'Whether a transaction was taken is unknown.')
    return { outcome: 'unknown' }
  }
}

/** What came of sending one transaction. */
interface Sent {
  readonly transaction: Transaction
  readonly outcome: BroadcastOutcome | undefined
  readonly isFirst: boolean
}

function moveAfter(
  { troubles, underpriced, now }: LaneContext,
  { transaction, outcome = { outcome: 'unknown' }, isFirst }: Sent,
): TransactionMove | null {
  if (outcome.outcome === 'accepted') {
    troubles.note('underfunded', false)
    return noteAccepted(transaction, now())
  }
  if (outcome.outcome === 'underfunded') troubles.note('underfunded', true)
  if (outcome.outcome === 'underpriced') underpriced.add(transaction.id)
  if (outcome.outcome === 'refused' && isAlone(transaction)) {
    return beginCancel(transaction, { reason: outcome.reason, now: now() })
  }
  return isFirst ? null : noteSentAgain(transaction, now())
}

/** Where older attempts are out, they may land whatever becomes of the newest. */
function isAlone({ attempts, purpose }: Transaction): boolean {
  return attempts.length === 1 && purpose === 'send'
}
