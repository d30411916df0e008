import type { PostgresLedgerRepository } from '@assay/detectors/postgres'

import type { TransactionRow } from '../read-transactions.ts'
import type { Reject } from '../report/create-reject-log.ts'

const CONFLICTING_DUPLICATE = {
  kind: 'conflicting duplicate',
  detail: 'an earlier row has its id and says otherwise',
}

/**
 * Stores rows in the order of the file. A row that repeats another word for word counts once; one
 * that has the id of another and says otherwise is set aside, and the first of the two stays.
 *
 * @param ledger where they are stored
 * @param rows of one batch
 * @param onReject takes each row that is set aside
 * @returns how many rows repeat another word for word
 */
export async function storeRows(
  ledger: PostgresLedgerRepository,
  rows: readonly TransactionRow[],
  onReject: (reject: Reject) => Promise<void>,
): Promise<number> {
  let repetitions = 0
  // With each id once at a time, an id that comes back as a conflict names one line.
  for (let rest = rows; rest.length > 0;) {
    const { first, repeated } = firstOfEachId(rest)
    const stored = [...first.values()].map((row) => row.transaction)
    const { conflicting, redelivered } = await ledger.addTransactions(stored)
    for (const conflict of conflicting) {
      const row = first.get(keyOf(conflict))
      if (row === undefined) continue
      const { line, text, transaction } = row
      const { accountId, sequence } = transaction
      await onReject({ line, text, fault: CONFLICTING_DUPLICATE, accountId, sequence })
    }
    repetitions += redelivered
    rest = repeated
  }
  return repetitions
}

function firstOfEachId(rows: readonly TransactionRow[]) {
  const first = new Map<string, TransactionRow>()
  const repeated: TransactionRow[] = []
  for (const row of rows) {
    const key = keyOf(row.transaction)
    if (first.has(key)) repeated.push(row)
    else first.set(key, row)
  }
  return { first, repeated }
}

/** Ids hold no control characters, so nothing can be mistaken for the separator. */
function keyOf({ accountId, transactionId }: { accountId: string; transactionId: string }): string {
  return `${accountId}\n${transactionId}`
}
