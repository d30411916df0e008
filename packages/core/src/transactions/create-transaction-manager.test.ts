import { describe, expect, test } from 'vitest'

import type { Alert, AlertIdentity } from '../alerts/alert.ts'
import { createMetrics } from '../metrics/create-metrics.ts'
import { createFakeChain } from '../testing/create-fake-chain.ts'
import type { FakeChainOptions, FakeSenderOptions } from '../testing/fake-chain-model.ts'
import { faulty } from '../testing/faulty.ts'
import { createSequentialId } from '../testing/sequential-id.ts'
import { createTestClock } from '../testing/test-clock.ts'
import { createTransactionManager } from './create-transaction-manager.ts'
import { createMemoryTransactionStore } from './memory-transaction-store.ts'
import type { TransactionManagerOptions } from './parse-transaction-manager-options.ts'
import type { TransactionRequest } from './transaction.ts'

const ACCOUNT = '0xfake'
const POLICY = { pollMs: 1_000, resendAfterMs: 5_000, replaceAfterMs: 10_000, leaseMs: 30_000 }

interface Start extends Partial<TransactionManagerOptions> {
  readonly chainOptions?: FakeChainOptions
  readonly senderOptions?: FakeSenderOptions
}

function start({ chainOptions, senderOptions, ...options }: Start = {}) {
  const clock = createTestClock({ now: 1_000_000 })
  const chain = createFakeChain(chainOptions)
  const store = createMemoryTransactionStore()
  const manage = (more: Partial<TransactionManagerOptions> = {}) =>
    createTransactionManager({
      sender: chain.sender(senderOptions),
      store,
      policy: POLICY,
      clock,
      createId: createSequentialId('tx'),
      ...options,
      ...more,
    })
  const transactions = manage()
  /** One round, one block, one second. */
  const step = async (): Promise<void> => {
    await transactions.tick()
    chain.mine()
    await clock.advance(1_000)
  }
  const steps = async (count: number): Promise<void> => {
    for (let n = 1; n <= count; n += 1) await step()
  }
  return { clock, chain, store, transactions, manage, step, steps }
}

/** JSON knows no bigint. */
const textOfBigint = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? String(value) : value

const request = (key: string, changes: Partial<TransactionRequest> = {}): TransactionRequest => ({
  idempotencyKey: key,
  payload: { writes: key },
  ...changes,
})

describe('a transaction', () => {
  test('goes from its request to a final block', async () => {
    const { chain, transactions, step } = start()
    const states: string[] = []
    transactions.watchTransactions(({ state }) => states.push(state))
    const [queued] = await transactions.enqueue([request('a', { covers: ['call-1'] })])
    expect(queued).toMatchObject({ outcome: 'queued', transaction: { state: 'queued' } })
    for (let round = 1; round <= 6; round += 1) await step()
    expect(states).toEqual([
      'assigned',
      'signed',
      'broadcasting',
      'in-flight',
      'mined',
      'confirmed',
    ])
    expect(chain.writes()).toEqual(['a'])
  })

  test('is confirmed only once enough blocks follow its own', async () => {
    const { transactions, step } = start({ chainOptions: { finalityDepth: 3 } })
    const [queued] = await transactions.enqueue([request('a')])
    const { id } = queued!.transaction
    for (const expected of ['in-flight', 'mined', 'mined', 'mined', 'confirmed']) {
      await transactions.tick()
      expect((await transactions.get(id))?.state).toBe(expected)
      await step()
    }
  })

  test('is rejected, without a nonce, when it would fail', async () => {
    const { chain, transactions, steps } = start()
    const fails = request('a', { payload: { fails: 'when-tried' } })
    const [bad, good] = await transactions.enqueue([fails, request('b')])
    await steps(6)
    expect(await transactions.get(bad!.transaction.id)).toMatchObject({
      state: 'rejected',
      nonce: null,
    })
    expect(await transactions.get(good!.transaction.id)).toMatchObject({ nonce: 0n })
    expect(chain.writes()).toEqual(['b'])
  })

  test('is reverted when it fails in its block', async () => {
    const { transactions, steps } = start()
    const fails = request('a', { payload: { fails: 'when-mined' } })
    const [queued] = await transactions.enqueue([fails])
    await steps(6)
    expect(await transactions.get(queued!.transaction.id)).toMatchObject({
      state: 'reverted',
      mined: { succeeded: false },
    })
  })

  test('is never sent once its time is up', async () => {
    const { chain, clock, transactions, steps } = start()
    const late = request('a', { expiresAt: clock.now() + 500 })
    const [queued] = await transactions.enqueue([late])
    await clock.advance(500)
    await steps(3)
    expect(await transactions.get(queued!.transaction.id)).toMatchObject({
      state: 'abandoned',
      reason: 'expired',
    })
    expect(chain.writes()).toEqual([])
  })

  test('gives way to a newer one of its coalesce key while it has no nonce', async () => {
    const { chain, transactions, steps } = start()
    const under = { coalesceKey: 'price' }
    await transactions.enqueue([request('a', under), request('b', under), request('c', under)])
    await steps(6)
    expect(chain.writes()).toEqual(['c'])
  })

  test('whose nonce something else has used ends as a conflict, and people are told', async () => {
    const told: string[] = []
    const alerts = {
      fire: async ({ name }: Alert) => void told.push(name),
      resolve: async ({ name }: AlertIdentity) => void told.push(`not ${name}`),
    }
    const { chain, transactions, steps } = start({ alerts })
    const [queued] = await transactions.enqueue([request('a')])
    await transactions.tick()
    chain.sendForeign(ACCOUNT)
    await steps(8)
    expect(await transactions.get(queued!.transaction.id)).toMatchObject({ state: 'conflict' })
    expect(chain.writes()).toEqual([])
    expect(told).toContain('TransactionLaneConflict')
  })
})

