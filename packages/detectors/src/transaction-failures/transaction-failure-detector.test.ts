import { describe, expect, test } from 'vitest'

import { type AccountEvent, parseAccountEvent } from '../detector/account-event.ts'
import type { Finding } from '../detector/finding.ts'
import type { LedgerTransactionInput } from '../ledger/ledger-entry.ts'
import {
  readTransactionFailureConfig,
  type TransactionFailureOptions,
} from './transaction-failure-config.ts'
import { transactionFailureDetector } from './transaction-failure-detector.ts'

const AT = 1_749_895_200_000
const WINDOW_MS = 600_000
const CHARGED = 'transactions.charged-on-failure'
const CREDITED = 'transactions.credited-on-failure'
const CONSECUTIVE = 'transactions.consecutive-failures'

describe('transactions.charged-on-failure', () => {
  test.each([
    { after: 999n, status: 'failed', found: [CHARGED] },
    { after: 1_000n, status: 'failed', found: [] },
    { after: 1_001n, status: 'failed', found: [CREDITED] },
    { after: 999n, status: 'completed', found: [] },
    { after: 999n, status: 'pending', found: [] },
    { after: 999n, status: 'cancelled', found: [] },
  ] as const)('finds $found when $status and 1000 became $after', ({ after, status, found }) => {
    const { findings } = judge([row({ status, before: 1_000n, after })])
    expect(findings.map(({ ruleId }) => ruleId)).toEqual(found)
  })

  test('says how much was taken, and what the balances were', () => {
    expect(judge([charge('tx-1', 0, 450n)]).findings).toEqual([
      {
        fingerprint: `${CHARGED}::card-7:tx-1`,
        ruleId: CHARGED,
        ruleVersion: 1,
        severity: 'critical',
        action: 'open',
        subject: 'card-7',
        transactionIds: ['tx-1'],
        amount: { amountMinor: 450n, currency: 'EUR' },
        eventTime: AT,
        confidence: 1,
        evidence: {
          balanceBeforeMinor: '1000',
          balanceAfterMinor: '550',
          amountMinor: '-450',
        },
      },
    ])
  })

  test('is lower, and owes nothing, where a failure raised the balance', () => {
    const [finding] = judge([charge('tx-1', 0, -5n)]).findings
    expect(finding).toMatchObject({
      ruleId: CREDITED,
      severity: 'high',
      amount: { amountMinor: -5n },
    })
  })

  test('takes any change for a charge where it is told to', () => {
    const [finding] = judge([charge('tx-1', 0, -5n)], { chargedWhen: 'balance-changed' }).findings
    expect(finding).toMatchObject({ ruleId: CHARGED, amount: { amountMinor: -5n } })
  })

  test.each([
    ['before', { balanceBeforeMinor: null, balanceAfterMinor: 5n }],
    ['after', { balanceBeforeMinor: 5n, balanceAfterMinor: null }],
  ])('cannot judge a failure without the balance %s', (_which, balances) => {
    const { findings, evaluated, notEvaluable } = judge([
      { ...row({ status: 'failed' }), ...balances },
    ])
    expect(findings).toEqual([])
    expect(evaluated).toEqual({ [CHARGED]: 0, [CREDITED]: 0, [CONSECUTIVE]: 1 })
    expect(notEvaluable.map(({ ruleId, reason }) => [ruleId, reason])).toEqual([
      [CHARGED, 'balance-missing'],
      [CREDITED, 'balance-missing'],
    ])
  })

  test('is resolved once reversals sum up to it, and not before', () => {
    const rows = [
      charge('tx-1', 0, 450n),
      reversal('tx-2', 1, 'tx-1', 449n),
      reversal('tx-3', 2, 'tx-1', 1n),
      reversal('tx-4', 3, 'tx-1', 450n),
    ]
    expect(judge(rows.slice(0, 2)).findings.map(({ action }) => action)).toEqual(['open'])
    const [open, resolve, ...further] = judge(rows).findings
    expect(further).toEqual([])
    expect(resolve).toMatchObject({
      fingerprint: open?.fingerprint,
      action: 'resolve',
      severity: 'critical',
      transactionIds: ['tx-1', 'tx-2', 'tx-3'],
      amount: { amountMinor: 450n, currency: 'EUR' },
      eventTime: AT + 2,
      evidence: { reversedMinor: '450', reversals: 2 },
    })
  })

  test('is not resolved by what reverses another one, is not completed, or is in another currency', () => {
    const { findings, notEvaluable } = judge([
      charge('tx-1', 0, 450n),
      reversal('tx-2', 1, 'tx-0', 450n),
      { ...reversal('tx-3', 2, 'tx-1', 450n), status: 'pending' },
      { ...reversal('tx-4', 3, 'tx-1', 450n), currency: 'USD' },
    ])
    expect(findings.map(({ action }) => action)).toEqual(['open'])
    expect(notEvaluable).toEqual([
      {
        ruleId: CHARGED,
        reason: 'reversal-mixed-currency',
        subject: 'card-7',
        transactionId: 'tx-4',
      },
    ])
  })

  test('is opened and resolved at once when the reversals stand before it', () => {
    const { findings } = judge([
      reversal('tx-2', 0, 'tx-1', 400n),
      reversal('tx-3', 1, 'tx-1', 50n),
      charge('tx-1', 2, 450n),
    ])
    expect(findings.map(({ action, eventTime }) => [action, eventTime - AT])).toEqual([
      ['open', 2],
      ['resolve', 2],
    ])
  })

  test('counts what stands before it together with what follows', () => {
    const rows = [
      reversal('tx-2', 0, 'tx-1', 400n),
      charge('tx-1', 1, 450n),
      reversal('tx-3', 2, 'tx-1', 50n),
    ]
    expect(judge(rows).findings.map(({ action }) => action)).toEqual(['open', 'resolve'])
  })

  test('forgets the oldest reversal that stands before its charge when there are too many', () => {
    const rows = [
      reversal('tx-a', 0, 'tx-1', 450n),
      reversal('tx-b', 1, 'tx-2', 450n),
      reversal('tx-c', 2, 'tx-3', 450n),
      charge('tx-1', 3, 450n),
      charge('tx-2', 4, 450n),
    ]
    const { findings } = judge(rows, { earlyReversalsMax: 2 })
    expect(findings.map(({ action, transactionIds }) => [action, transactionIds[0]])).toEqual([
      ['open', 'tx-1'],
      ['open', 'tx-2'],
      ['resolve', 'tx-2'],
    ])
  })

  test('is no longer watched, and says so, when too many of the account wait', () => {
    const rows = [
      charge('tx-1', 0, 450n),
      row({ id: 'ok', at: 1 }),
      charge('tx-2', 2, 450n),
      charge('tx-3', 3, 450n),
      reversal('tx-4', 4, 'tx-1', 450n),
      reversal('tx-5', 5, 'tx-2', 450n),
    ]
    const { findings, notEvaluable } = judge(rows, { openChargesMax: 2 })
    expect(findings.map(({ action, transactionIds }) => [action, transactionIds[0]])).toEqual([
      ['open', 'tx-1'],
      ['open', 'tx-2'],
      ['open', 'tx-3'],
      ['resolve', 'tx-2'],
    ])
    expect(notEvaluable).toMatchObject([{ reason: 'charge-forgotten', transactionId: 'tx-1' }])
  })

  test('asks back what a failure gave, and is resolved by that', () => {
    const rows = [charge('tx-1', 0, -50n), reversal('tx-2', 1, 'tx-1', -50n)]
    expect(judge(rows).findings.map(({ ruleId, action }) => [ruleId, action])).toEqual([
      [CREDITED, 'open'],
      [CREDITED, 'resolve'],
    ])
  })
})

