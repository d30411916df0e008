import type {
  AccountBalanceInput,
  LedgerEntryInput,
  LedgerTransactionInput,
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
    readSnapshot: (work, { batchSize }) => work(inBatches(entriesOf(accounts), batchSize)),
  }
}

interface AccountRows {
  balance: AccountBalanceInput | null
  readonly transactions: LedgerTransactionInput[]
}

function groupByAccount({ transactions = [], balances = [] }: MemoryLedger): AccountRows[] {
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
  // The sort is stable: rows without a sequence keep the order in which they came in.
  for (const rows of byAccount.values()) rows.transactions.sort(bySequence)
  return [...byAccount.values()]
}

function bySequence(a: LedgerTransactionInput, b: LedgerTransactionInput): number {
  const [first, second] = [sequenceOf(a), sequenceOf(b)]
  if (first === second) return 0
  if (first === null) return 1
  if (second === null) return -1
  return first < second ? -1 : 1
}

/** A sequence that cannot be read counts as none: the reader sets its row aside anyway. */
function sequenceOf(row: LedgerTransactionInput): bigint | null {
  const sequence = field(row, 'sequence')
  if (typeof sequence === 'bigint') return sequence
  if (typeof sequence === 'number') return Number.isSafeInteger(sequence) ? BigInt(sequence) : null
  return typeof sequence === 'string' && /^\d{1,19}$/.test(sequence) ? BigInt(sequence) : null
}

function field<Row extends object>(row: Row | null | undefined, name: keyof Row): unknown {
  return row?.[name]
}

function* entriesOf(accounts: readonly AccountRows[]): Iterable<LedgerEntryInput> {
  for (const { balance, transactions } of accounts) {
    if (balance !== null) yield { ...balance, kind: 'balance' }
    for (const transaction of transactions) yield { ...transaction, kind: 'transaction' }
  }
}

async function* inBatches<Item>(
  items: Iterable<Item>,
  batchSize: number,
): AsyncIterable<readonly Item[]> {
  let batch: Item[] = []
  for (const item of items) {
    batch.push(item)
    if (batch.length === batchSize) {
      yield batch
      batch = []
    }
  }
  if (batch.length > 0) yield batch
}