describe('enqueue', () => {
  test('knows a key again, in another process too', async () => {
    const { chain, transactions, manage, steps } = start()
    await transactions.enqueue([request('a')])
    const [again] = await manage().enqueue([request('a')])
    expect(again?.outcome).toBe('known')
    await steps(6)
    expect(chain.writes()).toEqual(['a'])
  })

  test.each<[string, TransactionRequest[]]>([
    ['TRANSACTION_KEY_REUSED', [request('b'), request('a', { payload: { writes: 'other' } })]],
    ['TRANSACTION_KEY_REUSED', [request('b'), request('b', { covers: ['x'] })]],
    ['TRANSACTION_KEY_INVALID', [request('b'), request('')]],
    ['TRANSACTION_KEY_INVALID', [request('b'), request('x'.repeat(256))]],
    ['TRANSACTION_ACCOUNT_UNKNOWN', [request('b'), request('c', { account: '0xother' })]],
  ])('refuses with %s, and stores nothing of what came with it', async (code, requests) => {
    const { transactions } = start()
    await transactions.enqueue([request('a')])
    await expect(transactions.enqueue(requests)).rejects.toMatchObject({ code })
    expect(await transactions.list()).toHaveLength(1)
  })

  test('takes the same content in another order of names for the same', async () => {
    const { transactions } = start()
    await transactions.enqueue([request('a', { payload: { one: 1, two: [2, { x: 3, y: 4 }] } })])
    const same = request('a', { payload: { two: [2, { y: 4, x: 3 }], one: 1 } })
    expect((await transactions.enqueue([same]))[0]?.outcome).toBe('known')
  })
})

describe('cancel', () => {
  test('ends at once what has no nonce', async () => {
    const { chain, transactions, steps } = start()
    const [queued] = await transactions.enqueue([request('a')])
    expect(await transactions.cancel(queued!.transaction.id)).toMatchObject({
      outcome: 'never-sent',
      transaction: { state: 'abandoned' },
    })
    await steps(3)
    expect(chain.writes()).toEqual([])
  })

  test('keeps from being sent what is signed and was not', async () => {
    const { chain, clock, store, transactions, manage, steps } = start()
    const [queued] = await transactions.enqueue([request('a')])
    const { id } = queued!.transaction
    // A process that dies right after the signature was stored.
    const mortal = faulty(store, ({ args: [moves] }) =>
      JSON.stringify(moves, textOfBigint)?.includes('"broadcasting"')
        ? { kind: 'drop' }
        : undefined,
    )
    void manage({ store: mortal }).tick()
    await clock.advance(0)
    expect((await transactions.get(id))?.state).toBe('signed')
    expect((await transactions.cancel(id)).outcome).toBe('never-sent')
    await steps(40)
    expect(await transactions.get(id)).toMatchObject({ state: 'abandoned', nonce: 0n })
    expect(chain.writes()).toEqual([])
  })

  test('takes the nonce away from what may have been sent', async () => {
    const { chain, transactions, steps } = start()
    chain.setBaseFee(100)
    const [queued] = await transactions.enqueue([request('a')])
    const { id } = queued!.transaction
    await transactions.tick()
    expect((await transactions.cancel(id)).outcome).toBe('cancelling')
    expect((await transactions.cancel(id)).outcome).toBe('cancelling')
    await steps(8)
    expect((await transactions.get(id))?.state).toBe('abandoned')
    expect(chain.writes()).toEqual([])
  })

  test('comes too late for what is in a block', async () => {
    const { transactions, step } = start()
    const [queued] = await transactions.enqueue([request('a')])
    await step()
    await transactions.tick()
    expect((await transactions.cancel(queued!.transaction.id)).outcome).toBe('mined')
  })
})

