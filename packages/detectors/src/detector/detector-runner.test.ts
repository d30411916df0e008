import { expect, test } from 'vitest'

import { eventOf } from '../testing/judge-at-once.ts'
import type { AccountEvent } from './account-event.ts'
import { createDetectorRunner } from './detector-runner.ts'
import { inEventOrder } from './in-event-order.ts'

/** Counts the events of an account. */
const countDetector = inEventOrder<{ count: number }, undefined, 'count', never>({
  id: 'count',
  version: 1,
  ruleIds: { transaction: [], scan: ['count'] },
  scope: 'account',
  init: () => ({ count: 0 }),
  judge(state, _event, verdicts) {
    state.count += 1
    verdicts.evaluated.count += 1
  },
})

function scan(accountId: string, eventTime: number): AccountEvent {
  return eventOf({ kind: 'scan', scanId: `${accountId}-${eventTime}`, accountId, eventTime })
}

function createRunner() {
  return createDetectorRunner(countDetector, undefined)
}

test('keeps the states of keys apart, and names those that were touched', () => {
  const runner = createRunner()
  const { touched, evaluated } = runner.take([scan('a', 1), scan('b', 2), scan('a', 3)], 10)
  expect(touched).toEqual(['a', 'b'])
  expect(evaluated).toEqual({ count: 3 })
  expect(runner.stateOf('a')?.state.rules).toEqual({ count: 2 })
})

test('wakes a key when time has passed, though it has no event', () => {
  const runner = createRunner()
  runner.take([scan('a', 1_500)], 0)
  expect(runner.take([], 1_499).touched).toEqual([])
  expect(runner.take([], 1_500).evaluated).toEqual({ count: 1 })
})

test('says when the first of its keys wakes, and that none does', () => {
  const runner = createRunner()
  expect(runner.wakeAt).toBe(Infinity)
  runner.take([scan('a', 1_700), scan('b', 1_500), scan('c', 3_000), scan('c', 9_000)], 0)
  expect(runner.wakeAt).toBe(1_500)
  runner.take([], 1_500)
  expect(runner.wakeAt).toBe(1_700)
  // It waits in the second in which it first was to wake, and now wakes in a later one.
  runner.take([], 3_000)
  expect(runner.wakeAt).toBe(9_000)
  runner.take([scan('d', 8_000)], 3_500)
  expect(runner.wakeAt).toBe(8_000)
  runner.take([], 9_000)
  expect(runner.wakeAt).toBe(Infinity)
})

test('says when a key wakes that was put back with a later wake', () => {
  const runner = createRunner()
  runner.take([scan('a', 1_500), scan('b', 2_500)], 0)
  const kept = runner.stateOf('a')!
  runner.restore('a', kept.state, 5_500)
  expect(runner.wakeAt).toBe(2_500)
  runner.restore('b', runner.stateOf('b')!.state, Infinity)
  expect(runner.wakeAt).toBe(5_500)
})

test('wakes a key once that has an event and a wake at the same time', () => {
  const runner = createRunner()
  runner.take([scan('a', 1_500)], 0)
  expect(runner.take([scan('a', 1_600)], 2_000)).toMatchObject({
    touched: ['a'],
    evaluated: { count: 2 },
  })
})

test('wakes a key once that has come to wait for the same second twice', () => {
  const runner = createRunner()
  runner.take([scan('a', 1_500)], 1_200)
  runner.take([scan('a', 1_100)], 1_200)
  runner.take([], 1_500)
  runner.take([scan('a', 1_700)], 1_600)
  expect(runner.take([scan('a', 1_800)], 1_650).touched).toEqual(['a'])
  expect(runner.take([], 2_000)).toMatchObject({ touched: ['a'], evaluated: { count: 2 } })
  expect(runner.take([], 9_000).touched).toEqual([])
})

test('goes on from a state that was put back, and wakes it', () => {
  const before = createRunner()
  before.take([scan('a', 1), scan('a', 5_000)], 10)
  const kept = before.stateOf('a')!

  const after = createRunner()
  after.restore('a', kept.state, kept.wakeAt)
  after.take([], 5_000)
  expect(after.stateOf('a')?.state.rules).toEqual({ count: 2 })
})

test('lets go of states that wait for nothing, and of no others', () => {
  const runner = createRunner()
  runner.take([scan('idle', 1), scan('waiting', 50), scan('new', 2)], 10)
  runner.evict(1)
  expect([runner.has('idle'), runner.has('waiting'), runner.has('new')]).toEqual([
    false,
    true,
    false,
  ])
})
