import assert from 'node:assert/strict'

import { isAssayError } from '../errors/assay-error.ts'
import {
  addAttempt,
  assignNonce,
  beginBroadcast,
  beginCancel,
  end,
  noteFinal,
  noteMined,
} from '../transactions/transaction-moves.ts'
import type { NewTransaction, TransactionStore } from '../transactions/transaction-store.ts'
import type { MinedAttempt, Transaction, TransactionAttempt } from '../transactions/transaction.ts'

/** One thing that every {@link TransactionStore} does. */
export interface TransactionStoreContractCase {
  readonly name: string
  /**
   * @param store an empty one, of this case's own
   * @throws AssertionError when the store does not do it
   */
  run(this: void, store: TransactionStore): Promise<void>
}

/**
 * What every implementation of `TransactionStore` does, as data: run each case with any test runner, on
 * an empty store.
 *
 * @example
 * ```ts
 * import { createMemoryTransactionStore } from '@assay/core'
 * import { transactionStoreContract } from '@assay/core/testing'
 *
 * for (const { run } of transactionStoreContract) {
 *   await run(createMemoryTransactionStore())
 * }
 * ```
 */
export const transactionStoreContract: readonly TransactionStoreContractCase[] = [
  {
    name: 'keeps what was asked for, in the order in which it came',
    async run(store) {
      const asked = [request('a'), request('b', { payload: { amount: '9007199254740993' } })]
      const [first, second] = await store.enqueue(asked, T0)
      await store.enqueue([request('c')], T0 + 1)
      assert.equal(first?.outcome, 'queued')
      assert.equal(first.transaction.state, 'queued')
      assert.equal(first.transaction.enqueuedAt, T0)
      assert.deepEqual(second?.transaction.payload, { amount: '9007199254740993' })
      assert.deepEqual(keysOf(await store.listQueued(LANE, 2)), ['a', 'b'])
      assert.deepEqual(keysOf(await store.listQueued(LANE, 9)), ['a', 'b', 'c'])
      assert.deepEqual(await store.listQueued({ ...LANE, account: 'other' }, 9), [])
    },
  },
  {
    name: 'knows a key again and changes nothing',
    async run(store) {
      const first = await queue(store, 'a')
      const again = request('a', { id: 'again' })
      const [known] = await store.enqueue([again], T0 + 1)
      assert.deepEqual(known, { outcome: 'known', transaction: first })
      assert.deepEqual(await store.get(['again']), [])
      assert.deepEqual(await store.find('a'), first)
      assert.equal(await store.find('b'), null)
    },
  },
  {
    name: 'refuses a key that came with another request, and all that came with it',
    async run(store) {
      await queue(store, 'a')
      const reused = request('a', { id: 'again', requestHash: 'another' })
      await assert.rejects(store.enqueue([request('b'), reused], T0), (error) =>
        isAssayError(error, 'TRANSACTION_KEY_REUSED'),
      )
      assert.deepEqual(keysOf(await store.listQueued(LANE, 9)), ['a'])
    },
  },
  {
    name: 'supersedes what waits under the same coalesce key, in the same lane alone',
    async run(store) {
      const older = request('a', { coalesceKey: 'price' })
      const elsewhere = request('b', { coalesceKey: 'price', account: 'other' })
      await store.enqueue([older, elsewhere, request('c')], T0)
      await store.enqueue([request('d', { coalesceKey: 'price' })], T0 + 1)
      const [superseded] = await store.get([older.id])
      assert.equal(superseded?.state, 'superseded')
      assert.equal(superseded.updatedAt, T0 + 1)
      assert.deepEqual(keysOf(await store.listQueued(LANE, 9)), ['c', 'd'])
      assert.equal((await store.get([elsewhere.id]))[0]?.state, 'queued')
    },
  },
  {
    name: 'supersedes within one call too, and nothing that has a nonce',
    async run(store) {
      const under = { coalesceKey: 'price' }
      const [sent] = await store.enqueue([request('a', under)], T0)
      await make(
        store,
        assignNonce(only(sent?.transaction), { nonce: 0n, prepared: null, now: T0 }),
      )
      await store.enqueue([request('b', under), request('c', under)], T0 + 1)
      assert.deepEqual(keysOf(await store.listQueued(LANE, 9)), ['c'])
      assert.equal((await store.get(['id-a']))[0]?.state, 'assigned')
    },
  },
  {
    name: 'does not supersede for a key that it knew before',
    async run(store) {
      const under = { coalesceKey: 'price' }
      const older = request('a', under)
      await store.enqueue([older, request('b', under)], T0)
      await store.enqueue([older], T0 + 1)
      assert.deepEqual(keysOf(await store.listQueued(LANE, 9)), ['b'])
    },
  },
  {
    name: 'makes a move once: the second who read the same has lost',
    async run(store) {
      const read = await queue(store, 'a')
      const move = assignNonce(read, { nonce: 7n, prepared: { gas: '21000' }, now: T0 + 1 })
      assert.deepEqual(await store.commit([move]), [true])
      assert.deepEqual(await store.commit([move]), [false])
      assert.deepEqual(await store.get([read.id]), [move.next])
      assert.deepEqual(await store.listQueued(LANE, 9), [])
      assert.deepEqual(await store.listLive(LANE), [move.next])
    },
  },
  {
    name: 'gives a nonce once, and never again',
    async run(store) {
      assert.equal(await store.nextNonce(LANE), null)
      const [one, other] = [await queue(store, 'a'), await queue(store, 'b')]
      const at5 = { nonce: 5n, prepared: null, now: T0 }
      const moves = [assignNonce(one, at5), assignNonce(other, at5)]
      assert.deepEqual(await store.commit(moves), [true, false])
      assert.equal((await store.get([other.id]))[0]?.state, 'queued')
      assert.equal(await store.nextNonce(LANE), 6n)
      assert.equal(await store.nextNonce({ ...LANE, account: 'other' }), null)

      const assigned = only((await store.get([one.id]))[0])
      await make(store, end(assigned, 'conflict', { reason: 'gone', now: T0 }))
      assert.deepEqual(await store.commit([assignNonce(other, at5)]), [false])
      await store.prune({ before: Infinity, limit: 10 })
      assert.equal(await store.nextNonce(LANE), 6n)
    },
  },
  {
    name: 'makes each of several moves for itself',
    async run(store) {
      const [one, other] = [await queue(store, 'a'), await queue(store, 'b')]
      const gone = end(one, 'rejected', { reason: 'reverts', now: T0 })
      await make(store, gone)
      const late = assignNonce(one, { nonce: 0n, prepared: null, now: T0 })
      const fine = assignNonce(other, { nonce: 1n, prepared: null, now: T0 })
      assert.deepEqual(await store.commit([late, fine]), [false, true])
      assert.deepEqual(await store.get([one.id]), [gone.next])
      // What lost has reserved nothing.
      const third = await queue(store, 'c')
      const retaken = assignNonce(third, { nonce: 0n, prepared: null, now: T0 })
      assert.deepEqual(await store.commit([retaken]), [true])
    },
  },
  {
    name: 'keeps every attempt, also where the payload was renewed',
    async run(store) {
      const assigned = await assign(store, 'a', 0n)
      const first = await make(store, addAttempt(assigned, attempt(1)))
      const sent = await make(store, beginBroadcast(first, T0 + 2))
      const renewed = { payload: { price: '2' }, covers: ['call-2'], prepared: { gas: '2' } }
      const second = await make(store, addAttempt(sent, attempt(2), renewed))
      assert.deepEqual(await store.get([second.id]), [second])
      assert.deepEqual(second.attempts, [attempt(1), attempt(2)])
      assert.deepEqual(second.payload, { price: '2' })
    },
  },
  {
    name: 'forgets the attempts that a cancellation takes back',
    async run(store) {
      const signed = await make(store, addAttempt(await assign(store, 'a', 0n), attempt(1)))
      const cancelled = await make(store, beginCancel(signed, { reason: 'cancelled', now: T0 }))
      assert.deepEqual(cancelled.attempts, [])
      const noop: TransactionAttempt = { ...attempt(2), purpose: 'cancel', covers: [] }
      const resigned = await make(store, addAttempt(cancelled, noop))
      assert.deepEqual(await store.get([resigned.id]), [resigned])
    },
  },
  {
    name: 'keeps where it was mined, and lists it no longer once that is final',
    async run(store) {
      const signed = await make(store, addAttempt(await assign(store, 'a', 3n), attempt(1)))
      const sent = await make(store, beginBroadcast(signed, T0 + 2))
      const mined = await make(store, noteMined(sent, MINED, T0 + 3))
      assert.deepEqual(await store.listLive(LANE), [mined])
      const final = await make(store, noteFinal(mined, MINED, T0 + 4))
      assert.equal(final.state, 'confirmed')
      assert.deepEqual(await store.get([final.id]), [final])
      assert.deepEqual(await store.listLive(LANE), [])
    },
  },
  {
    name: 'lists what has a nonce by its nonce',
    async run(store) {
      await assign(store, 'a', 10n)
      await assign(store, 'b', 9n)
      await queue(store, 'c')
      assert.deepEqual(keysOf(await store.listLive(LANE)), ['b', 'a'])
    },
  },
  {
    name: 'never lists as queued what only fills a nonce',
    async run(store) {
      await store.enqueue([request('fill', { purpose: 'cancel', payload: null })], T0)
      assert.deepEqual(await store.listQueued(LANE, 9), [])
    },
  },
  {
    name: 'lists what fits a filter, newest first, page by page',
    async run(store) {
      const one = await assign(store, 'a', 0n)
      await queue(store, 'b')
      await store.enqueue([request('c', { account: 'other' })], T0)
      const page = await store.list({ limit: 2 })
      assert.deepEqual(keysOf(page), ['c', 'b'])
      assert.deepEqual(keysOf(await store.list({ limit: 2, beforeId: 'id-b' })), ['a'])
      assert.deepEqual(await store.list({ limit: 9, states: ['assigned'] }), [one])
      assert.deepEqual(keysOf(await store.list({ limit: 9, account: 'other' })), ['c'])
      assert.deepEqual(await store.list({ limit: 9, chain: 'another' }), [])
      assert.deepEqual(await store.list({ limit: 9, beforeId: 'nobody' }), [])
    },
  },
  {
    name: 'counts what has no end yet',
    async run(store) {
      await assign(store, 'a', 0n)
      await queue(store, 'b')
      await queue(store, 'c')
      await make(store, end(await queue(store, 'd'), 'rejected', { reason: null, now: T0 }))
      const counts = (await store.countOpen()).toSorted((x, y) => (x.state < y.state ? -1 : 1))
      assert.deepEqual(counts, [
        { ...LANE, state: 'assigned', count: 1 },
        { ...LANE, state: 'queued', count: 2 },
      ])
    },
  },
  {
    name: 'prunes what ended before a moment, and nothing else',
    async run(store) {
      const rejected = { reason: null, now: T0 }
      await make(store, end(await queue(store, 'a'), 'rejected', rejected))
      await make(store, end(await queue(store, 'b'), 'rejected', { ...rejected, now: T0 + 9 }))
      await assign(store, 'c', 0n)
      await queue(store, 'd')
      assert.equal(await store.prune({ before: T0 + 9, limit: 10 }), 1)
      assert.deepEqual(keysOf(await store.list({ limit: 9 })), ['d', 'c', 'b'])
      assert.equal(await store.prune({ before: Infinity, limit: 10 }), 1)
    },
  },
  {
    name: 'lets one of many that ask at once have a key, and one a nonce',
    async run(store) {
      const same = Array.from({ length: 8 }, (_, n) => request('a', { id: `id-${n}` }))
      const answers = await Promise.all(same.map((one) => store.enqueue([one], T0)))
      const outcomes = answers.flat().map(({ outcome }) => outcome)
      assert.equal(outcomes.filter((outcome) => outcome === 'queued').length, 1)

      const rivals = await Promise.all(['b', 'c', 'd', 'e'].map((key) => queue(store, key)))
      const at0 = { nonce: 0n, prepared: null, now: T0 }
      const made = await Promise.all(rivals.map((one) => store.commit([assignNonce(one, at0)])))
      assert.deepEqual(made.flat().filter(Boolean), [true])
    },
  },
]

