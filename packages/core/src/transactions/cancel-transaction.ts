import type { CancelResult } from './transaction-manager.ts'
import { beginCancel } from './transaction-moves.ts'
import { transactionNotFoundError } from './transaction-not-found-error.ts'
import type { TransactionStore } from './transaction-store.ts'
import { isFinalState, type Transaction } from './transaction.ts'

/** Whoever forestalls a cancellation has made a step, and there are only so many. */
const TRIES_MAX = 16

/**
 * Cancels in the store alone, so that any process can, whichever works on the lane. Compare-and-set
 * makes the answer certain: what is `never-sent` can not be sent by anyone from then on.
 *
 * @throws {AssayError} `TRANSACTION_NOT_FOUND`
 */
export async function cancelTransaction(
  id: string,
  { store, now }: { readonly store: TransactionStore; readonly now: () => number },
): Promise<CancelResult> {
  for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
    const [transaction] = await store.get([id])
    if (transaction === undefined) throw transactionNotFoundError(id)
    const settled = settledOutcome(transaction)
    if (settled !== null) return { outcome: settled, transaction }
    const move = beginCancel(transaction, { reason: 'cancelled', now: now() })
    const [isMade] = await store.commit([move])
    if (isMade === true) return { outcome: outcomeOf(move.next), transaction: move.next }
  }
  throw new Error(`Transaction ${id} changed ${TRIES_MAX} times while it was being cancelled.`)
}

/** What there is to say where there is nothing to do. */
function settledOutcome(transaction: Transaction): CancelResult['outcome'] | null {
  if (isFinalState(transaction.state)) return 'ended'
  if (transaction.state === 'mined') return 'mined'
  return transaction.purpose === 'cancel' ? outcomeOf(transaction) : null
}

function outcomeOf({ attempts }: Transaction): 'never-sent' | 'cancelling' {
  return attempts.some(({ purpose }) => purpose === 'send') ? 'cancelling' : 'never-sent'
}
