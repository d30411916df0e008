import { describe, expect, test } from 'vitest'

import type { Finding } from '../detector/finding.ts'
import type { LedgerTransactionInput } from '../ledger/ledger-entry.ts'
import { judgeAtOnce } from '../testing/judge-at-once.ts'
import { type RaceConditionOptions, readRaceConditionConfig } from './race-condition-config.ts'
import { raceConditionDetector } from './race-condition-detector.ts'

/** The begin of a second. */
const AT = 1_749_895_200_000
const WINDOW_MS = 2_000
const RULE = 'transactions.concurrent-requests'

describe('transactions.concurrent-requests', () => {
  test.each([
    { apartMs: 0, found: ['open'] },
    { apartMs: WINDOW_MS - 1, found: ['open'] },
    { apartMs: WINDOW_MS, found: ['open'] },
    { apartMs: WINDOW_MS + 1, found: [] },
  ])('finds $found in two requests that lie $apartMs ms apart', ({ apartMs, found }) => {
    expect(actions([row('a', 0), row('b', apartMs)])).toEqual(found)
  })

  test('leaves the far end out where it is told to', () => {
    const farEnd = 'exclusive'
    expect(actions([row('a', 0), row('b', WINDOW_MS)], { farEnd })).toEqual([])
    expect(actions([row('a', 0), row('b', WINDOW_MS - 1)], { farEnd })).toEqual(['open'])
  })

  test('says which requests, how close together, and what speaks for a race', () => {
    const rows = [row('a', 0, { processingMs: 1_500 }), row('b', 1_000), row('c', 3_000)]
    expect(judge(rows).findings.at(-1)).toEqual({
      fingerprint: `${RULE}:acme:card-7:a`,
      ruleId: RULE,
      ruleVersion: 1,
      severity: 'medium',
      action: 'update',
      subject: 'card-7',
      transactionIds: ['a', 'b', 'c'],
      eventTime: AT + 3_000,
      confidence: 0.8,
      evidence: {
        requests: 3,
        transactions: 3,
        firstRequestAt: AT,
        lastRequestAt: AT + 3_000,
        overlaps: true,
        sawSameBalance: false,
        windowMs: WINDOW_MS,
      },
    })
  })

  test('chains neighbours into one race, and begins another after a pause', () => {
    const rows = [row('a', 0), row('b', 2_000), row('c', 4_000), row('d', 6_001), row('e', 6_002)]
    expect(
      judge(rows).findings.map(({ action, transactionIds }) => [action, transactionIds.join('')]),
    ).toEqual([
      ['open', 'ab'],
      ['update', 'abc'],
      ['open', 'de'],
    ])
  })

  test.each(['pending', 'cancelled'] as const)('takes no notice of one that is %s', (status) => {
    expect(actions([row('a', 0), row('b', 1, { status })])).toEqual([])
    const between = [row('a', 0), row('b', 1_500, { status }), row('c', 3_000)]
    expect(actions(between)).toEqual([])
    expect(judge(between).evaluated[RULE]).toBe(3)
  })

  test('counts a failure as a request', () => {
    expect(actions([row('a', 0, { status: 'failed' }), row('b', 1)])).toEqual(['open'])
  })
})

describe('retries of one request', () => {
  test('are no race', () => {
    const requestId = 'r-1'
    const rows = [
      row('a', 0, { requestId }),
      row('b', 500, { requestId }),
      row('c', 900, { requestId }),
    ]
    expect(actions(rows)).toEqual([])
  })

  test('keep it going until another request comes, which then meets the last try', () => {
    const rows = [
      row('a', 0, { requestId: 'r-1' }),
      row('b', 1_500, { requestId: 'r-1' }),
      row('c', 3_000, { requestId: 'r-2' }),
    ]
    const { findings } = judge(rows)
    expect(findings.map(({ transactionIds }) => transactionIds)).toEqual([['b', 'c']])
    expect(findings[0]?.fingerprint).toBe(`${RULE}:acme:card-7:b`)
  })

  test('do not count again within a race, and are told when they make it more certain', () => {
    const rows = [
      row('a', 0, { requestId: 'r-1' }),
      row('b', 100, { requestId: 'r-2', processingMs: 900 }),
      row('c', 1_500, { requestId: 'r-2' }),
      row('d', 1_600, { requestId: 'r-2', processingMs: 500 }),
      row('e', 1_700, { requestId: 'r-1' }),
    ]
    const { findings } = judge(rows)
    expect(
      findings.map(({ action, confidence, evidence }) => [
        action,
        confidence,
        evidence['requests'],
        evidence['transactions'],
      ]),
    ).toEqual([
      ['open', 0.6, 2, 2],
      ['update', 0.8, 2, 5],
    ])
  })

  test('are recognised by the request alone, never by a transaction of its name', () => {
    expect(actions([row('a', 0), row('b', 1, { requestId: 'a' })])).toEqual(['open'])
  })

  test('may come under one transaction', () => {
    expect(actions([row('a', 0, { status: 'failed' }), row('a', 500)])).toEqual([])
  })
})