const T0 = 1_749_895_200_000
const LANE = { chain: 'eip155:31337', account: '0xabc' }
const MINED: MinedAttempt = {
  hash: 'hash-1',
  blockNumber: 9_007_199_254_740_993n,
  blockHash: 'block',
  succeeded: true,
  receipt: { logs: [] },
}

function request(key: string, changes: Partial<NewTransaction> = {}): NewTransaction {
  return {
    ...LANE,
    id: `id-${key}`,
    idempotencyKey: key,
    requestHash: 'hash',
    payload: { to: '0xdef' },
    covers: ['call-1'],
    coalesceKey: null,
    expiresAt: null,
    purpose: 'send',
    ...changes,
  }
}

function attempt(n: number): TransactionAttempt {
  return {
    hash: `hash-${n}`,
    raw: `0x0${n}`,
    purpose: 'send',
    covers: [`call-${n}`],
    terms: { maxFee: `${n}` },
    signedAt: T0 + n,
  }
}

async function queue(store: TransactionStore, key: string): Promise<Transaction> {
  const [enqueued] = await store.enqueue([request(key)], T0)
  return only(enqueued?.transaction)
}

async function assign(store: TransactionStore, key: string, nonce: bigint): Promise<Transaction> {
  return make(store, assignNonce(await queue(store, key), { nonce, prepared: null, now: T0 }))
}

async function make(
  store: TransactionStore,
  move: Parameters<TransactionStore['commit']>[0][number],
): Promise<Transaction> {
  assert.deepEqual(await store.commit([move]), [true])
  return move.next
}

function only(transaction: Transaction | undefined): Transaction {
  assert.ok(transaction !== undefined)
  return transaction
}

function keysOf(transactions: readonly Transaction[]): readonly string[] {
  return transactions.map(({ idempotencyKey }) => idempotencyKey)
}
