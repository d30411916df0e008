import type { JobLeaseStore } from '../scheduler/job-lease-store.ts'
import type { JsonValue } from './json-value.ts'
import type {
  Transaction,
  TransactionAttempt,
  TransactionLane,
  TransactionState,
} from './transaction.ts'

/**
 * Where transactions are kept: `createMemoryTransactionStore`, `createPostgresTransactionStore`, or one
 * of your own that passes `transactionStoreContract` of `@assay/core/testing`.
 *
 * Every method is one atomic step. Nothing that has a nonce is ever deleted while it is not final.
 */
export interface TransactionStore {
  /** Where processes agree on who works on a lane. It saves work; that no nonce is given twice does not depend on it. */
  readonly leases: JobLeaseStore
  /**
   * Stores new transactions in the given order, and supersedes queued ones of the same coalesce key. A
   * key that is there already is left as it is.
   *
   * @throws {AssayError} `TRANSACTION_KEY_REUSED` when a key is there with another `requestHash`; then
   *   nothing is stored
   */
  enqueue(
    transactions: readonly NewTransaction[],
    now: number,
  ): Promise<readonly EnqueuedTransaction[]>
  /**
   * Makes moves, each for itself: one is made while the transaction stands at `revision`, and while the
   * nonce that it takes is free.
   *
   * @returns for each move whether it was made
   */
  commit(moves: readonly TransactionMove[]): Promise<readonly boolean[]>
  get(ids: readonly string[]): Promise<readonly Transaction[]>
  /** The one with a key; `null` where there is none. */
  find(idempotencyKey: string): Promise<Transaction | null>
  /** The transactions of a lane that have a nonce and are not final, by nonce. */
  listLive(lane: TransactionLane): Promise<readonly Transaction[]>
  /** The next transactions without a nonce, in the order in which they came. */
  listQueued(lane: TransactionLane, limit: number): Promise<readonly Transaction[]>
  /** The nonce after the greatest that was ever assigned; `null` where none was. */
  nextNonce(lane: TransactionLane): Promise<bigint | null>
  /** For people and dashboards: those that fit all that is given, newest first. */
  list(filter: TransactionFilter): Promise<readonly Transaction[]>
  /** How many of each lane and state are kept, final ones left out. */
  countOpen(): Promise<readonly TransactionCount[]>
  /**
   * Deletes final transactions that ended before a moment, oldest first, with their attempts. Nonces
   * stay known.
   *
   * @returns how many were deleted, at most `limit`
   */
  prune(options: { readonly before: number; readonly limit: number }): Promise<number>
}

/** A transaction that is to be stored, every default filled in. */
export interface NewTransaction extends TransactionLane {
  readonly id: string
  readonly idempotencyKey: string
  /** Tells requests with one key apart. */
  readonly requestHash: string
  readonly payload: JsonValue
  readonly covers: readonly string[]
  readonly coalesceKey: string | null
  readonly expiresAt: number | null
  /** `cancel` for one that only fills a nonce: it is never listed as queued. */
  readonly purpose: TransactionAttempt['purpose']
}

/**
 * What became of a {@link NewTransaction}: `known` where its key was there already, with the
 * transaction that has it, whatever that one asks for.
 */
export interface EnqueuedTransaction {
  readonly outcome: 'queued' | 'known'
  readonly transaction: Transaction
}

/** One arrow of the state machine. */
export interface TransactionMove {
  /** As it was read. */
  readonly revision: number
  /** As it shall be: one revision on. */
  readonly next: Transaction
}

/** Which transactions are wanted. */
export interface TransactionFilter {
  readonly chain?: string | undefined
  readonly account?: string | undefined
  readonly states?: readonly TransactionState[] | undefined
  /** Only those that were enqueued before the one with this id. */
  readonly beforeId?: string | undefined
  /** At most so many. */
  readonly limit: number
}

/** How many transactions of a lane stand in a state. */
export interface TransactionCount extends TransactionLane {
  readonly state: TransactionState
  readonly count: number
}