describe('transactions.consecutive-failures', () => {
  test.each([
    { span: WINDOW_MS - 1, found: 1 },
    { span: WINDOW_MS, found: 1 },
    { span: WINDOW_MS + 1, found: 0 },
  ])('finds $found when the first and the third failure lie $span ms apart', ({ span, found }) => {
    const opens = runs([failure('tx-1', 0), failure('tx-2', 1), failure('tx-3', span)]).filter(
      ([action]) => action === 'open',
    )
    expect(opens).toHaveLength(found)
  })

  test.each([
    { span: WINDOW_MS - 1, found: 1 },
    { span: WINDOW_MS, found: 0 },
  ])('leaves the far end out where it is told to: $span ms', ({ span, found }) => {
    const rows = [failure('tx-1', 0), failure('tx-2', 1), failure('tx-3', span)]
    const opens = runs(rows, { farEnd: 'exclusive' }).filter(([action]) => action === 'open')
    expect(opens).toHaveLength(found)
  })

  test('says which failures, how many, and from when to when', () => {
    const rows = [failure('tx-1', 0), failure('tx-2', 10), failure('tx-3', 30)]
    expect(judge(rows, {}, AT + 30).findings).toEqual([
      {
        fingerprint: `${CONSECUTIVE}::card-7:tx-1`,
        ruleId: CONSECUTIVE,
        ruleVersion: 1,
        severity: 'high',
        action: 'open',
        subject: 'card-7',
        transactionIds: ['tx-1', 'tx-2', 'tx-3'],
        eventTime: AT + 30,
        confidence: 1,
        evidence: {
          failures: 3,
          firstFailureAt: AT,
          lastFailureAt: AT + 30,
          windowMs: WINDOW_MS,
        },
      },
    ])
  })

  test('grows with each further failure, and ends with a success', () => {
    const rows = [0, 1, 2, 3, 4].map((at) => failure(`tx-${at}`, at))
    expect(runs([...rows, row({ id: 'ok', at: 5 })])).toEqual([
      ['open', 'tx-0', 3, 2],
      ['update', 'tx-0', 4, 3],
      ['update', 'tx-0', 5, 4],
      ['resolve', 'tx-0', 5, 5],
    ])
  })

  test('begins anew after a success, be it found or not', () => {
    const rows = [
      ...[0, 1].map((at) => failure(`tx-${at}`, at)),
      row({ id: 'ok', at: 2 }),
      ...[3, 4, 5].map((at) => failure(`tx-${at}`, at)),
    ]
    expect(runs(rows, {}, AT + 5)).toEqual([['open', 'tx-3', 3, 5]])
  })

  test('counts across a success where it is told to', () => {
    const rows = [
      failure('tx-0', 0),
      failure('tx-1', 1),
      row({ id: 'ok', at: 2 }),
      failure('tx-3', 3),
    ]
    expect(runs(rows, { successResets: false }, AT + 3)).toEqual([['open', 'tx-0', 3, 3]])
  })

  test.each(['pending', 'cancelled'] as const)('takes no notice of what is %s', (status) => {
    const rows = [
      failure('tx-0', 0),
      failure('tx-1', 1),
      row({ status, at: 2 }),
      failure('tx-3', 3),
    ]
    expect(runs(rows, {}, AT + 3)).toEqual([['open', 'tx-0', 3, 3]])
  })

  test('counts the retries of a request once, and failures without a request each', () => {
    const retries = [0, 1, 2, 3].map((at) => failure(`tx-${at}`, at, 'request-1'))
    expect(runs(retries)).toEqual([])
    const further = [failure('tx-4', 4, 'request-2'), failure('tx-5', 5, null)]
    expect(runs([...retries, ...further], {}, AT + 5)).toEqual([['open', 'tx-0', 3, 5]])
  })

  test('knows a retry also when other requests failed in between', () => {
    const rows = ['a', 'b', 'c', 'd', 'a', 'b'].map((id, at) => failure(`tx-${at}`, at, id))
    expect(runs(rows, {}, AT + 5)).toEqual([
      ['open', 'tx-0', 3, 2],
      ['update', 'tx-0', 4, 3],
    ])
  })

  test('ends when no failure could continue it, and what follows opens anew', () => {
    const before = [0, 5, 10].map((at) => failure(`tx-${at}`, at))
    const next = failure('tx-next', 5 + WINDOW_MS + 1)
    const ended = [
      ['open', 'tx-0', 3, 10],
      ['resolve', 'tx-0', 3, 5 + WINDOW_MS + 1],
    ]
    for (const { at, opened } of [
      { at: 10 + WINDOW_MS, opened: [['open', 'tx-10', 3, 10 + WINDOW_MS]] },
      { at: 10 + WINDOW_MS + 1, opened: [] },
    ]) {
      const rows = [...before, next, failure('tx-last', at)]
      expect(runs(rows, {}, AT + at)).toEqual([...ended, ...opened])
    }
  })

  test('goes on when the next failure comes at the last moment', () => {
    const rows = [
      ...[0, 5, 10].map((at) => failure(`tx-${at}`, at)),
      failure('tx-3', 5 + WINDOW_MS),
    ]
    expect(runs(rows, {}, AT + 5 + WINDOW_MS)).toEqual([
      ['open', 'tx-0', 3, 10],
      ['update', 'tx-0', 4, 5 + WINDOW_MS],
    ])
  })

  test('says how it ended, without an event at the time at which it did', () => {
    const rows = [0, 5, 10].map((at) => failure(`tx-${at}`, at))
    const first = transactionFailureDetector.step(
      transactionFailureDetector.init('card-7'),
      rows.map(eventOf),
      { watermark: AT + 10, config: readTransactionFailureConfig() },
    )
    const endsAt = AT + 5 + WINDOW_MS + 1
    expect(first.wakeAt).toBe(endsAt)
    const context = { config: readTransactionFailureConfig() }
    const before = transactionFailureDetector.step(first.state, [], {
      ...context,
      watermark: endsAt - 1,
    })
    expect([before.findings, before.wakeAt]).toEqual([[], endsAt])
    const { findings, wakeAt } = transactionFailureDetector.step(before.state, [], {
      ...context,
      watermark: endsAt + 99,
    })
    expect(findings).toMatchObject([
      { action: 'resolve', eventTime: endsAt, evidence: { failures: 3, endedBy: 'time' } },
    ])
    expect(wakeAt).toBe(Number.POSITIVE_INFINITY)
  })

  test('takes as many failures as it is told to', () => {
    const rows = [0, 1, 2].map((at) => failure(`tx-${at}`, at))
    expect(runs(rows, { failuresMin: 2 }, AT + 2)).toEqual([
      ['open', 'tx-0', 2, 1],
      ['update', 'tx-0', 3, 2],
    ])
    expect(runs(rows, { failuresMin: 4 })).toEqual([])
  })

  test('names the last 100 failures of a long run, and counts them all', () => {
    const rows = Array.from({ length: 150 }, (_, at) => failure(`tx-${at}`, at))
    const finding = judge(rows, {}, AT + 149).findings.at(-1)
    expect(finding?.transactionIds).toHaveLength(100)
    expect(finding?.transactionIds.at(-1)).toBe('tx-149')
    expect(finding?.evidence['failures']).toBe(150)
  })

  test('judges each account by itself, and names the tenant', () => {
    const { findings } = judge(
      [0, 1, 2].map((at) => failure(`tx-${at}`, at)),
      { tenant: 'acme' },
      AT + 2,
    )
    expect(findings[0]?.fingerprint).toBe(`${CONSECUTIVE}:acme:card-7:tx-0`)
    const [a, b] = ['a', 'b'].map((accountId) =>
      transactionFailureDetector.key(eventOf({ ...failure('tx-1', 0), accountId })),
    )
    expect([a, b]).toEqual(['a', 'b'])
  })
})

