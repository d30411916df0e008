import { createMemoryJobLeaseStore } from '../scheduler/memory-job-lease-store.ts'
import { transactionKeyReusedError } from './transaction-key-reused-error.ts'
import type {
  EnqueuedTransaction,
  NewTransaction,
  TransactionMove,
  TransactionStore,
} from './transaction-store.ts'
import { isFinalState, type Transaction, type TransactionLane } from './transaction.ts'

/**
 * Keeps transactions in memory: for tests, and for simulations of crashes that leave the store alone.
 * What it holds is gone with the process, and with it the proof of what was sent.
 *
 * @example
 * ```ts
 * import { createMemoryTransactionStore, type NewTransaction } from '@assay/core'
 *
 * const store = createMemoryTransactionStore()
 * const transaction: NewTransaction = {
 *   id: '1',
 *   idempotencyKey: 'payout-7',
 *   requestHash: '0',
 *   chain: 'eip155:1',
 *   account: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
 *   payload: {},
 *   covers: [],
 *   coalesceKey: null,
 *   expiresAt: null,
 *   purpose: 'send',
 * }
 * await store.enqueue([transaction], 1_749_895_200_000)
 * const [again] = await store.enqueue([{ ...transaction, id: '2' }], 1_749_895_200_001)
 * console.log(again?.outcome, again?.transaction.id) // known 1
 * ```
 */
export function createMemoryTransactionStore(): TransactionStore {
  /** In the order in which they came. */
  const transactions = new Map<string, Transaction>()
  const idsByKey = new Map<string, string>()
  /** By lane, and then by nonce: whose it is. They are never given back. */
  const nonces = new Map<string, Map<bigint, string>>()

  function enqueueOne(request: NewTransaction, now: number): EnqueuedTransaction {
    const known = transactions.get(idsByKey.get(request.idempotencyKey) ?? '')
    if (known !== undefined) return { outcome: 'known', transaction: known }
    if (request.coalesceKey !== null) supersede(request, now)
    const transaction = newTransaction(request, now)
    transactions.set(transaction.id, transaction)
    idsByKey.set(transaction.idempotencyKey, transaction.id)
    return { outcome: 'queued', transaction }
  }

  function supersede(newer: NewTransaction, now: number): void {
    for (const older of transactions.values()) {
      if (older.state !== 'queued' || older.coalesceKey !== newer.coalesceKey) continue
      if (!isOf(newer)(older)) continue
      const { revision } = older
      const next = {
        ...older,
        state: 'superseded',
        revision: revision + 1,
        updatedAt: now,
      } as const
      transactions.set(older.id, next)
    }
  }

  function commitOne({ revision, next }: TransactionMove): boolean {
    const current = transactions.get(next.id)
    if (current?.revision !== revision) return false
    if (next.nonce !== null && !reserve(next, next.nonce)) return false
    transactions.set(next.id, next)
    return true
  }

  function reserve(transaction: Transaction, nonce: bigint): boolean {
    const lane = laneName(transaction)
    const taken = nonces.get(lane) ?? new Map<bigint, string>()
    nonces.set(lane, taken)
    if (!taken.has(nonce)) taken.set(nonce, transaction.id)
    return taken.get(nonce) === transaction.id
  }

  function select(isWanted: (transaction: Transaction) => boolean): readonly Transaction[] {
    return [...transactions.values()].filter(isWanted)
  }

  return {
    leases: createMemoryJobLeaseStore(),
    async enqueue(requests, now) {
      for (const { idempotencyKey, requestHash } of requests) {
        const known = transactions.get(idsByKey.get(idempotencyKey) ?? '')
        if (known !== undefined && known.requestHash !== requestHash) {
          throw transactionKeyReusedError(known.id)
        }
      }
      return requests.map((request) => enqueueOne(request, now))
    },
    commit: async (moves) => moves.map(commitOne),
    get: async (ids) => ids.flatMap((id) => transactions.get(id) ?? []),
    find: async (key) => transactions.get(idsByKey.get(key) ?? '') ?? null,
    async listLive(lane) {
      const live = select(
        (one) => isOf(lane)(one) && one.nonce !== null && !isFinalState(one.state),
      )
      return live.toSorted((one, other) => (nonceOf(one) < nonceOf(other) ? -1 : 1))
    },
    async listQueued(lane, limit) {
      return select((one) => isOf(lane)(one) && isWaiting(one)).slice(0, limit)
    },
    async nextNonce(lane) {
      let greatest: bigint | null = null
      for (const nonce of nonces.get(laneName(lane))?.keys() ?? []) {
        if (greatest === null || nonce > greatest) greatest = nonce
      }
      return greatest === null ? null : greatest + 1n
    },
    async list({ chain, account, states, beforeId, limit }) {
      const all = [...transactions.values()].toReversed()
      const from = beforeId === undefined ? 0 : all.findIndex(({ id }) => id === beforeId) + 1
      if (beforeId !== undefined && from === 0) return []
      return all
        .slice(from)
        .filter((one) => chain === undefined || one.chain === chain)
        .filter((one) => account === undefined || one.account === account)
        .filter((one) => states === undefined || states.includes(one.state))
        .slice(0, limit)
    },
    async countOpen() {
      const counts = new Map<string, { transaction: Transaction; count: number }>()
      for (const transaction of select(({ state }) => !isFinalState(state))) {
        const name = `${laneName(transaction)} ${transaction.state}`
        counts.set(name, { transaction, count: (counts.get(name)?.count ?? 0) + 1 })
      }
      return [...counts.values()].map(({ transaction: { chain, account, state }, count }) => {
        return { chain, account, state, count }
      })
    },
    async prune({ before, limit }) {
      const old = select(({ state, updatedAt }) => isFinalState(state) && updatedAt < before)
      const pruned = old.toSorted((one, other) => one.updatedAt - other.updatedAt).slice(0, limit)
      for (const { id, idempotencyKey } of pruned) {
        transactions.delete(id)
        idsByKey.delete(idempotencyKey)
      }
      return pruned.length
    },
  }
}

/** A transaction as it begins. */
function newTransaction(request: NewTransaction, now: number): Transaction {
  return {
    ...request,
    state: 'queued',
    revision: 1,
    nonce: null,
    prepared: null,
    attempts: [],
    sentAttempts: 0,
    mined: null,
    reason: null,
    enqueuedAt: now,
    sentAt: null,
    updatedAt: now,
  }
}

function isOf({ chain, account }: TransactionLane): (transaction: Transaction) => boolean {
  return (transaction) => transaction.chain === chain && transaction.account === account
}

function isWaiting({ state, purpose }: Transaction): boolean {
  return state === 'queued' && purpose === 'send'
}

function laneName({ chain, account }: TransactionLane): string {
  return `${chain} ${account}`
}

function nonceOf({ nonce }: Transaction): bigint {
  return nonce ?? 0n
}