describe('a lane', () => {
  test('sends in the order of the requests', async () => {
    const { chain, transactions, steps } = start()
    const keys = Array.from({ length: 40 }, (_, n) => `${n}`)
    await transactions.enqueue(keys.map((key) => request(key)))
    await steps(12)
    expect(chain.writes()).toEqual(keys)
  })

  test('has no more on its way than it may', async () => {
    const { chain, transactions } = start({ policy: { ...POLICY, inFlightMax: 3 } })
    await transactions.enqueue(Array.from({ length: 9 }, (_, n) => request(`${n}`)))
    expect(await transactions.tick()).toMatchObject({ live: 3, hasMore: false })
    expect(chain.waiting).toBe(3)
  })

  test('sends again what the pool has lost', async () => {
    const { chain, clock, transactions, steps } = start()
    await transactions.enqueue([request('a')])
    await transactions.tick()
    chain.dropWaiting()
    await clock.advance(5_000)
    await steps(6)
    expect(chain.writes()).toEqual(['a'])
  })

  test('replaces what a higher base fee holds up, at the same nonce', async () => {
    const { chain, clock, transactions, steps } = start()
    const [queued] = await transactions.enqueue([request('a')])
    await transactions.tick()
    chain.setBaseFee(1_000)
    await clock.advance(10_000)
    await steps(8)
    const replaced = await transactions.get(queued!.transaction.id)
    expect(replaced).toMatchObject({ state: 'confirmed', nonce: 0n })
    expect(replaced?.attempts).toHaveLength(2)
    expect(chain.writes()).toEqual(['a'])
  })

  test('asks for newer content before it replaces, and covers what was mined', async () => {
    const { chain, clock, transactions, steps } = start()
    transactions.recomposeWith(async () => ({ payload: { writes: 'newer' }, covers: ['2'] }))
    const [queued] = await transactions.enqueue([request('a', { covers: ['1'] })])
    await transactions.tick()
    chain.setBaseFee(1_000)
    await clock.advance(10_000)
    await steps(8)
    const { attempts, mined } = (await transactions.get(queued!.transaction.id))!
    expect(attempts.map(({ covers }) => covers)).toEqual([['1'], ['2']])
    expect(mined?.hash).toBe(attempts[1]?.hash)
    expect(chain.writes()).toEqual(['newer'])
  })

  test('is stuck, and says so, where the fee has reached its cap', async () => {
    const { chain, clock, transactions } = start({ senderOptions: { feeMax: 210 } })
    await transactions.enqueue([request('a')])
    await transactions.tick()
    chain.setBaseFee(1_000)
    await clock.advance(10_000)
    await transactions.tick()
    expect(transactions.status()).toMatchObject([{ account: ACCOUNT, troubles: ['stuck'] }])
  })

  test('waits for funds, and goes on once they are there', async () => {
    const { chain, transactions, steps } = start()
    chain.setFunded(ACCOUNT, false)
    await transactions.enqueue([request('a')])
    await steps(2)
    expect(transactions.status()[0]?.troubles).toEqual(['underfunded'])
    chain.setFunded(ACCOUNT, true)
    await steps(6)
    expect(transactions.status()[0]?.troubles).toEqual([])
    expect(chain.writes()).toEqual(['a'])
  })

  test('fills a nonce that the chain waits for and nobody here has', async () => {
    const { chain, transactions, steps } = start()
    const sender = chain.sender()
    // An endpoint has told nonsense about the account once.
    const transactionsAhead = createTransactionManager({
      sender: {
        ...sender,
        observe: async (asked) => ({ ...(await sender.observe(asked)), freeNonce: 2n }),
      },
      store: createMemoryTransactionStore(),
      policy: POLICY,
    })
    await transactionsAhead.enqueue([request('a')])
    for (let round = 1; round <= 8; round += 1) {
      await transactionsAhead.tick()
      chain.mine()
    }
    const all = await transactionsAhead.list()
    expect(all.find(({ idempotencyKey }) => idempotencyKey === 'a')).toMatchObject({
      state: 'confirmed',
      nonce: 2n,
    })
    expect(chain.writes()).toEqual(['a'])
    await transactions.close()
    await steps(0)
  })

  test('is worked on by one process, and by another once that one is gone', async () => {
    const { chain, clock, transactions, manage } = start()
    const other = manage()
    await transactions.enqueue([request('a')])
    await transactions.tick()
    await other.tick()
    expect(transactions.status()[0]?.isHeld).toBe(true)
    expect(other.status()[0]?.isHeld).toBe(false)
    await clock.advance(30_000)
    for (let round = 1; round <= 8; round += 1) {
      chain.mine()
      await other.tick()
      await clock.advance(1_000)
    }
    expect(other.status()[0]?.isHeld).toBe(true)
    expect((await other.list())[0]?.state).toBe('confirmed')
  })

  test('is given back when the manager is closed', async () => {
    const { transactions, manage } = start()
    await transactions.tick()
    await transactions.close()
    const other = manage()
    await other.tick()
    expect(other.status()[0]?.isHeld).toBe(true)
  })

  test('signs nothing new while the database is down, and goes on after', async () => {
    const { chain, store, manage, clock } = start()
    let isDown = false
    const sometimes = faulty(store, () => (isDown ? { kind: 'fail' } : undefined))
    const transactions = manage({ store: sometimes })
    await transactions.enqueue([request('a')])
    await transactions.tick()
    isDown = true
    chain.mine()
    await clock.advance(2_000)
    expect(await transactions.tick()).toMatchObject({ errors: 1 })
    isDown = false
    for (let round = 1; round <= 8; round += 1) {
      chain.mine()
      await transactions.tick()
      await clock.advance(1_000)
    }
    expect(chain.writes()).toEqual(['a'])
    expect((await transactions.list())[0]?.state).toBe('confirmed')
  })

  test('is told to be unreachable when its rounds have failed for a minute', async () => {
    const fired: string[] = []
    const alerts = {
      fire: async ({ name }: Alert) => void fired.push(name),
      resolve: async () => {},
    }
    const { clock, transactions } = start({ alerts, senderOptions: { lossRate: 1 } })
    await transactions.enqueue([request('a')])
    for (let round = 1; round <= 62; round += 1) {
      await transactions.tick()
      await clock.advance(1_000)
    }
    expect(fired).toEqual(['TransactionLaneUnreachable'])
  })

  test('aborts a round that hangs, and takes the next one', async () => {
    const { chain, clock, manage } = start()
    let isHanging = true
    const sender = faulty(chain.sender(), ({ method }) =>
      method === 'observe' && isHanging ? { kind: 'drop' } : undefined,
    )
    const transactions = manage({ sender, policy: { ...POLICY, roundTimeoutMs: 2_000 } })
    await transactions.enqueue([request('a')])
    const hanging = transactions.tick()
    await clock.advance(2_000)
    expect(await hanging).toMatchObject({ errors: 1 })
    isHanging = false
    await transactions.tick()
    expect(chain.waiting).toBe(1)
  })
})

