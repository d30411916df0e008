import { describe, expect, test } from 'vitest'

import type { Finding } from '../detector/finding.ts'
import type { LedgerTransactionInput } from '../ledger/ledger-entry.ts'
import { judgeAtOnce } from '../testing/judge-at-once.ts'
import { type BalanceRowOptions, readBalanceRowConfig } from './balance-row-config.ts'
import { balanceRowDetector } from './balance-row-detector.ts'
import type { BalanceRowRuleId } from './balance-rule.ts'

const AT = 1_749_895_200_000
const ARITHMETIC = 'balance.arithmetic'
const CONTINUITY = 'balance.continuity'
const NEGATIVE = 'balance.negative'

describe('balance.arithmetic', () => {
  test.each([
    { after: 549n, found: [] },
    { after: 550n, found: [] },
    { after: 551n, found: [] },
    { after: 548n, found: [ARITHMETIC] },
    { after: 552n, found: [ARITHMETIC] },
  ])('finds $found when 1000 − 450 is recorded as $after', ({ after, found }) => {
    expect(open([row(1, { before: 1_000n, amountMinor: -450n, after })])).toEqual(found)
  })

  test('takes its tolerance from the options', () => {
    const rows = [row(1, { before: 1_000n, amountMinor: -450n, after: 551n })]
    expect(open(rows, { toleranceMinor: 0n })).toEqual([ARITHMETIC])
  })
})

describe('balance.continuity', () => {
  test.each([
    { before: 1_001n, found: [] },
    { before: 998n, found: [CONTINUITY] },
    { before: 1_002n, found: [CONTINUITY] },
  ])('finds $found when 1000 was left and the next one begins with $before', (given) => {
    const rows = [row(1, { after: 1_000n }), row(2, { before: given.before, after: given.before })]
    expect(open(rows)).toEqual(given.found)
  })

  test('says at once what the audit says of the same transactions', () => {
    const { findings } = judge([row(1, { after: 1_000n }), row(2, { before: 900n, after: 900n })])
    expect(findings).toEqual([
      {
        fingerprint: `${CONTINUITY}:acme:card-7:tx-2`,
        ruleId: CONTINUITY,
        ruleVersion: 1,
        severity: 'critical',
        action: 'open',
        subject: 'card-7',
        transactionIds: ['tx-2'],
        amount: { amountMinor: -100n, currency: 'EUR' },
        eventTime: AT + 2,
        confidence: 1,
        evidence: {
          previousTransactionId: 'tx-1',
          previousAfterMinor: '1000',
          balanceBeforeMinor: '900',
        },
      },
    ])
  })

  test('is not judged where nothing proves the order', () => {
    const rows = [
      row(1, { after: 1_000n, sequence: null }),
      row(2, { before: 900n, after: 900n, sequence: null }),
    ]
    expect(reasons(rows, CONTINUITY)).toEqual(['first-of-account', 'order-not-proven'])
    expect(open(rows, { orderProven: true })).toEqual([CONTINUITY])
  })

  test('takes transactions of one moment without a sequence to be tied', () => {
    const rows = [
      row(1, { after: 1_000n, sequence: null }),
      row(2, { before: 900n, after: 900n, sequence: null, eventTime: AT + 1 }),
    ]
    expect(open(rows, { orderProven: true })).toEqual([])
  })

  test('is not judged across a transaction of another currency', () => {
    const rows = [
      row(1, { after: 1_000n }),
      row(2, { before: 0n, after: 0n, currency: 'USD' }),
      row(3, { before: 500n, after: 500n }),
      row(4, { before: 500n, after: 500n }),
    ]
    expect(reasons(rows, CONTINUITY)).toEqual([
      'first-of-account',
      'mixed-currency',
      'mixed-currency',
    ])
    expect(judge(rows).evaluated[CONTINUITY]).toBe(1)
  })

  test('takes no notice of a transaction that did not complete', () => {
    const rows = [
      row(1, { after: 1_000n }),
      row(2, { status: 'failed', before: 7n, after: 8n }),
      row(3, { status: 'pending', before: 7n, after: 8n }),
      row(4, { before: 1_000n, after: 1_000n }),
    ]
    expect(open(rows)).toEqual([])
    expect(reasons(rows, CONTINUITY)).toEqual([
      'first-of-account',
      'not-completed',
      'not-completed',
    ])
  })
})

