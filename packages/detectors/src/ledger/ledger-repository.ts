import type { AccountCandidates } from './account-candidates.ts'
import type { LedgerEntryInput } from './ledger-entry.ts'

/**
 * Where the detectors read accounts and transactions. Implement it over your own tables, or use
 * `createMemoryLedgerRepository` or `createPostgresLedgerRepository` of `@assay/detectors/postgres`.
 */
export interface LedgerRepository {
  /**
   * Whether no account holds two rows under one transaction id, as a primary key guarantees. Then no
   * row is kept to recognise a repeated one. Default false.
   */
  readonly hasUniqueIds?: boolean | undefined
  /**
   * Runs `work` over the ledger as it stood at one moment: balances and transactions that were read
   * at different moments would show discrepancies that never were.
   *
   * The entries of an account stand together: its balance first, if one is known, then its
   * transactions by `sequence`, then those without one in the order in which they came in. The order
   * of accounts does not matter. Entries are parsed by the reader, so a row may be handed out as it
   * is: one that does not parse is set aside and counted. A row with a sequence that is no whole
   * number comes before the account's others, so that nothing is compared across the place that it
   * may have had.
   *
   * @param work reads the batches once, from first to last
   * @param options which entries, and how many at a time
   * @returns what `work` returned
   */
  readSnapshot<Result>(
    work: (batches: AsyncIterable<readonly LedgerEntryInput[]>) => Promise<Result>,
    options: ReadLedger,
  ): Promise<Result>
}

/** What is to be read of a ledger. */
export interface ReadLedger {
  /** The most entries in a batch, at least 1. */
  readonly batchSize: number
  /** A hint: other accounts may be left out. Default: all are read. */
  readonly candidates?: AccountCandidates | undefined
  /** Only these accounts. Default: all. */
  readonly accountIds?: readonly string[] | undefined
  /** A hint: transactions before this event time may be left out, in epoch milliseconds. Default: none. */
  readonly sinceMs?: number | undefined
}
