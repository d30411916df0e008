import type { SqlClient } from '@assay/core'
import type { LedgerRepository } from '@assay/detectors'
import { type AddedTransactions, createPostgresLedgerRepository } from '@assay/detectors/postgres'

import type { TransactionRow } from '../read-transactions.ts'
import type { Reject } from '../report/create-reject-log.ts'

/** Takes the rows of one file. */
export interface RowStore {
  /** Where the detector reads them. */
  readonly ledger: LedgerRepository
  /**
   * Stores rows in the order of the file. A row that repeats another word for word counts once; one
   * that has the id of another and says otherwise is set aside, and the first of the two stays.
   *
   * @returns how many rows repeat another word for word
   */
  add(rows: readonly TransactionRow[]): Promise<number>
}

/** How {@link createRowStore} stores. */
export interface RowStoreOptions {
  /** Of a database that has the tables of the detectors. */
  readonly client: SqlClient
  /** Whether a row that repeats another has a place of its own, as when its line is its place. */
  readonly repeatsDifferInPlace: boolean
  /** Takes each row that is set aside. */
  readonly onReject: (reject: Reject) => Promise<void>
}

const CONFLICTING_DUPLICATE = {
  kind: 'conflicting duplicate',
  detail: 'an earlier row has its id and says otherwise',
}

/** Makes the store of one file's rows. */
export function createRowStore({
  client,
  repeatsDifferInPlace,
  onReject,
}: RowStoreOptions): RowStore {
  const ledger = createPostgresLedgerRepository(client)
  // The ledger would take every repetition for a conflict: a second one, without places, tells them.
  const asWritten = repeatsDifferInPlace
    ? createPostgresLedgerRepository(client, { source: 'as-written' })
    : null

  const words = asWritten ?? ledger

  async function send(rows: readonly TransactionRow[]): Promise<AddedTransactions> {
    const placed = rows.map(({ transaction, place }) => ({ ...transaction, sequence: place }))
    const outcome = await ledger.addTransactions(placed)
    return asWritten?.addTransactions(rows.map(({ transaction }) => transaction)) ?? outcome
  }

  /** Which of several versions of transactions that are stored say otherwise than what is stored. */
  async function findConflicts(versions: readonly TransactionRow[]): Promise<TransactionRow[]> {
    if (versions.length === 0) return []
    const { conflicting } = await words.addTransactions(
      versions.map(({ transaction }) => transaction),
    )
    if (conflicting.length === 0) return []
    if (conflicting.length === versions.length) return [...versions]
    // A conflict names its transaction and not its version, so the halves are asked apart.
    const half = versions.length >> 1
    const first = await findConflicts(versions.slice(0, half))
    return [...first, ...(await findConflicts(versions.slice(half)))]
  }

  return {
    ledger,
    async add(rows) {
      const alike = Map.groupBy(rows, wordsOf)
      const versions = [...alike.values()].flatMap((same) => same.slice(0, 1))
      const byId = [...Map.groupBy(versions, ({ transaction }) => idOf(transaction)).values()]
      const firsts = byId.flatMap((sameId) => sameId.slice(0, 1))
      const others = byId.flatMap((sameId) => sameId.slice(1))

      const { added, decided, conflicting } = await send(firsts)
      const disputed = new Set(conflicting.map(idOf))
      const isDisputed = ({ transaction }: TransactionRow) => disputed.has(idOf(transaction))
      const refused = [
        ...firsts.filter(isDisputed),
        // The first of these ids is what is stored now, and they differ from it.
        ...others.filter((row) => !isDisputed(row)),
        ...(await findConflicts(others.filter(isDisputed))),
      ]

      const conflicts = refused
        .flatMap((row) => alike.get(wordsOf(row)) ?? [])
        .toSorted((a, b) => a.line - b.line)
      for (const { line, text, transaction, place } of conflicts) {
        const { accountId } = transaction
        await onReject({ line, text, fault: CONFLICTING_DUPLICATE, accountId, place })
      }
      return rows.length - conflicts.length - added - decided
    },
  }
}

/** All that a row says. Its texts hold no control characters, so nothing is taken for a separator. */
function wordsOf({ transaction }: TransactionRow): string {
  return Object.values(transaction).join('\n')
}

function idOf({ accountId, transactionId }: { accountId: string; transactionId: string }): string {
  return `${accountId}\n${transactionId}`
}