describe('a transaction that was booked before one with an earlier event time', () => {
  /** Booked as 1, 2, 3; the second one came in after the third. */
  const rows = [
    row(1, { after: 1_000n }),
    row(3, { before: 800n, after: 700n, amountMinor: -100n, eventTime: AT + 2 }),
    row(2, { before: 1_000n, after: 800n, amountMinor: -200n, eventTime: AT + 3 }),
  ]

  test('takes its place, and ends what was found without it', () => {
    expect(
      judge(rows).findings.map(({ action, transactionIds, amount, eventTime, evidence }) => [
        action,
        transactionIds,
        amount?.amountMinor,
        eventTime - AT,
        evidence['refutedBy'],
      ]),
    ).toEqual([
      ['open', ['tx-3'], -200n, 2, undefined],
      ['resolve', ['tx-3'], 0n, 3, 'tx-2'],
    ])
  })

  test('corrects what was found where that still holds', () => {
    const wrong = [rows[0]!, rows[1]!, { ...rows[2]!, balanceAfterMinor: 805n }]
    const findings = judge(wrong).findings.filter(({ ruleId }) => ruleId === CONTINUITY)
    expect(findings.map(({ action, amount }) => [action, amount?.amountMinor])).toEqual([
      ['open', -200n],
      ['update', -5n],
    ])
    expect(findings.at(-1)).toMatchObject({
      eventTime: AT + 2,
      evidence: { previousTransactionId: 'tx-2' },
    })
  })

  test('is judged itself', () => {
    const wrong = [rows[0]!, rows[1]!, { ...rows[2]!, balanceBeforeMinor: 2_000n }]
    expect(open(wrong)).toEqual([ARITHMETIC, CONTINUITY])
    expect(
      judge(wrong).findings.map(({ action, ruleId, transactionIds }) => [
        action,
        ruleId,
        transactionIds,
      ]),
    ).toContainEqual(['open', CONTINUITY, ['tx-2']])
  })

  test('finds its place among as many as are kept, and is late beyond', () => {
    const late = [
      row(1, { after: 1_000n }),
      row(3, { before: 1_000n, after: 1_000n, eventTime: AT + 2 }),
      row(4, { before: 1_000n, after: 1_000n, eventTime: AT + 3 }),
      row(2, { before: 0n, after: 0n, eventTime: AT + 4 }),
    ]
    expect(reasons(late, CONTINUITY)).toEqual(['first-of-account', 'late'])
    expect(reasons(late, NEGATIVE)).toEqual(['late'])
    expect(open(late)).toEqual([])
    expect(open(late, { keptMax: 3 })).toEqual([CONTINUITY, CONTINUITY])
  })

  test('becomes the first one where nothing is known to stand before it', () => {
    const swapped = [
      row(2, { before: 900n, after: 900n, eventTime: AT + 1 }),
      row(1, { before: 0n, after: 1_000n, amountMinor: 1_000n, eventTime: AT + 2 }),
    ]
    expect(open(swapped)).toEqual([CONTINUITY])
    expect(reasons(swapped, CONTINUITY)).toEqual(['first-of-account', 'first-of-account'])
  })
})

describe('transactions that share a sequence', () => {
  test('are not judged, and what was found of the first one ends', () => {
    const rows = [
      row(1, { after: 1_000n }),
      row(2, { before: -5n, after: -5n }),
      row(2, {
        transactionId: 'tx-other',
        before: 1_000n,
        after: -5n,
        amountMinor: -1_005n,
        eventTime: AT + 3,
      }),
      row(3, { before: 7n, after: 7n, eventTime: AT + 4 }),
    ]
    expect(judge(rows).findings.map(({ action, ruleId }) => [action, ruleId])).toEqual([
      ['open', CONTINUITY],
      ['open', NEGATIVE],
      ['resolve', CONTINUITY],
      ['resolve', NEGATIVE],
    ])
    expect(reasons(rows, CONTINUITY)).toEqual([
      'first-of-account',
      'order-not-proven',
      'order-not-proven',
    ])
  })
})

