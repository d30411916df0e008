import { describe, expect, test } from 'vitest'

import { eventOf } from '../testing/judge-at-once.ts'
import type { AccountEvent } from './account-event.ts'
import { inEventOrder } from './in-event-order.ts'

/** Rules that note what they were shown. */
const seenDetector = inEventOrder<string[], undefined, 'seen', never>({
  id: 'seen',
  version: 1,
  ruleIds: { transaction: ['seen'], scan: [] },
  scope: 'account',
  init: () => [],
  judge(seen, event, verdicts) {
    verdicts.evaluated.seen += 1
    if (event.kind === 'transaction') seen.push(event.transactionId)
  },
})

function transaction(
  transactionId: string,
  eventTime: number,
  more: { readonly sequence?: number; readonly status?: 'pending' } = {},
): AccountEvent {
  return eventOf({
    kind: 'transaction',
    transactionId,
    accountId: 'card-7',
    status: 'completed',
    amountMinor: 1n,
    currency: 'EUR',
    eventTime,
    ...more,
  })
}

function run(steps: readonly (readonly [readonly AccountEvent[], number])[]) {
  const state = seenDetector.init('card-7')
  const taken = steps.map(([batch, watermark]) =>
    seenDetector.step(state, batch, { watermark, config: undefined }),
  )
  return { seen: state.rules, state, last: taken.at(-1)!, taken }
}

test('judges an event when the watermark has reached its time, and not before', () => {
  const events = [transaction('a', 10)]
  expect(run([[events, 9]]).seen).toEqual([])
  expect(run([[events, 10]]).seen).toEqual(['a'])
  expect(
    run([
      [events, 9],
      [[], 10],
    ]).seen,
  ).toEqual(['a'])
})

test('says from which watermark an event that waits can be judged', () => {
  expect(run([[[transaction('b', 12), transaction('a', 11)], 5]]).last.wakeAt).toBe(11)
  expect(run([[[transaction('a', 11)], 11]]).last.wakeAt).toBe(Number.POSITIVE_INFINITY)
})

test('judges in the order of event time, then of the sequence, then of the name', () => {
  const events = [
    transaction('late', 30),
    transaction('second', 20, { sequence: 2 }),
    transaction('z', 10),
    transaction('first', 20, { sequence: 1 }),
    transaction('y', 10),
  ]
  expect(run([[events, 30]]).seen).toEqual(['y', 'z', 'first', 'second', 'late'])
})

test('judges an event once that is delivered again, before or after its time', () => {
  const event = transaction('a', 10)
  const { seen, taken } = run([
    [[event, event], 5],
    [[event], 10],
    [[event], 20],
  ])
  expect(seen).toEqual(['a'])
  expect(taken.map(({ notEvaluable }) => notEvaluable.map(({ reason }) => reason))).toEqual([
    [],
    ['repeated', 'repeated'],
    ['repeated'],
  ])
})

test('hands back as late what comes after its time was judged, and judges it not', () => {
  const late = transaction('late', 10)
  const { seen, last } = run([
    [[transaction('a', 20)], 20],
    [[late], 25],
  ])
  expect(seen).toEqual(['a'])
  expect(last.late).toEqual([late])
})

test('judges what comes after its time while nothing later was judged', () => {
  expect(run([[[transaction('a', 10)], 50]]).seen).toEqual(['a'])
})

test('takes a transaction that is decided for another event than the pending one', () => {
  const { seen } = run([
    [[transaction('a', 10, { status: 'pending' })], 10],
    [[transaction('a', 11)], 11],
  ])
  expect(seen).toEqual(['a', 'a'])
})

test('leaves events out that no rule has a say about', () => {
  const scan = eventOf({ kind: 'scan', scanId: 's', accountId: 'card-7', eventTime: 1 })
  const { state, last } = run([[[scan], 10]])
  expect([state.rules, state.pending, last.late, last.notEvaluable]).toEqual([[], [], [], []])
})

test('adds its verdicts to the totals of the caller', () => {
  const evaluated = { seen: 5 }
  const context = { watermark: 10, config: undefined, evaluated }
  const step = seenDetector.step(seenDetector.init('k'), [transaction('a', 10)], context)
  expect(step.evaluated).toBe(evaluated)
  expect(evaluated.seen).toBe(6)
})

describe('a pending transaction', () => {
  const pending = transaction('a', 10, { status: 'pending' })

  test('is shown at once, makes nothing late, and is never late itself', () => {
    const { seen, taken } = run([
      [[transaction('first', 5), pending], 50],
      [[transaction('a', 10)], 60],
      [[pending], 70],
    ])
    expect(seen).toEqual(['first', 'a', 'a', 'a'])
    expect(taken.flatMap(({ late }) => late)).toEqual([])
  })

  test('has its place in the order of rules that ask for it, before its decision', () => {
    const { rules } = seenDetector
    const detector = inEventOrder({
      ...rules,
      seesPending: true,
      judge: (seen, event) => void seen.push(event.kind === 'transaction' ? event.status : ''),
    })
    const state = detector.init('card-7')
    const events = [transaction('a', 10, { sequence: 1 }), pending]
    const { late } = detector.step(state, [...events, transaction('b', 9)], {
      watermark: 5,
      config: undefined,
    })
    expect([state.rules, late]).toEqual([[], []])
    detector.step(state, [], { watermark: 10, config: undefined })
    expect(state.rules).toEqual(['completed', 'pending', 'completed'])
  })
})

test('lets rules settle what is late, and hands back what they cannot', () => {
  const { rules } = seenDetector
  const detector = inEventOrder({
    ...rules,
    judgeLate: (seen, event, upTo) => {
      if (upTo - event.eventTime > 5) return false
      seen.push(`late by ${upTo - event.eventTime}`)
      return true
    },
  })
  const state = detector.init('card-7')
  const context = { watermark: 20, config: undefined }
  detector.step(state, [transaction('a', 20)], context)
  const { late } = detector.step(state, [transaction('b', 15), transaction('c', 14)], context)
  expect(state.rules).toEqual(['a', 'late by 5'])
  expect(late).toMatchObject([{ transactionId: 'c' }])
})
