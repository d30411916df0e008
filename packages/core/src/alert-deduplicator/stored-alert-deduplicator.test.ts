import { describe, expect, test } from 'vitest'

import { isAssayError } from '../errors/assay-error.ts'
import { faulty, InjectedFaultError } from '../testing/faulty.ts'
import { createSequentialId } from '../testing/sequential-id.ts'
import { createTestClock } from '../testing/test-clock.ts'
import type { StoredAlertDecision, StoredUnconfirmedAlertNotice } from './alert-decision.ts'
import type { AlertDeduplicatorStore } from './alert-deduplicator-store.ts'
import type { StoredAlertDeduplicator } from './alert-deduplicator.ts'
import {
  createAlertDeduplicator,
  type StoredAlertDeduplicatorOptions,
} from './create-alert-deduplicator.ts'
import { createMemoryAlertDeduplicatorStore } from './memory-alert-deduplicator-store.ts'

const COOLDOWN_MS = 300_000
const LEASE_MS = 60_000

type Options = Partial<StoredAlertDeduplicatorOptions>

function setUp({ store = createMemoryAlertDeduplicatorStore(), ...options }: Options = {}) {
  const clock = createTestClock({ now: 1_700_000_000_000 })
  const createId = createSequentialId()
  const given = { clock, createId, ...options, store }
  return {
    clock,
    store,
    deduplicator: createAlertDeduplicator({ ...given, confirm: 'auto' }),
    manual: createAlertDeduplicator({ ...given, confirm: 'manual' }),
  }
}

function outcome(decision: StoredAlertDecision): string {
  return decision.reason ?? decision.why
}

async function failTimes(
  deduplicator: StoredAlertDeduplicator,
  key: string,
  times: number,
): Promise<string[]> {
  const decisions = await Promise.all(Array.from({ length: times }, () => deduplicator.fail(key)))
  return decisions.map((decision) => outcome(decision))
}

function notice(decision: StoredAlertDecision<'manual'>): StoredUnconfirmedAlertNotice {
  if (decision.reason === null) throw new Error(`expected a notice, not ${decision.why}`)
  return decision
}

/** Counts the calls of each method. */
function spied(store: AlertDeduplicatorStore) {
  const calls: string[] = []
  const spy = faulty(store, ({ method }) => {
    calls.push(method)
    return undefined
  })
  return { store: spy, calls }
}

/** Another process that changes the key just before each commit. */
function contended(store: AlertDeduplicatorStore, times: number): AlertDeduplicatorStore {
  const rival = createAlertDeduplicator({ store, threshold: 1_000 })
  let changes = 0
  return {
    ...store,
    async commit(commit) {
      changes += 1
      if (changes <= times) await rival.fail(commit.key)
      return store.commit(commit)
    },
  }
}

