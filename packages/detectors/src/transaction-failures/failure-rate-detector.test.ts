import { describe, expect, test } from 'vitest'

import { type AccountEvent, parseAccountEvent } from '../detector/account-event.ts'
import type { TransactionStatus } from '../ledger/ledger-entry.ts'
import { decodeState, encodeState } from '../monitor/state-codec.ts'
import { type FailureRateOptions, readFailureRateConfig } from './failure-rate-config.ts'
import { failureRateDetector } from './failure-rate-detector.ts'

const AT = 1_749_895_200_000
const WINDOW_MS = 900_000
const RULE = 'transactions.failure-rate'

describe('transactions.failure-rate', () => {
  test.each([
    { failed: 2, completed: 38, found: 0 },
    { failed: 3, completed: 57, found: 0 },
    { failed: 3, completed: 56, found: 1 },
    { failed: 3, completed: 37, found: 1 },
    { failed: 3, completed: 36, found: 0 },
    { failed: 39, completed: 0, found: 0 },
    { failed: 40, completed: 0, found: 1 },
  ])('finds $found when $failed failed and $completed did not', ({ failed, completed, found }) => {
    const events = [...completions(completed), ...failures(failed, completed)]
    expect(opens(events)).toHaveLength(found)
  })

  test('keeps of what waits no more than it reads, and judges the same', () => {
    const events = [...completions(57), ...failures(4, 57)]
    const config = readFailureRateConfig({})
    const before = { watermark: AT - 1, config }
    const { state } = failureRateDetector.step(failureRateDetector.init('system'), events, before)
    expect(state.pending).toHaveLength(61)
    for (const waiting of state.pending) expect(waiting).not.toHaveProperty('amountMinor')
    const stored = decodeState(encodeState(state)) as typeof state
    const after = { watermark: AT + 60, config }
    const { findings } = failureRateDetector.step(stored, [], after)
    expect(findings).toEqual(judge(events, {}, AT + 60).findings)
  })

  test('says how many failed of how many, and names those', () => {
    const events = [...completions(57), ...failures(4, 57)]
    expect(judge(events, {}, AT + 60).findings).toEqual([
      {
        fingerprint: `${RULE}::card-60:tx-60`,
        ruleId: RULE,
        ruleVersion: 1,
        severity: 'medium',
        action: 'open',
        subject: 'system',
        transactionIds: ['tx-57', 'tx-58', 'tx-59', 'tx-60'],
        eventTime: AT + 60,
        confidence: 1,
        evidence: {
          failed: 4,
          total: 61,
          rateBps: 655,
          windowMs: WINDOW_MS,
          resolutionMs: 1,
          probability: null,
        },
      },
    ])
  })

  test.each([
    { age: WINDOW_MS - 1, found: 1 },
    { age: WINDOW_MS, found: 1 },
    { age: WINDOW_MS + 1, found: 0 },
  ])('counts a failure that is $age ms old: finds $found', ({ age, found }) => {
    const first = event('failed', 0)
    const rest = [
      ...Array.from({ length: 38 }, (_, n) => event('completed', age - 50 + n)),
      event('failed', age - 1),
      event('failed', age),
    ]
    expect(opens([first, ...rest])).toHaveLength(found)
  })

  test('leaves the far end out where it is told to', () => {
    const events = [
      event('failed', 0),
      ...Array.from({ length: 38 }, (_, n) => event('completed', WINDOW_MS - 50 + n)),
      event('failed', WINDOW_MS - 1),
      event('failed', WINDOW_MS),
    ]
    expect(opens(events, { farEnd: 'exclusive' })).toHaveLength(0)
    expect(opens(events, { farEnd: 'exclusive', windowMs: WINDOW_MS + 1 })).toHaveLength(1)
  })

  test('takes no notice of what is pending or cancelled, unless pending is to count', () => {
    const open = [...completions(38), ...failures(2, 38)]
    const pending = Array.from({ length: 20 }, (_, n) => event('pending', 40 + n))
    const last = event('failed', 60)
    expect(opens([...open, ...pending, last])).toHaveLength(1)
    expect(opens([...open, ...pending, last], { countsPending: true })).toHaveLength(0)
    const cancelled = Array.from({ length: 20 }, (_, n) => event('cancelled', 40 + n))
    expect(opens([...open, ...cancelled, last], { countsPending: true })).toHaveLength(1)
  })

  test('is one episode until the rate has fallen to 4 %, and another one after that', () => {
    const events = [
      ...completions(57),
      ...failures(4, 57),
      ...completions(38, 61), // 4 of 99
      ...completions(1, 99), // 4 of 100
      ...completions(100, 100),
      ...failures(7, 200),
    ]
    const findings = judge(events, {}, AT + 206).findings
    expect(findings.map(({ action, eventTime }) => [action, eventTime - AT])).toEqual([
      ['open', 60],
      ['resolve', 99],
      ['open', 206],
    ])
    expect(findings[0]?.fingerprint).toBe(findings[1]?.fingerprint)
    expect(findings[1]?.evidence).toMatchObject({
      failed: 4,
      total: 100,
      peakBps: 655,
      openedAt: AT + 60,
      endedBy: 'rate',
    })
    expect(findings[2]?.fingerprint).not.toBe(findings[0]?.fingerprint)
  })

  test('is told again when its peak has grown by a step', () => {
    const events = [...completions(57), ...failures(20, 57)]
    const rates = judge(events, { peakStepBps: 500 }, AT + 100).findings.map(
      ({ action, evidence }) => [action, evidence['rateBps']],
    )
    expect(rates).toEqual([
      ['open', 655],
      ['update', 1_230],
      ['update', 1_739],
      ['update', 2_297],
    ])
  })

  test('ends on the millisecond at which enough failures have left, without an event', () => {
    const events = [
      ...failures(1),
      ...completions(20, 1),
      ...failures(4, 21),
      ...completions(60, 25),
    ]
    const open = judge(events, {}, AT + 84)
    // 5 failures of 41 opened it; the one at 0 leaves first, and then all completions up to 20.
    expect(open.findings.map(({ action }) => action)).toEqual(['open'])
    expect(open.wakeAt).toBe(AT + WINDOW_MS + 1)

    const { findings, wakeAt } = step(open.state, [], {}, AT + 2 * WINDOW_MS)
    expect(findings.map(({ action, eventTime }) => [action, eventTime - AT])).toEqual([
      ['resolve', 22 + WINDOW_MS + 1],
    ])
    expect(findings[0]?.evidence).toMatchObject({ failed: 2, total: 62, rateBps: 322 })
    expect(wakeAt).toBe(Number.POSITIVE_INFINITY)
  })

  test('does not end because nobody uses the system any more, until nothing is left to judge by', () => {
    const events = [...completions(37), ...failures(3, 37)]
    const { findings } = judge(events)
    expect(findings.map(({ action, eventTime }) => [action, eventTime - AT])).toEqual([
      ['open', 39],
      ['resolve', 39 + WINDOW_MS + 1],
    ])
    expect(findings[1]?.evidence).toMatchObject({
      failed: 0,
      total: 0,
      rateBps: null,
      endedBy: 'no-transactions',
    })
  })

  test('asks for significance where it is told to', () => {
    const few = [...completions(37), ...failures(3, 37)]
    expect(opens(few, { significance: 0.01 })).toHaveLength(0)
    const many = [...completions(37), ...failures(7, 37)]
    const [open] = opens(many, { significance: 0.01 })
    expect(open?.evidence).toMatchObject({ failed: 7, total: 44 })
    expect(open?.evidence['probability']).toBeLessThan(0.01)
    expect(opens(many.slice(0, -1), { significance: 0.01 })).toHaveLength(0)
  })

  test('says when it counts by the second, and still counts all', () => {
    const events = [...completions(300), ...failures(100, 300)]
    const options = { momentsMax: 50, sampleMin: 400 }
    const [open] = opens(events, options)
    expect(open?.evidence).toMatchObject({ failed: 100, total: 400, resolutionMs: 1_000 })
  })

  test('tells transactions of one name on two accounts apart', () => {
    const events = Array.from({ length: 40 }, (_, n) => ({
      ...event('failed', 0),
      accountId: `card-${n}` as AccountEvent['accountId'],
    }))
    expect(opens(events)).toHaveLength(1)
    expect(judge([...events, ...events]).notEvaluable).toHaveLength(39 + 40)
  })

  test('gives one outcome for each transaction', () => {
    const statuses = ['completed', 'failed', 'pending', 'cancelled'] as const
    const events = Array.from({ length: 200 }, (_, n) => event(statuses[n % 4]!, n))
    const { evaluated, notEvaluable } = judge(events)
    expect(evaluated[RULE] + notEvaluable.length).toBe(200)
    expect(new Set(notEvaluable.map(({ reason }) => reason))).toEqual(new Set(['sample-too-small']))
  })
})

