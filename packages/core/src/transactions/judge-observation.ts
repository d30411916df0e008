import { end, noteExpired, noteFinal, noteMined, noteReorganised } from './transaction-moves.ts'
import type { LaneObservation, TransactionVerdict } from './transaction-sender.ts'
import type { TransactionMove } from './transaction-store.ts'
import type { MinedAttempt, Transaction } from './transaction.ts'

/** What follows from what the chain says: a move for each transaction for which it says something new. */
export function judgeObservation(
  transactions: readonly Transaction[],
  { verdicts }: LaneObservation,
  now: number,
): readonly TransactionMove[] {
  return transactions.flatMap((transaction) => {
    const move = judge(transaction, verdicts.get(transaction.id), now)
    return move === null ? [] : [move]
  })
}

function judge(
  transaction: Transaction,
  verdict: TransactionVerdict | undefined,
  now: number,
): TransactionMove | null {
  switch (verdict?.kind) {
    case undefined:
      return transaction.state === 'mined' ? noteReorganised(transaction, now) : null
    case 'mined':
      return judgeMined(transaction, verdict, now)
    case 'expired':
      return transaction.state === 'assigned' ? null : noteExpired(transaction, now)
    case 'displaced':
      return end(transaction, 'conflict', { reason: 'nonce-used-elsewhere', now })
  }
}

function judgeMined(
  transaction: Transaction,
  { mined, isFinal }: Extract<TransactionVerdict, { readonly kind: 'mined' }>,
  now: number,
): TransactionMove | null {
  if (transaction.state !== 'mined') return noteMined(transaction, mined, now)
  if (isFinal) return noteFinal(transaction, mined, now)
  return isSame(transaction.mined, mined) ? null : noteMined(transaction, mined, now)
}

function isSame(known: MinedAttempt | null, { hash, blockHash }: MinedAttempt): boolean {
  return known?.hash === hash && known.blockHash === blockHash
}