describe('over a store', () => {
  test('decides as without one', async () => {
    const { clock, deduplicator } = setUp()
    expect(await failTimes(deduplicator, 'rpc', 4)).toEqual([
      'below-threshold',
      'below-threshold',
      'firing',
      'cooling-down',
    ])
    await clock.advance(COOLDOWN_MS)
    expect(await failTimes(deduplicator, 'rpc', 1)).toEqual(['repeat'])
    expect(await deduplicator.failureCount('rpc')).toBe(5)
    expect(outcome(await deduplicator.succeed('rpc'))).toBe('resolved')
    expect(await deduplicator.failureCount('rpc')).toBe(0)
  })

  test('tells what people need to know, and hands the error on', async () => {
    const { clock, deduplicator } = setUp({ threshold: 1 })
    const error = new Error('no route to host')
    expect(await deduplicator.fail('rpc', error)).toEqual({
      reason: 'firing',
      key: 'rpc',
      fingerprint: 'rpc',
      failureCount: 1,
      failingSince: clock.now(),
      suppressedCount: 0,
      error,
    })
  })

  test('applies the calls for a key in the order in which they were made', async () => {
    const { deduplicator } = setUp({ threshold: 2 })
    const decisions = await Promise.all([
      deduplicator.fail('rpc'),
      deduplicator.fail('rpc'),
      deduplicator.succeed('rpc'),
      deduplicator.fail('rpc'),
      deduplicator.succeed('rpc'),
      deduplicator.fail('rpc'),
      deduplicator.reset('rpc'),
      deduplicator.fail('rpc'),
    ])
    expect(decisions.map((decision) => decision && outcome(decision))).toEqual([
      'below-threshold',
      'firing',
      'resolved',
      'below-threshold',
      'not-alerted',
      'below-threshold',
      undefined,
      'below-threshold',
    ])
  })

  test('commits a thousand simultaneous failures of a key in two commits', async () => {
    const { store, calls } = spied(createMemoryAlertDeduplicatorStore())
    const { deduplicator } = setUp({ store })
    const decisions = await failTimes(deduplicator, 'rpc', 1_000)
    expect(decisions.filter((decision) => decision === 'firing')).toHaveLength(1)
    expect(await deduplicator.failureCount('rpc')).toBe(1_000)
    expect(calls.filter((method) => method === 'commit')).toHaveLength(2)
  })

  test('counts the failures of a key once earlier calls for it have ended', async () => {
    const { store, calls } = spied(createMemoryAlertDeduplicatorStore())
    const { deduplicator } = setUp({ store })
    void deduplicator.fail('rpc')
    void deduplicator.fail('rpc')
    expect(await deduplicator.failureCount('rpc')).toBe(2)
    const [before, , after] = await Promise.all([
      deduplicator.failureCount('rpc'),
      deduplicator.fail('rpc'),
      deduplicator.failureCount('rpc'),
    ])
    expect([before, after]).toEqual([2, 3])

    calls.length = 0
    expect(await deduplicator.failureCount('rpc')).toBe(3)
    expect(calls).toEqual(['load'])
  })

  test('costs one read for the success of a key that works', async () => {
    const { store, calls } = spied(createMemoryAlertDeduplicatorStore())
    const { deduplicator } = setUp({ store })
    expect(outcome(await deduplicator.succeed('rpc'))).toBe('not-alerted')
    expect(calls).toEqual(['load'])
  })

  test('lists the keys that fail now', async () => {
    const { clock, deduplicator } = setUp({ threshold: 2 })
    const at = clock.now()
    await failTimes(deduplicator, 'alerting', 2)
    await clock.advance(5)
    await failTimes(deduplicator, 'quiet', 1)
    await failTimes(deduplicator, 'recovered', 1)
    await deduplicator.succeed('recovered')
    expect(await deduplicator.activeFailures()).toEqual([
      { key: 'alerting', failureCount: 2, failingSince: at, alerting: true },
      { key: 'quiet', failureCount: 1, failingSince: at + 5, alerting: false },
    ])
  })

  test('leaves out of the list what recovered and is kept for its alert only', async () => {
    const { manual } = setUp({ threshold: 1 })
    await manual.fail('rpc')
    await manual.succeed('rpc')
    expect(await manual.activeFailures()).toEqual([])
    expect(await manual.failureCount('rpc')).toBe(0)
  })

  test('changes the rules of this process', async () => {
    const { clock, deduplicator } = setUp()
    await deduplicator.setThreshold(1)
    await deduplicator.setCooldown(1)
    expect(await failTimes(deduplicator, 'rpc', 2)).toEqual(['firing', 'cooling-down'])
    await clock.advance(1)
    expect(await failTimes(deduplicator, 'rpc', 1)).toEqual(['repeat'])
    await expect(deduplicator.setThreshold(0)).rejects.toThrow('`threshold`')
    await expect(deduplicator.setCooldown(-1)).rejects.toThrow('`cooldownMs`')
  })

  test.each(['', '__proto__', '\0', '\uD800', 'x'.repeat(256), `${'é'.repeat(255)}\0`])(
    'keeps the key %j in a form that any database can hold',
    async (key) => {
      const { deduplicator, store } = setUp({ threshold: 2 })
      expect(await failTimes(deduplicator, key, 2)).toEqual(['below-threshold', 'firing'])
      const [kept] = await store.list(1)
      expect(kept?.key.length).toBeLessThanOrEqual(255)
      expect(kept?.key).not.toMatch(/[\0\p{Surrogate}]/u)
      expect(await deduplicator.succeed(key)).toMatchObject({ reason: 'resolved', key })
    },
  )

  test('refuses options that it cannot work with', () => {
    const store = createMemoryAlertDeduplicatorStore()
    expect(() => createAlertDeduplicator({ store, commitAttemptsMax: 0 })).toThrow('`commit')
    expect(() => createAlertDeduplicator({ store, waitingMax: 0 })).toThrow('`waitingMax`')
  })
})