describe('a transaction that comes late', () => {
  const pending = event('pending', 1)
  const decided = event('failed', 1)
  const noSample = { sampleMin: 1_000 }

  /** After `counted` others, at the time of the last of them. */
  function decide(counted: number, late: readonly AccountEvent[], options: FailureRateOptions) {
    const state = failureRateDetector.init('system')
    step(state, [pending, ...completions(counted, 2)], options, AT + 10_000)
    return { state, taken: step(state, late, options, AT + 10_000) }
  }

  test('is counted once when it was pending, however many were counted since', () => {
    const options = { ...noSample, knownMax: 2 }
    const { state, taken } = decide(10, [decided, decided], options)
    expect(state.rules.window?.totals).toEqual([10, 1])
    expect(taken.late).toEqual([])
    expect(taken.notEvaluable.map(({ reason }) => reason)).toEqual(['sample-too-small', 'repeated'])
  })

  test('is handed back when it comes again and nobody knows any more', () => {
    const options = { ...noSample, knownMax: 2 }
    const { state } = decide(10, [decided], options)
    step(state, completions(2, 100), options, AT + 10_000)
    const { late, notEvaluable } = step(state, [decided], options, AT + 10_000)
    expect(late).toEqual([decided])
    expect(notEvaluable).toMatchObject([{ reason: 'late-forgotten' }])
    expect(state.rules.window?.totals).toEqual([12, 1])
  })

  test('is counted though it was not pending while all that were counted are known', () => {
    const late = { ...event('failed', 5), transactionId: 'tx-late' } as AccountEvent
    const { state } = decide(10, [late, late], { ...noSample, knownMax: 11 })
    expect(state.rules.window?.totals).toEqual([10, 1])
  })

  test('is forgotten first of those that are pending beyond the bound', () => {
    const options = { ...noSample, knownMax: 0, pendingMax: 1 }
    const state = failureRateDetector.init('system')
    const others = [event('pending', 2), event('completed', 3)]
    step(state, [pending, ...others], options, AT + 10_000)
    const { late } = step(state, [decided, event('failed', 2)], options, AT + 10_000)
    expect(late).toEqual([decided])
    expect(state.rules.window?.totals).toEqual([1, 1])
  })

  test.each([
    { age: WINDOW_MS, counted: 1 },
    { age: WINDOW_MS + 1, counted: 0 },
  ])('is counted $counted times when it is $age ms old', ({ age, counted }) => {
    const state = failureRateDetector.init('system')
    step(state, [event('pending', 0), event('completed', age)], noSample, AT + age)
    const { late } = step(state, [event('failed', 0)], noSample, AT + age)
    expect(state.rules.window?.totals).toEqual([1, counted])
    expect(late).toHaveLength(1 - counted)
  })

  test('may begin an episode, and may end one', () => {
    const state = failureRateDetector.init('system')
    const options = { clearsAt: { failed: 5, of: 100 } }
    const waiting = [pending, event('pending', 2), event('pending', 3), event('pending', 4)]
    const inTime = [...waiting, ...completions(54, 5), ...failures(2, 60)]
    expect(step(state, inTime, options, AT + 100).findings).toEqual([])
    expect(step(state, [decided], options, AT + 100).findings).toMatchObject([
      { action: 'open', eventTime: AT + 61, transactionIds: ['tx-1', 'tx-60', 'tx-61'] },
    ])
    expect(step(state, completions(2, 2), options, AT + 100).findings).toEqual([])
    expect(step(state, completions(1, 4), options, AT + 100).findings).toMatchObject([
      { action: 'resolve', evidence: { failed: 3, total: 60 } },
    ])
  })
})