describe('waiting', () => {
  test('ends in a block, or at the end', async () => {
    const { transactions, step } = start()
    const [queued] = await transactions.enqueue([request('a')])
    const { id } = queued!.transaction
    const mined = transactions.wait(id, 'mined')
    const final = transactions.wait(id, 'final')
    await step()
    await transactions.tick()
    expect((await mined).state).toBe('mined')
    for (let round = 1; round <= 6; round += 1) await step()
    expect((await final).state).toBe('confirmed')
  })

  test('ends when the signal aborts', async () => {
    const { transactions } = start()
    const [queued] = await transactions.enqueue([request('a')])
    const stop = new AbortController()
    const waiting = transactions.wait(queued!.transaction.id, 'final', { signal: stop.signal })
    stop.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
  })

  test('for what is not there is refused', async () => {
    const { transactions } = start()
    await expect(transactions.wait('nobody', 'final')).rejects.toMatchObject({
      code: 'TRANSACTION_NOT_FOUND',
    })
    await expect(transactions.cancel('nobody')).rejects.toMatchObject({
      code: 'TRANSACTION_NOT_FOUND',
    })
  })
})

describe('draining', () => {
  test('waits for what is on its way, and leaves in the queue what is not', async () => {
    const { chain, clock, transactions } = start({ policy: { ...POLICY, inFlightMax: 1 } })
    await transactions.enqueue([request('a'), request('b')])
    await transactions.tick()
    const drained = transactions.drain()
    for (let round = 1; round <= 8; round += 1) {
      chain.mine()
      await clock.advance(1_000)
    }
    await drained
    expect(chain.writes()).toEqual(['a'])
    expect(
      (await transactions.list({ states: ['queued'] })).map((one) => one.idempotencyKey),
    ).toEqual(['b'])
  })
})

test('counts where transactions come to stand', async () => {
  const metrics = createMetrics()
  const { transactions, steps } = start({ metrics })
  await transactions.enqueue([request('a'), request('b')])
  await steps(6)
  const samples = JSON.stringify(metrics.collect())
  expect(samples).toContain('transactions_total')
  expect(samples).toContain('confirmed')
})

test('refuses options that cannot work', () => {
  const { chain, store } = start()
  const sender = chain.sender()
  for (const policy of [{ pollMs: 0 }, { inFlightMax: 0 }, { leaseMs: 1 }, { gapMax: -1 }]) {
    expect(() => createTransactionManager({ sender, store, policy })).toThrow('policy')
  }
  const nobody = chain.sender({ accounts: [] })
  expect(() => createTransactionManager({ sender: nobody, store })).toThrow('account')
})
