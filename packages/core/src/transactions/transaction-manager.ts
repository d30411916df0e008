import type { JsonValue } from './json-value.ts'
import type { RecomposeTransaction } from './lane-context.ts'
import type { LaneTrouble } from './lane-troubles.ts'
import type { TransactionFilter } from './transaction-store.ts'
import type { Transaction, TransactionLane, TransactionRequest } from './transaction.ts'

/** Gets transactions executed exactly once, whatever happens to the process. */
export interface TransactionManager<Payload extends JsonValue = JsonValue> {
  /**
   * Stores transactions that shall be executed, in this order. Once it resolves they will be, or
   * someone can tell why not.
   *
   * @returns for each whether it is new, or known from before by its idempotency key
   * @throws {AssayError} `TRANSACTION_KEY_REUSED` when a key is known with another payload;
   *   `TRANSACTION_PAYLOAD_INVALID`; `TRANSACTION_ACCOUNT_UNKNOWN`; `TRANSACTION_QUEUE_FULL`. Then
   *   nothing is stored of those that are new, and nothing is sent for them
   */
  enqueue(
    requests: readonly TransactionRequest<Payload>[],
  ): Promise<readonly EnqueueResult<Payload>[]>
  /**
   * Waits until a transaction is in a block, or until it is final.
   *
   * @param until `mined` resolves also when it ended without a block
   * @throws {AssayError} `TRANSACTION_NOT_FOUND`; the signal's reason
   */
  wait(
    id: string,
    until: 'mined' | 'final',
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<Transaction<Payload>>
  /** @returns `null` where there is none */
  get(id: string): Promise<Transaction<Payload> | null>
  /** Those that are there, in any order. */
  getMany(ids: readonly string[]): Promise<readonly Transaction<Payload>[]>
  /** @returns the one that was asked for under a key; `null` where there is none */
  find(idempotencyKey: string): Promise<Transaction<Payload> | null>
  /** Those that fit, newest first. */
  list(filter?: Partial<TransactionFilter>): Promise<readonly Transaction<Payload>[]>
  /**
   * Does without a transaction, if that is still possible.
   *
   * @throws {AssayError} `TRANSACTION_NOT_FOUND`
   */
  cancel(id: string): Promise<CancelResult>
  /** Hears of every change that this process makes, after it is stored. @returns ends it */
  watchTransactions(listener: (transaction: Transaction<Payload>) => void): () => void
  /**
   * Asks before an attempt is replaced whether the new one shall carry newer values. Of several that
   * are asked, the first that has something counts.
   *
   * @returns ends it
   */
  recomposeWith(recompose: RecomposeTransaction): () => void
  /**
   * Takes one round of every lane that this process can hold. `run` does so continually; a host with a
   * timer of its own, or a test, calls this.
   */
  tick(options?: { readonly signal?: AbortSignal | undefined }): Promise<TransactionTick>
  /**
   * Works until the signal aborts or the manager is closed. Checks first that the endpoints serve the
   * right chain.
   *
   * @throws {AssayError} `CHAIN_MISMATCH`
   */
  run(options?: { readonly signal?: AbortSignal | undefined }): Promise<void>
  /**
   * Finishes what a crash has left: takes lanes over and does one round of each, so that what was
   * signed is sent and what was sent is looked for.
   *
   * @returns how many transactions were found without an end
   */
  recover(options?: { readonly signal?: AbortSignal | undefined }): Promise<TransactionTick>
  /**
   * Sends nothing new, and waits until everything that has a nonce is final. What is queued stays
   * queued.
   *
   * @throws the signal's reason when it aborts first; nothing is lost then
   */
  drain(options?: { readonly signal?: AbortSignal | undefined }): Promise<void>
  /** How every lane is. */
  status(): readonly LaneStatus[]
  /** Ends `run` after the round under way, and gives the lanes back. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** What became of a request. */
export interface EnqueueResult<Payload extends JsonValue = JsonValue> {
  readonly outcome: 'queued' | 'known'
  readonly transaction: Transaction<Payload>
}

/**
 * What became of a wish to do without a transaction.
 *
 * - `never-sent`: its bytes have not been sent and never will be.
 * - `cancelling`: it may have been sent; its nonce is being taken away from it, and which of the two is
 *   mined decides. Wait for the end.
 * - `mined`: it is in a block already.
 * - `ended`: it is final.
 */
export interface CancelResult<Payload extends JsonValue = JsonValue> {
  readonly outcome: 'never-sent' | 'cancelling' | 'mined' | 'ended'
  readonly transaction: Transaction<Payload>
}

/** What a round of all lanes has done. */
export interface TransactionTick {
  /** Transactions that are on their way, in lanes of this process. */
  readonly live: number
  /** Whether more waits, and there is room for it now. */
  readonly hasMore: boolean
  /** Lanes whose round failed; the log says why, and the next round tries again. */
  readonly errors: number
}

/** How a lane is, as this process knows it. */
export interface LaneStatus extends TransactionLane {
  /** Whether this process works on it. */
  readonly isHeld: boolean
  readonly live: number
  readonly troubles: readonly LaneTrouble[]
  /** When its last round came through, in epoch milliseconds; `null` before. */
  readonly workedAt: number | null
}
