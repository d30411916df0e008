import assert from 'node:assert/strict'

import { isAssayError } from '@assay/core'

import type { NewOracleCall, OracleCallStore } from '../calls/oracle-call-store.ts'
import type { OracleCall } from '../calls/oracle-call.ts'

/** One thing that every {@link OracleCallStore} does. */
export interface OracleCallStoreContractCase {
  readonly name: string
  /**
   * @param store an empty one, of this case's own
   * @throws AssertionError when the store does not do it
   */
  run(this: void, store: OracleCallStore): Promise<void>
}

/**
 * What every implementation of `OracleCallStore` does, as data: run each case with any test runner, on
 * an empty store.
 *
 * @example
 * ```ts
 * import { createMemoryOracleCallStore } from '@assay/oracle'
 * import { oracleCallStoreContract } from '@assay/oracle/testing'
 *
 * for (const { run } of oracleCallStoreContract) {
 *   await run(createMemoryOracleCallStore())
 * }
 * ```
 */
export const oracleCallStoreContract: readonly OracleCallStoreContractCase[] = [
  {
    name: 'keeps what was asked for, in order, and knows a key again',
    async run(store) {
      const [one, other] = await submit(
        store,
        call(1, { policy: 'every' }),
        call(2, { market: 'n' }),
      )
      assert.ok(one !== undefined && other !== undefined && one.id < other.id)
      const again = await store.submit([call(1, { policy: 'every' })], T0 + 9)
      assert.deepEqual(again, [{ outcome: 'known', call: one }])
      assert.deepEqual(await store.get([one.id, other.id]), [one, other])
      assert.deepEqual(await store.find('key-2'), other)
      assert.equal(await store.find('key-3'), null)
      assert.equal(one.state, 'waiting')
      assert.equal(one.createdAt, T0)
    },
  },
  {
    name: 'refuses a key with another request, and all that came with it',
    async run(store) {
      await submit(store, call(1))
      await assert.rejects(
        store.submit([call(2), call(1, { requestHash: 'other' })], T0),
        (error) => isAssayError(error, 'ORACLE_KEY_REUSED'),
      )
      assert.deepEqual(namesOf(await store.history({})), ['key-1'])
    },
  },
  {
    name: 'keeps of the values that wait for a market only the newest',
    async run(store) {
      await submit(store, call(1), call(2))
      await submit(store, call(3), call(4, { market: 'n' }), call(5, { functionName: 'other' }))
      assert.deepEqual(statesOf(await store.history({})), [
        'waiting',
        'waiting',
        'waiting',
        'superseded',
        'superseded',
      ])
      const [, , third, second] = await store.history({})
      assert.equal(second?.notes, `superseded by call ${third?.id}`)
      assert.equal(second.completedAt, T0)
    },
  },
  {
    name: 'supersedes a value at once where a newer one waits',
    async run(store) {
      const [newer] = await submit(store, call(2))
      const [older] = await submit(store, call(1))
      assert.equal(older?.state, 'superseded')
      assert.equal((await store.get([newer!.id]))[0]?.state, 'waiting')
    },
  },
  {
    name: 'never supersedes what shall be written in any case',
    async run(store) {
      const every = { policy: 'every' } as const
      await submit(store, call(1, every), call(2, every), call(3))
      assert.deepEqual(statesOf(await store.history({})), ['waiting', 'waiting', 'waiting'])
    },
  },
  {
    name: 'refuses a value that is older than the one on chain',
    async run(store) {
      await succeed(store, call(5))
      await assert.rejects(store.submit([call(4)], T0), (error) =>
        isAssayError(error, 'ORACLE_SEQUENCE_STALE'),
      )
      await submit(store, call(6), call(3, { market: 'n' }))
    },
  },
  {
    name: 'gives calls to carriers in order, until each is full',
    async run(store) {
      await submit(store, ...[1, 2, 3, 4, 5].map((n) => call(n, { policy: 'every' })))
      const claimed = await claim(store, ['a', 'b'], 2)
      assert.deepEqual(
        claimed.map(({ carrier, idempotencyKey }) => `${carrier} ${idempotencyKey}`),
        ['a key-1', 'a key-2', 'b key-3', 'b key-4'],
      )
      assert.deepEqual(statesOf(claimed), ['carried', 'carried', 'carried', 'carried'])
      assert.deepEqual(await store.listCarried(CONTRACT, 9), claimed)
      assert.deepEqual(await store.listCarried('another', 9), [])
      assert.deepEqual(namesOf(await claim(store, ['c'], 2)), ['key-5'])
    },
  },
  {
    name: 'gives no newer value away while an older one is not handed over',
    async run(store) {
      await submit(store, call(1))
      await claim(store, ['a'], 1)
      await submit(store, call(2))
      assert.deepEqual(await claim(store, ['b'], 1), [])
      await store.attach([{ carrier: 'a', transactionId: 'tx-a' }])
      assert.deepEqual(namesOf(await claim(store, ['b'], 1)), ['key-2'])
    },
  },
  {
    name: 'holds a value back that differs too little, until the heartbeat',
    async run(store) {
      const worth = { deviationBps: 50, heartbeatMs: 60_000 }
      await succeed(store, call(1, { bps: 1_000, ...worth }))
      const [held] = await submit(store, call(2, { bps: 1_049, ...worth }))
      assert.equal(held?.notBefore, T0 + 60_000)
      assert.deepEqual(await claim(store, ['b'], 1), [])
      assert.equal(await store.nextDueAt(CONTRACT), T0 + 60_000)
      const [worthy] = await submit(store, call(3, { bps: 1_050, ...worth }))
      assert.equal(worthy?.notBefore, T0)
      assert.deepEqual(namesOf(await claim(store, ['b'], 1)), ['key-3'])
    },
  },
  {
    name: 'sends what it held back when the value beside it did not land',
    async run(store) {
      const worth = { deviationBps: 50, heartbeatMs: 60_000 }
      await submit(store, call(1, { bps: 1_000, ...worth }))
      const [carried] = await claim(store, ['a'], 1)
      await store.attach([{ carrier: 'a', transactionId: 'tx-a' }])
      await submit(store, call(2, { bps: 1_001, ...worth }))
      assert.deepEqual(await claim(store, ['b'], 1), [])
      const [current] = await store.get([carried!.id])
      const [older] = await fail(store, current!)
      assert.equal(older?.state, 'superseded')
      assert.deepEqual(namesOf(await claim(store, ['b'], 1, T0 + 5)), ['key-2'])
    },
  },
  {
    name: 'lets a newer value join the carrier of an older one',
    async run(store) {
      await submit(store, call(1), call(2, { market: 'n' }))
      await claim(store, ['a'], 2)
      await store.attach([{ carrier: 'a', transactionId: 'tx-a' }])
      await submit(store, call(3), call(4, { market: 'other' }))
      const joined = await store.join('a', T0 + 1)
      assert.deepEqual(namesOf(joined), ['key-3'])
      const [{ carrier, hasJoined, transactionId } = call3] = joined
      assert.deepEqual([carrier, hasJoined, transactionId], ['a', true, 'tx-a'])
    },
  },
  {
    name: 'lets none join where a later carrier has a newer value than the one in its place',
    async run(store) {
      await submit(store, call(1))
      await claim(store, ['a'], 1)
      await store.attach([{ carrier: 'a', transactionId: 'tx-a' }])
      await submit(store, call(2))
      await claim(store, ['b'], 1)
      await store.attach([{ carrier: 'b', transactionId: 'tx-b' }])
      await submit(store, call(3))
      assert.deepEqual(await store.join('a', T0 + 1), [])
      assert.deepEqual(namesOf(await store.join('b', T0 + 1)), ['key-3'])
    },
  },
  {
    name: 'ends a call that succeeded, once',
    async run(store) {
      const succeeded = await succeed(store, call(1))
      assert.equal(succeeded.state, 'succeeded')
      assert.equal(succeeded.transactionHash, '0xhash')
      assert.equal(succeeded.completedAt, T0 + 5)
      const result = {
        id: succeeded.id,
        revision: succeeded.revision,
        outcome: 'returned',
      } as const
      assert.deepEqual(await store.settle([result], T0 + 6), [])
      assert.deepEqual(await store.get([succeeded.id]), [succeeded])
      const [attempt] = await store.listAttempts(succeeded.id)
      assert.deepEqual([attempt?.number, attempt?.outcome], [1, 'succeeded'])
    },
  },
  {
    name: 'tries again what failed, at its time, until its tries are used up',
    async run(store) {
      await submit(store, call(1, { policy: 'every', attemptsMax: 2 }))
      const [first] = await claim(store, ['a'], 1)
      const [retrying] = await fail(store, first!)
      assert.deepEqual(
        [retrying?.state, retrying?.attemptCount, retrying?.notBefore, retrying?.retryReason],
        ['waiting', 1, T0 + 100, 'REVERTED'],
      )
      assert.deepEqual(statesOf(await store.history({ status: 'retrying' })), ['waiting'])
      assert.deepEqual(await claim(store, ['b'], 1), [])
      const [second] = await claim(store, ['b'], 1, T0 + 100)
      const [failed] = await fail(store, second!)
      assert.deepEqual([failed?.state, failed?.attemptCount], ['failed', 2])
      assert.equal(failed?.errorMessage, 'It reverted.')
      assert.deepEqual(statesOf(await store.history({ status: 'failed' })), ['failed'])
      assert.equal((await store.listAttempts(failed.id)).length, 2)
    },
  },
  {
    name: 'lets what was not in the block wait again, and counts no try',
    async run(store) {
      await submit(store, call(1, { policy: 'every' }))
      const [{ id, revision } = call0] = await claim(store, ['a'], 1)
      const [returned] = await store.settle([{ id, revision, outcome: 'returned' }], T0 + 1)
      assert.deepEqual([returned?.state, returned?.attemptCount], ['waiting', 0])
      assert.deepEqual(await store.listAttempts(id), [])
      assert.deepEqual(namesOf(await claim(store, ['b'], 1, T0 + 1)), ['key-1'])
    },
  },
  {
    name: 'supersedes what goes back to wait where a newer value has come',
    async run(store) {
      await submit(store, call(1))
      const [first] = await claim(store, ['a'], 1)
      await store.attach([{ carrier: 'a', transactionId: 'tx-a' }])
      await submit(store, call(2))
      await claim(store, ['b'], 1)
      const [current] = await store.get([first!.id])
      const [older] = await fail(store, current!)
      assert.equal(older?.state, 'superseded')
    },
  },
  {
    name: 'settles only what stands at the revision that was read',
    async run(store) {
      await submit(store, call(1))
      const [{ id, revision } = call0] = await claim(store, ['a'], 1)
      const stale = { id, revision: revision - 1, outcome: 'returned' } as const
      assert.deepEqual(await store.settle([stale], T0), [])
      assert.equal((await store.get([id]))[0]?.state, 'carried')
    },
  },
  {
    name: 'lists the history by every filter, newest first',
    async run(store) {
      const player = '0xplayer'
      await submit(store, call(1, { player, seasonId: 7 }), call(2, { market: 'n' }))
      await store.submit([call(3, { market: 'o', functionName: 'other' })], T0 + 10)
      const names = async (filter: Parameters<OracleCallStore['history']>[0]) =>
        namesOf(await store.history(filter))
      assert.deepEqual(await names({}), ['key-3', 'key-2', 'key-1'])
      assert.deepEqual(await names({ limit: 1 }), ['key-3'])
      assert.deepEqual(await names({ player }), ['key-1'])
      assert.deepEqual(await names({ seasonId: 7 }), ['key-1'])
      assert.deepEqual(await names({ market: 'n' }), ['key-2'])
      assert.deepEqual(await names({ functionName: 'other' }), ['key-3'])
      assert.deepEqual(await names({ fromMs: T0 + 10 }), ['key-3'])
      assert.deepEqual(await names({ toMs: T0 }), ['key-2', 'key-1'])
      const [, second] = await store.history({})
      assert.deepEqual(await names({ beforeId: second!.id }), ['key-1'])
      assert.deepEqual(await names({ status: 'success' }), [])
    },
  },
  {
    name: 'keeps hostile text as it is',
    async run(store) {
      const market = `it's "m" \\ %_ ź 🎪`
      const [kept] = await submit(
        store,
        call(1, { market, args: [market, '9007199254740993', [true]] }),
      )
      assert.deepEqual(await store.get([kept!.id]), [kept])
      assert.deepEqual(kept?.args, [market, '9007199254740993', [true]])
    },
  },
  {
    name: 'gives each call to one of many that claim at once',
    async run(store) {
      await submit(store, ...Array.from({ length: 12 }, (_, n) => call(n, { policy: 'every' })))
      const claims = await Promise.all(['a', 'b', 'c', 'd'].map((name) => claim(store, [name], 12)))
      const names = namesOf(claims.flat())
      assert.equal(new Set(names).size, names.length)
      const rest = namesOf(await claim(store, ['e'], 12))
      assert.equal(names.length + rest.length, 12)
    },
  },
  {
    name: 'stores a key once of many that submit it at once',
    async run(store) {
      const same = Array.from({ length: 6 }, () => store.submit([call(1)], T0))
      const outcomes = (await Promise.all(same)).flat().map(({ outcome }) => outcome)
      assert.equal(outcomes.filter((outcome) => outcome === 'stored').length, 1)
      assert.equal((await store.history({})).length, 1)
    },
  },
]