describe('deliveries over a store', () => {
  test('start the cooldown, whichever process confirms them', async () => {
    const { clock, store, manual } = setUp({ threshold: 1 })
    const firing = notice(await manual.fail('rpc'))
    expect(outcome(await manual.fail('rpc'))).toBe('delivery-pending')
    await clock.advance(1_000)
    await firing.delivered()
    await firing.undelivered()
    const other = createAlertDeduplicator({ store, clock, threshold: 1 })
    await clock.advance(COOLDOWN_MS - 1)
    expect(outcome(await other.fail('rpc'))).toBe('cooling-down')
    await clock.advance(1)
    expect(outcome(await other.fail('rpc'))).toBe('repeat')
  })

  test('are decided anew by another process when the first one ended', async () => {
    const { clock, store, manual } = setUp({ threshold: 1 })
    const lost = notice(await manual.fail('rpc'))
    const other = createAlertDeduplicator({ store, clock, threshold: 1, confirm: 'manual' })
    await clock.advance(LEASE_MS - 1)
    expect(outcome(await other.fail('rpc'))).toBe('delivery-pending')
    await clock.advance(1)
    const firing = notice(await other.fail('rpc'))
    await lost.undelivered()
    expect(outcome(await other.fail('rpc'))).toBe('delivery-pending')
    await firing.delivered()
    expect(outcome(await other.succeed('rpc'))).toBe('resolved')
  })

  test('that come too late for a key that was reset change nothing', async () => {
    const { store, manual } = setUp({ threshold: 1 })
    const firing = notice(await manual.fail('rpc'))
    await manual.reset('rpc')
    await firing.delivered()
    expect(await store.load('rpc')).toBeUndefined()
  })
})

describe('when the wall clock is set back', () => {
  test('an alert is repeated early rather than silenced until the old time comes round', async () => {
    const { clock, deduplicator } = setUp({ threshold: 1 })
    await failTimes(deduplicator, 'rpc', 1)
    clock.setWallClock(clock.now() - 1_000)
    expect(await failTimes(deduplicator, 'rpc', 1)).toEqual(['cooling-down'])
    clock.setWallClock(0)
    expect(await failTimes(deduplicator, 'rpc', 2)).toEqual(['repeat', 'cooling-down'])
  })

  test('a lease ends as well', async () => {
    const { clock, manual } = setUp({ threshold: 1 })
    await manual.fail('rpc')
    clock.setWallClock(0)
    expect(outcome(await manual.fail('rpc'))).toBe('firing')
  })
})

describe('at maxKeys over a store', () => {
  test('evicts the quiet key that has been failing longest', async () => {
    const { clock, deduplicator } = setUp({ maxKeys: 2, threshold: 2 })
    await failTimes(deduplicator, 'alerting', 2)
    await clock.advance(1)
    await failTimes(deduplicator, 'quiet', 1)
    await failTimes(deduplicator, 'new', 1)
    expect(deduplicator).toMatchObject({ evictedCount: 1, refusedCount: 0 })
    const active = await deduplicator.activeFailures()
    expect(active.map(({ key }) => key)).toEqual(['alerting', 'new'])
  })

  test('refuses a new key when all are alerting', async () => {
    const { deduplicator } = setUp({ maxKeys: 1, threshold: 1 })
    await failTimes(deduplicator, 'alerting', 1)
    expect(await failTimes(deduplicator, 'new', 2)).toEqual(['at-capacity', 'at-capacity'])
    expect(deduplicator).toMatchObject({ evictedCount: 0, refusedCount: 2 })
    const [, success] = await Promise.all([deduplicator.fail('new'), deduplicator.succeed('new')])
    expect(outcome(success)).toBe('not-alerted')
    expect(await failTimes(deduplicator, 'alerting', 1)).toEqual(['cooling-down'])
  })
})

