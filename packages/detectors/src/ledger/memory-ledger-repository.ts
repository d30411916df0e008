import { inBatches } from './in-batches.ts'
import {
  type AccountBalanceInput,
  type LedgerEntryInput,
  type LedgerTransactionInput,
  readSequence,
  type SequenceReading,
} from './ledger-entry.ts'
import type { LedgerRepository } from './ledger-repository.ts'

/** The rows of a ledger that is held in memory. */
export interface MemoryLedger {
  /** In the order in which they came in. */
  readonly transactions?: Iterable<LedgerTransactionInput> | undefined
  /** At most one for each account; of several the last one counts. */
  readonly balances?: Iterable<AccountBalanceInput> | undefined
}

/**
 * A ledger in memory: for tests, and for files that fit. Rows are kept as they are, so a malformed
 * or repeated one reaches the reader and is counted there.
 *
 * @param ledger the rows; they are read at once, and later changes of the lists have no effect
 *
 * @example
 * ```ts
 * import { createMemoryLedgerRepository, detectBalanceDiscrepancies } from '@assay/detectors'
 *
 * const ledger = createMemoryLedgerRepository({ transactions: [], balances: [] })
 * const { summary } = await detectBalanceDiscrepancies({ ledger })
 * console.log(summary.accounts) // 0
 * ```
 */
export function createMemoryLedgerRepository(ledger: MemoryLedger = {}): LedgerRepository {
  const accounts = groupByAccount(ledger)

  return {
    // Preselecting would cost what it spares here, so the hint is not taken.
    readSnapshot: (work, { batchSize, accountIds }) =>
      work(inBatches(entriesOf(accounts, accountIds), batchSize)),
  }
}

interface AccountRows {
  balance: AccountBalanceInput | null
  transactions: LedgerTransactionInput[]
}

type Accounts = ReadonlyMap<unknown, AccountRows>

function groupByAccount({ transactions = [], balances = [] }: MemoryLedger): Accounts {
  const byAccount = new Map<unknown, AccountRows>()
  const rowsOf = (accountId: unknown): AccountRows => {
    const known = byAccount.get(accountId)
    if (known !== undefined) return known
    const rows: AccountRows = { balance: null, transactions: [] }
    byAccount.set(accountId, rows)
    return rows
  }

  // A list that was read from a file may hold anything, so a row may be null here.
  for (const balance of balances) rowsOf(field(balance, 'accountId')).balance = balance
  for (const row of transactions) rowsOf(field(row, 'accountId')).transactions.push(row)
  for (const rows of byAccount.values()) rows.transactions = sorted(rows.transactions)
  return byAccount
}

/** The sort is stable: rows without a sequence keep the order in which they came in. */
function sorted(rows: readonly LedgerTransactionInput[]): LedgerTransactionInput[] {
  return rows
    .map((row) => ({ row, sequence: readSequence(row) }))
    .sort((a, b) => compareSequences(a.sequence, b.sequence))
    .map(({ row }) => row)
}

/** One that cannot be read comes first, and none last. */
function compareSequences(a: SequenceReading, b: SequenceReading): number {
  if (a === b) return 0
  if (a === 'unreadable' || b === null) return -1
  if (b === 'unreadable' || a === null) return 1
  return a < b ? -1 : 1
}

function field<Row extends object>(row: Row | null | undefined, name: keyof Row): unknown {
  return row?.[name]
}

function* entriesOf(
  accounts: Accounts,
  accountIds: Iterable<unknown> = accounts.keys(),
): Iterable<LedgerEntryInput> {
  for (const accountId of new Set(accountIds)) {
    const { balance, transactions } = accounts.get(accountId) ?? NO_ROWS
    if (balance !== null) yield { ...balance, kind: 'balance' }
    for (const transaction of transactions) yield { ...transaction, kind: 'transaction' }
  }
}

const NO_ROWS: AccountRows = { balance: null, transactions: [] }