describe('the settings', () => {
  test.each([
    { opensAbove: { failed: 0, of: 100 } },
    { opensAbove: { failed: 100, of: 100 } },
    { opensAbove: { failed: 0.5, of: 100 } },
    { opensAbove: { failed: 1, of: 1_000_001 } },
    { clearsAt: { failed: 6, of: 100 } },
    { windowMs: 0 },
    { farEnd: 'open' as 'inclusive' },
    { sampleMin: 0 },
    { significance: 0 },
    { significance: 1 },
    { significance: Number.NaN },
    { peakStepBps: 0 },
    { momentsMax: 1 },
    { knownMax: -1 },
    { pendingMax: 0.5 },
  ])('are refused when out of range: %o', (options) => {
    expect(() => readFailureRateConfig(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    )
  })
})

type State = ReturnType<typeof failureRateDetector.init>

function step(
  state: State,
  events: readonly AccountEvent[],
  options: FailureRateOptions,
  watermark: number,
) {
  const config = readFailureRateConfig(options)
  return failureRateDetector.step(state, events, { watermark, config })
}

function judge(
  events: readonly AccountEvent[],
  options: FailureRateOptions = {},
  watermark = Number.POSITIVE_INFINITY,
) {
  return step(failureRateDetector.init('system'), events, options, watermark)
}

function opens(events: readonly AccountEvent[], options?: FailureRateOptions) {
  return judge(events, options).findings.filter(({ action }) => action === 'open')
}

function completions(count: number, from = 0): AccountEvent[] {
  return Array.from({ length: count }, (_, n) => event('completed', from + n))
}

function failures(count: number, from = 0): AccountEvent[] {
  return Array.from({ length: count }, (_, n) => event('failed', from + n))
}

function event(status: TransactionStatus, at: number): AccountEvent {
  const parsed = parseAccountEvent({
    kind: 'transaction',
    transactionId: `tx-${at}`,
    accountId: `card-${at}`,
    status,
    amountMinor: -450n,
    currency: 'EUR',
    eventTime: AT + at,
  })
  if (!parsed.ok) throw new Error(parsed.reason)
  return parsed.row
}