describe('when the store is in trouble', () => {
  test('a failure of the store rejects the call, and the next one is served', async () => {
    const working = createMemoryAlertDeduplicatorStore()
    const store = faulty(working, ({ method, nth }) =>
      method === 'load' && nth === 2 ? { kind: 'fail' } : undefined,
    )
    const { deduplicator } = setUp({ store })
    await deduplicator.fail('rpc')
    await expect(deduplicator.fail('rpc')).rejects.toThrow(InjectedFaultError)
    await deduplicator.fail('rpc')
    expect(await deduplicator.failureCount('rpc')).toBe(2)
  })

  test.each(['makeRoom', 'commit', 'list'])('a failing %s surfaces', async (failing) => {
    const store = faulty(createMemoryAlertDeduplicatorStore(), ({ method }) =>
      method === failing ? { kind: 'fail' } : undefined,
    )
    const { deduplicator } = setUp({ store })
    const calls = async () => {
      await deduplicator.fail('rpc')
      await deduplicator.activeFailures()
    }
    await expect(calls()).rejects.toThrow(InjectedFaultError)
  })

  test('a notice whose answer was lost is decided anew when its lease has run out', async () => {
    const store = faulty(createMemoryAlertDeduplicatorStore(), ({ method, nth }) =>
      method === 'commit' && nth === 1 ? { kind: 'fail-after' } : undefined,
    )
    const { clock, manual } = setUp({ store, threshold: 1 })
    await expect(manual.fail('rpc')).rejects.toThrow(InjectedFaultError)
    expect(outcome(await manual.fail('rpc'))).toBe('delivery-pending')
    await clock.advance(LEASE_MS)
    expect(outcome(await manual.fail('rpc'))).toBe('firing')
  })

  test('a lost race is run again from what the winner left', async () => {
    const { deduplicator } = setUp({ store: contended(createMemoryAlertDeduplicatorStore(), 5) })
    expect(await deduplicator.fail('rpc')).toMatchObject({ reason: 'firing', failureCount: 6 })
  })

  test('too many lost races reject with DEDUPLICATOR_CONTENTION, and change nothing', async () => {
    const store = contended(createMemoryAlertDeduplicatorStore(), 3)
    const { deduplicator } = setUp({ store, commitAttemptsMax: 3 })
    const error: unknown = await deduplicator.fail('rpc').catch((caught: unknown) => caught)
    expect(isAssayError(error, 'DEDUPLICATOR_CONTENTION')).toBe(true)
    expect(error).toMatchObject({ retry: 'safe', context: { attempts: 3 } })
    expect(await deduplicator.failureCount('rpc')).toBe(3)
  })

  test('a store that hangs holds no more than waitingMax calls', async () => {
    const store = faulty(createMemoryAlertDeduplicatorStore(), ({ method, args }) =>
      method === 'load' && args[0] === 'hangs' ? { kind: 'drop' } : undefined,
    )
    const { deduplicator } = setUp({ store, waitingMax: 3 })
    void deduplicator.fail('hangs')
    expect(await failTimes(deduplicator, 'rpc', 2)).toHaveLength(2)
    void deduplicator.fail('hangs')
    void deduplicator.fail('hangs')
    const error: unknown = await deduplicator.fail('rpc').catch((caught: unknown) => caught)
    expect(isAssayError(error, 'DEDUPLICATOR_CONTENTION')).toBe(true)
    expect(error).toMatchObject({ context: { attempts: 0, waiting: 3 } })
  })
})