const T0 = 1_749_895_200_000
const CONTRACT = 'eip155:1/0xabc'
/** Never used: it stands where a list could be empty, and then the revision does not fit. */
const call0 = { id: -1n, revision: 0, carrier: '', hasJoined: false, transactionId: null }
const call3 = call0

function call(n: number, changes: Partial<NewOracleCall> = {}): NewOracleCall {
  return {
    idempotencyKey: `key-${n}`,
    requestHash: 'hash',
    contract: CONTRACT,
    market: 'm',
    functionName: 'update',
    args: ['m', String(n)],
    bps: n,
    policy: 'latest',
    sequence: BigInt(n),
    observedAt: T0,
    seasonId: null,
    player: null,
    attemptsMax: 5,
    deviationBps: 0,
    heartbeatMs: 0,
    ...changes,
  }
}

async function submit(
  store: OracleCallStore,
  ...calls: readonly NewOracleCall[]
): Promise<readonly OracleCall[]> {
  return (await store.submit(calls, T0)).map(({ call }) => call)
}

function claim(
  store: OracleCallStore,
  carriers: readonly string[],
  perCarrier: number,
  now = T0,
): Promise<readonly OracleCall[]> {
  return store.claim({ contract: CONTRACT, carriers, perCarrier, now })
}

async function succeed(store: OracleCallStore, request: NewOracleCall): Promise<OracleCall> {
  await submit(store, request)
  const [{ id, revision } = call0] = await claim(store, ['first'], 1)
  const result = { id, revision, outcome: 'succeeded', transactionHash: '0xhash' } as const
  const [settled] = await store.settle([result], T0 + 5)
  assert.ok(settled !== undefined)
  return settled
}

function fail(
  store: OracleCallStore,
  { id, revision }: OracleCall,
): Promise<readonly OracleCall[]> {
  const failure = { transactionHash: '0xhash', errorCode: 'REVERTED', errorMessage: 'It reverted.' }
  const result = { id, revision, outcome: 'attempt-failed', ...failure, retryAt: T0 + 100 } as const
  return store.settle([result], T0 + 5)
}

function namesOf(calls: readonly OracleCall[]): readonly string[] {
  return calls.map(({ idempotencyKey }) => idempotencyKey)
}

function statesOf(calls: readonly OracleCall[]): readonly string[] {
  return calls.map(({ state }) => state)
}
