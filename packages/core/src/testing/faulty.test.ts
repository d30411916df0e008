import { describe, expect, it, vi } from 'vitest'

import { type Fault, faulty, InjectedFaultError, type PlannedCall } from './faulty.ts'
import { createTestClock } from './test-clock.ts'

const KIND = Symbol('kind')

class CounterStore {
  readonly #counts = new Map<string, number>()
  readonly name = 'counters'
  readonly [KIND] = 'memory'

  async add(key: string, amount = 1): Promise<number> {
    const count = (this.#counts.get(key) ?? 0) + amount
    this.#counts.set(key, count)
    return count
  }

  async read(key: string): Promise<number> {
    return this.#counts.get(key) ?? 0
  }

  get keys(): number {
    return this.#counts.size
  }

  *[Symbol.iterator](): Generator<string> {
    yield* this.#counts.keys()
  }
}

/** Faults of the first call of `add`; every other call passes. */
const onFirstAdd =
  (fault: Fault) =>
  ({ method, nth }: PlannedCall): Fault | undefined =>
    method === 'add' && nth === 1 ? fault : undefined

describe('faulty', () => {
  it('lets calls through unchanged where the plan says nothing', async () => {
    const store = new CounterStore()
    const unreliable = faulty(store, () => undefined)
    expect(await unreliable.add('a', 2)).toBe(2)
    expect(await store.read('a')).toBe(2)
  })

  it('tells the plan the method, how often it was called, and with what', async () => {
    const plan = vi.fn<(call: PlannedCall) => undefined>()
    const unreliable = faulty(new CounterStore(), plan)
    await unreliable.add('a', 2)
    await unreliable.read('a')
    await unreliable.add('b')
    expect(plan.mock.calls.flat()).toEqual([
      { method: 'add', nth: 1, args: ['a', 2] },
      { method: 'read', nth: 1, args: ['a'] },
      { method: 'add', nth: 2, args: ['b'] },
    ])
  })

  it('fails a call before the store sees it', async () => {
    const store = new CounterStore()
    const unreliable = faulty(store, onFirstAdd({ kind: 'fail' }))
    await expect(unreliable.add('a')).rejects.toThrow(InjectedFaultError)
    expect(await store.read('a')).toBe(0)
    expect(await unreliable.add('a')).toBe(1)
  })

  it('loses the answer of a call that took effect', async () => {
    const store = new CounterStore()
    const unreliable = faulty(store, onFirstAdd({ kind: 'fail-after' }))
    await expect(unreliable.add('a')).rejects.toThrow('The answer of add call 1 was lost.')
    expect(await store.read('a')).toBe(1)
  })

  it.each(['fail', 'fail-after'] as const)('rejects by %s with the given error', async (kind) => {
    const error = new Error('connection reset')
    const unreliable = faulty(new CounterStore(), onFirstAdd({ kind, error }))
    await expect(unreliable.add('a')).rejects.toBe(error)
  })

  it('lets an error of the store itself win over a lost answer', async () => {
    const error = new Error('the store failed')
    const store = { save: (): Promise<void> => Promise.reject(error) }
    await expect(faulty(store, () => ({ kind: 'fail-after' })).save()).rejects.toBe(error)
  })

  it('delays a call, which takes effect late', async () => {
    const clock = createTestClock()
    const store = new CounterStore()
    const unreliable = faulty(store, onFirstAdd({ kind: 'delay', ms: 100, clock }))
    const added = unreliable.add('a')
    await clock.advance(99)
    expect(await store.read('a')).toBe(0)
    await clock.advance(1)
    expect(await added).toBe(1)
    expect(await store.read('a')).toBe(1)
  })

  it('drops a call: it has no effect and never settles', async () => {
    const clock = createTestClock()
    const store = new CounterStore()
    const settled = vi.fn<() => void>()
    const unreliable = faulty(store, onFirstAdd({ kind: 'drop' }))
    void unreliable.add('a').then(settled, settled)
    await clock.advance(1_000_000)
    expect(settled).not.toHaveBeenCalled()
    expect(await store.read('a')).toBe(0)
  })

  it('passes properties, getters and symbols by, without asking the plan', async () => {
    const plan = vi.fn<(call: PlannedCall) => Fault>(() => ({ kind: 'fail' }))
    const store = new CounterStore()
    await store.add('a')
    const unreliable = faulty(store, plan)
    expect(unreliable.name).toBe('counters')
    expect(unreliable.keys).toBe(1)
    expect(unreliable[KIND]).toBe('memory')
    expect([...unreliable]).toEqual(['a'])
    expect(unreliable).toBeInstanceOf(CounterStore)
    expect('add' in unreliable).toBe(true)
    expect(plan).not.toHaveBeenCalled()
  })

  it('can be returned from asynchronous code, where its `then` is looked up', async () => {
    const unreliable = await Promise.resolve(faulty(new CounterStore(), () => ({ kind: 'fail' })))
    await expect(unreliable.read('a')).rejects.toThrow('read call 1 was made to fail.')
  })

  it('wraps a frozen object', async () => {
    const store = Object.freeze({ size: 3, load: async (key: string) => key.length })
    const unreliable = faulty(store, ({ nth }) => (nth === 1 ? { kind: 'fail' } : undefined))
    await expect(unreliable.load('abc')).rejects.toThrow(InjectedFaultError)
    expect(await unreliable.load('abc')).toBe(3)
    expect(unreliable.size).toBe(3)
  })

  it('keeps its faults in an object that is spread', async () => {
    const store = { load: async () => 'loaded', save: async () => 'saved' }
    const spread = { ...faulty(store, () => ({ kind: 'fail' })), save: async () => 'overridden' }
    await expect(spread.load()).rejects.toThrow(InjectedFaultError)
    expect(await spread.save()).toBe('overridden')
  })
})