describe('the settings', () => {
  test.each([
    { failuresMin: 1 },
    { failureWindowMs: 0 },
    { farEnd: 'open' as 'inclusive' },
    { chargedWhen: 'ever' as 'balance-fell' },
    { openChargesMax: 0 },
    { earlyReversalsMax: -1 },
  ])('are refused when out of range: %o', (options) => {
    expect(() => readTransactionFailureConfig(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    )
  })
})

function judge(
  rows: readonly LedgerTransactionInput[],
  options: TransactionFailureOptions = {},
  watermark = Number.POSITIVE_INFINITY,
) {
  return transactionFailureDetector.step(
    transactionFailureDetector.init('card-7'),
    rows.map(eventOf),
    { watermark, config: readTransactionFailureConfig(options) },
  )
}

/** Of each finding about a run: action, first failure, number of failures, and time since `AT`. */
function runs(
  rows: readonly LedgerTransactionInput[],
  options?: TransactionFailureOptions,
  watermark?: number,
): (readonly [string, ...unknown[]])[] {
  const idOf = ({ fingerprint }: Finding): string => fingerprint.split(':').at(-1)!
  return judge(rows, options, watermark).findings.map(
    (finding) =>
      [
        finding.action,
        idOf(finding),
        finding.evidence['failures'],
        finding.eventTime - AT,
      ] as const,
  )
}

function eventOf(transaction: LedgerTransactionInput): AccountEvent {
  const parsed = parseAccountEvent({ ...transaction, kind: 'transaction' })
  if (!parsed.ok) throw new Error(parsed.reason)
  return parsed.row
}

function row({
  id = 'tx-1',
  at = 0,
  status = 'completed' as LedgerTransactionInput['status'],
  before = 1_000n,
  after = 1_000n,
}): LedgerTransactionInput {
  return {
    transactionId: id,
    accountId: 'card-7',
    status,
    amountMinor: -450n,
    balanceBeforeMinor: before,
    balanceAfterMinor: after,
    currency: 'EUR',
    eventTime: AT + at,
  }
}

function failure(id: string, at: number, requestId: string | null = id): LedgerTransactionInput {
  return { ...row({ id, at, status: 'failed' }), requestId }
}

function charge(id: string, at: number, takenMinor: bigint): LedgerTransactionInput {
  return row({ id, at, status: 'failed', after: 1_000n - takenMinor })
}

function reversal(
  id: string,
  at: number,
  reversesTransactionId: string,
  amountMinor: bigint,
): LedgerTransactionInput {
  return { ...row({ id, at }), amountMinor, reversesTransactionId }
}