describe('balance.negative', () => {
  test.each([
    { after: 0n, limit: 0n, found: [] },
    { after: -1n, limit: 0n, found: [NEGATIVE] },
    { after: -50n, limit: 50n, found: [] },
    { after: -51n, limit: 50n, found: [NEGATIVE] },
  ])('finds $found at $after with an overdraft of $limit', ({ after, limit, found }) => {
    const rows = [row(1, { before: after, after })]
    expect(open(rows, { overdraftLimitMinor: limit })).toEqual(found)
    expect(open(rows, { overdraftLimitMinor: () => limit })).toEqual(found)
  })

  test('asks for the limit of an account only below zero', () => {
    const asked: string[] = []
    const overdraftLimitMinor = (accountId: string): bigint => {
      asked.push(accountId)
      return 10n
    }
    const rows = [row(1, { after: 0n }), row(2, { before: 0n, after: -5n, amountMinor: -5n })]
    expect(open(rows, { overdraftLimitMinor })).toEqual([])
    expect(asked).toEqual(['card-7'])
  })

  test('finds each time that an account goes below its limit, not each transaction below it', () => {
    const balances = [5n, -1n, -2n, 5n, -3n]
    const rows = balances.map((after, index) =>
      row(index + 1, {
        before: balances[index - 1] ?? 5n,
        after,
        amountMinor: after - (balances[index - 1] ?? 5n),
      }),
    )
    const { findings } = judge(rows)
    expect(findings.map(({ transactionIds }) => transactionIds)).toEqual([['tx-2'], ['tx-5']])
  })

  test('cannot be judged without a balance', () => {
    expect(reasons([row(1, { before: null, after: null })], NEGATIVE)).toEqual(['balance-missing'])
  })
})

test('takes a transaction once, also under another time', () => {
  const rows = [row(1, { after: 1_000n }), row(1, { after: 1_000n, eventTime: AT + 9 })]
  expect(reasons(rows, ARITHMETIC)).toEqual(['repeated'])
})

test('keeps no more of an account than it says, in whatever order they come', () => {
  for (const sequences of [
    [1, 2, 3, 4, 5, 6],
    [1, 6, 5, 4, 3, 2],
  ]) {
    const rows = sequences.map((sequence, at) => row(sequence, { eventTime: AT + at }))
    expect(judge(rows, { keptMax: 3 }).state).toMatchObject({
      rules: { kept: 3, last: { before: { before: { before: null } } } },
    })
  }
})

test('leaves alone what was found when a row of another currency may stand anywhere before it', () => {
  const rows = [
    row(1, { after: 1_000n }),
    row(3, { before: 1_000n, after: 1_000n }),
    row(4, { before: 5n, after: 5n }),
    row(5, { before: 5n, after: 5n }),
    row(2, { currency: 'USD', eventTime: AT + 9 }),
  ]
  expect(judge(rows).findings.map(({ action }) => action)).toEqual(['open'])
})

test.each([
  { toleranceMinor: -1n },
  { toleranceMinor: 1 as never },
  { overdraftLimitMinor: -1n },
  { keptMax: 1 },
  { keptMax: 2.5 },
])('refuses %o', (options) => {
  expect(() => readBalanceRowConfig(options)).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTION' }),
  )
})

function judge(transactions: readonly LedgerTransactionInput[], options: BalanceRowOptions = {}) {
  const config = readBalanceRowConfig({ tenant: 'acme', ...options })
  const rows = transactions.map((each) => ({ ...each, kind: 'transaction' }) as const)
  return judgeAtOnce(balanceRowDetector, config, rows)
}

/** The rules of what is open in the end. */
function open(rows: readonly LedgerTransactionInput[], options?: BalanceRowOptions): string[] {
  const last = new Map<string, Finding>()
  for (const finding of judge(rows, options).findings) last.set(finding.fingerprint, finding)
  return [...last.values()].flatMap(({ action, ruleId }) => (action === 'resolve' ? [] : [ruleId]))
}

function reasons(
  rows: readonly LedgerTransactionInput[],
  ruleId: BalanceRowRuleId,
  options?: BalanceRowOptions,
): string[] {
  return judge(rows, options).notEvaluable.flatMap((each) =>
    each.ruleId === ruleId ? [each.reason] : [],
  )
}

interface RowOptions extends Partial<LedgerTransactionInput> {
  readonly before?: bigint | null
  readonly after?: bigint | null
}

/** Moves nothing, unless it says so. */
function row(
  sequence: number,
  { before, after = 0n, ...rest }: RowOptions = {},
): LedgerTransactionInput {
  return {
    transactionId: `tx-${sequence}`,
    accountId: 'card-7',
    status: 'completed',
    amountMinor: 0n,
    balanceBeforeMinor: before === undefined ? after : before,
    balanceAfterMinor: after,
    currency: 'EUR',
    eventTime: AT + sequence,
    sequence,
    ...rest,
  }
}
