import type { Clock } from '../runtime/clock.ts'
import type { TransactionMove, TransactionStore } from './transaction-store.ts'
import {
  isFinalState,
  type Transaction,
  type TransactionLane,
  type TransactionState,
} from './transaction.ts'

/** The transactions of a lane that have a nonce and are not final, as this process knows them. */
export interface LiveTransactions {
  /** By nonce. */
  list(): readonly Transaction[]
  /** Reads them from the store, if another process may have changed them since they were last read. */
  refresh(): Promise<void>
  /** The next refresh reads, because somebody here has changed one without this list. */
  invalidate(): void
  /**
   * Makes moves in the store.
   *
   * @returns those that were made, as they stand now; a move that another process forestalled is left
   *   out, and its transaction read again
   */
  commit(moves: readonly TransactionMove[]): Promise<readonly Transaction[]>
}

/** What is known of a lane. */
export interface LiveTransactionsOptions {
  readonly lane: TransactionLane
  readonly store: TransactionStore
  /** After so many milliseconds others may have changed what was read: they may cancel at any time. */
  readonly freshMs: number
  readonly clock: Clock
  /** Hears of each move that was made, and of the state before where that is known. */
  readonly onMoved: (transaction: Transaction, from: TransactionState | undefined) => void
}

/** Makes the list of a lane. It is empty until it is refreshed. */
export function createLiveTransactions({
  lane,
  store,
  freshMs,
  clock,
  onMoved,
}: LiveTransactionsOptions): LiveTransactions {
  let byId = new Map<string, Transaction>()
  let isFresh = false
  let readAt = -Infinity

  function keep(transaction: Transaction): void {
    if (transaction.nonce === null || isFinalState(transaction.state)) byId.delete(transaction.id)
    else byId.set(transaction.id, transaction)
  }

  async function reread(ids: readonly string[]): Promise<void> {
    for (const id of ids) byId.delete(id)
    for (const transaction of await store.get(ids)) keep(transaction)
  }

  return {
    list: () => [...byId.values()].toSorted(byNonce),
    async refresh() {
      const now = clock.monotonic()
      if (isFresh && now - readAt < freshMs) return
      const live = await store.listLive(lane)
      byId = new Map(live.map((transaction) => [transaction.id, transaction]))
      isFresh = true
      readAt = now
    },
    invalidate() {
      isFresh = false
    },
    async commit(moves) {
      if (moves.length === 0) return []
      // Where the answer is lost nobody knows what was made, and only the store can tell.
      isFresh = false
      const made = await store.commit(moves)
      isFresh = true
      const moved = moves.flatMap(({ next }, index) => (made[index] === true ? [next] : []))
      for (const transaction of moved) {
        const from = byId.get(transaction.id)?.state
        keep(transaction)
        onMoved(transaction, from)
      }
      const forestalled = moves.flatMap(({ next }, index) =>
        made[index] === true ? [] : [next.id],
      )
      if (forestalled.length > 0) {
        isFresh = false
        await reread(forestalled)
        isFresh = true
      }
      return moved
    },
  }
}

function byNonce(one: Transaction, other: Transaction): number {
  if (one.nonce === null || other.nonce === null) return 0
  return one.nonce < other.nonce ? -1 : 1
}