describe('the confidence', () => {
  test.each([
    { processingMs: null, beforeMinor: 900n, confidence: 0.6 },
    { processingMs: 999, beforeMinor: 900n, confidence: 0.6 },
    { processingMs: 1_000, beforeMinor: 900n, confidence: 0.8 },
    { processingMs: null, beforeMinor: 1_000n, confidence: 0.9 },
    { processingMs: 1_000, beforeMinor: 1_000n, confidence: 0.95 },
  ])('is $confidence after $processingMs ms of work and a balance of $beforeMinor', (given) => {
    const { processingMs, beforeMinor, confidence } = given
    const [finding] = judge([
      row('a', 0, { processingMs }),
      row('b', 1_000, { balanceBeforeMinor: beforeMinor }),
    ]).findings
    expect(finding?.confidence).toBe(confidence)
  })

  test('takes two requests of one millisecond to overlap, whatever is known of them', () => {
    expect(
      judge([row('a', 0), row('b', 0, { balanceBeforeMinor: 0n })]).findings[0]?.confidence,
    ).toBe(0.8)
  })

  test.each([
    { name: 'the first one failed', first: { status: 'failed' } },
    { name: 'the first one moved nothing', first: { amountMinor: 0n } },
    { name: 'no balance was recorded', first: { balanceBeforeMinor: null } },
    { name: 'the balances are of two currencies', first: { currency: 'USD' } },
  ] as const)('does not rise with the same balance where $name', ({ first }) => {
    const [finding] = judge([
      row('a', 0, first),
      row('b', 1, { balanceBeforeMinor: 1_000n }),
    ]).findings
    expect(finding?.confidence).toBe(0.6)
  })

  test('rises with the same balance where the second one failed, and not within a millisecond', () => {
    const confidenceAt = (at: number): number | undefined =>
      judge([row('a', 0), row('b', at, { status: 'failed', balanceBeforeMinor: 1_000n })])
        .findings[0]?.confidence
    expect([confidenceAt(1), confidenceAt(0)]).toEqual([0.9, 0.8])
  })

  test('takes any two requests of the race into account', () => {
    const rows = [
      row('a', 0, { processingMs: 3_000 }),
      row('b', 1_000, { processingMs: 0, balanceBeforeMinor: 900n }),
      row('c', 2_500, { balanceBeforeMinor: 1_000n }),
    ]
    expect(judge(rows).findings.map(({ confidence }) => confidence)).toEqual([0.8, 0.95])
  })
})

describe('calendar seconds, for parity', () => {
  test.each([
    { at: [0, 999], found: ['open'] },
    { at: [999, 1_000], found: [] },
    { at: [0, 500, 999, 1_000, 1_001], found: ['open', 'update', 'open'] },
  ])('finds $found at $at', ({ at, found }) => {
    const rows = at.map((each, n) => row(`tx-${n}`, each))
    expect(actions(rows, { grouping: 'calendar-seconds', windowMs: 1 })).toEqual(found)
  })
})

test('names the last 100 transactions of a race, and counts all', () => {
  const rows = Array.from({ length: 150 }, (_, n) => row(`tx-${n}`, n))
  const last = judge(rows).findings.at(-1)
  expect(last?.transactionIds).toHaveLength(100)
  expect(last?.fingerprint).toBe(`${RULE}:acme:card-7:tx-0`)
  expect(last?.evidence['requests']).toBe(150)
})

test.each([{ windowMs: 0 }, { farEnd: 'open' as never }, { grouping: 'minute' as never }])(
  'refuses %o',
  (options) => {
    expect(() => readRaceConditionConfig(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    )
  },
)

function judge(
  transactions: readonly LedgerTransactionInput[],
  options: RaceConditionOptions = {},
) {
  const config = readRaceConditionConfig({ tenant: 'acme', ...options })
  const rows = transactions.map((each) => ({ ...each, kind: 'transaction' }) as const)
  return judgeAtOnce(raceConditionDetector, config, rows)
}

function actions(
  rows: readonly LedgerTransactionInput[],
  options?: RaceConditionOptions,
): Finding['action'][] {
  return judge(rows, options).findings.map(({ action }) => action)
}

/** Each saw another balance, unless it says so. */
function row(
  transactionId: string,
  at: number,
  rest: Partial<LedgerTransactionInput> = {},
): LedgerTransactionInput {
  return {
    transactionId,
    accountId: 'card-7',
    status: 'completed',
    amountMinor: -1n,
    balanceBeforeMinor: 1_000n - BigInt(at),
    currency: 'EUR',
    eventTime: AT + at,
    ...rest,
  }
}
