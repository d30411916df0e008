import { describe, expect, test, vi } from 'vitest'

import type { RejectedRow } from '../detector/detect-over-accounts.ts'
import type {
  AccountBalanceInput,
  LedgerEntryInput,
  LedgerTransactionInput,
} from '../ledger/ledger-entry.ts'
import type { LedgerRepository } from '../ledger/ledger-repository.ts'
import { createMemoryLedgerRepository } from '../ledger/memory-ledger-repository.ts'
import {
  type BalanceReport,
  detectBalanceDiscrepancies,
  type DetectBalanceDiscrepanciesOptions,
} from './detect-balance-discrepancies.ts'

const AT = 1_749_895_200_000

describe('balance.arithmetic', () => {
  test.each([
    { offBy: -2n, findings: 1 },
    { offBy: -1n, findings: 0 },
    { offBy: 0n, findings: 0 },
    { offBy: 1n, findings: 0 },
    { offBy: 2n, findings: 1 },
  ])('finds $findings when after is off by $offBy', async ({ offBy, findings }) => {
    for (const amountMinor of [-450n, 0n, 450n]) {
      const report = await audit([row({ before: 2_000n, amountMinor, offBy })])
      expect(ruleIds(report)).toEqual(Array(findings).fill('balance.arithmetic'))
      expect(report.summary.rules['balance.arithmetic'].evaluated).toBe(1)
    }
  })

  test('says what was expected, when, and how much is missing', async () => {
    const { findings } = await audit([row({ before: 2_000n, amountMinor: -450n, offBy: -50n })])
    expect(findings).toEqual([
      {
        fingerprint: 'balance.arithmetic::card-7:tx-1',
        ruleId: 'balance.arithmetic',
        ruleVersion: 1,
        severity: 'critical',
        action: 'open',
        subject: 'card-7',
        transactionIds: ['tx-1'],
        amount: { amountMinor: -50n, currency: 'EUR' },
        eventTime: AT,
        confidence: 1,
        evidence: {
          balanceBeforeMinor: '2000',
          amountMinor: '-450',
          balanceAfterMinor: '1500',
          expectedAfterMinor: '1550',
        },
      },
    ])
  })

  test('is exact far beyond 2^53', async () => {
    const before = 10n ** 40n
    const amountMinor = 2n ** 60n
    expect(ruleIds(await audit([row({ before, amountMinor, offBy: 1n })]))).toEqual([])
    expect(ruleIds(await audit([row({ before, amountMinor, offBy: 2n })]))).toEqual([
      'balance.arithmetic',
    ])
  })

  test('takes its tolerance from the options', async () => {
    const rows = [row({ before: 10n, amountMinor: 1n, offBy: 1n })]
    expect(ruleIds(await audit(rows, { toleranceMinor: 0n }))).toEqual(['balance.arithmetic'])
    const further = [row({ before: 10n, amountMinor: 1n, offBy: 100n })]
    expect(ruleIds(await audit(further, { toleranceMinor: 100n }))).toEqual([])
  })

  test.each([
    ['before', { balanceBeforeMinor: null, balanceAfterMinor: 5n }],
    ['after', { balanceBeforeMinor: 5n, balanceAfterMinor: null }],
    ['either', { balanceBeforeMinor: null, balanceAfterMinor: undefined }],
  ])('cannot judge a row without the balance %s', async (_which, balances) => {
    const { summary } = await audit([{ ...row({}), ...balances }])
    expect(summary.rules['balance.arithmetic']).toEqual({
      findings: 0,
      evaluated: 0,
      notEvaluable: { 'balance-missing': 1 },
    })
  })
})

describe('balance.continuity', () => {
  test.each([
    { gap: -2n, findings: 1 },
    { gap: -1n, findings: 0 },
    { gap: 0n, findings: 0 },
    { gap: 1n, findings: 0 },
    { gap: 2n, findings: 1 },
  ])('finds $findings when the next row begins $gap off', async ({ gap, findings }) => {
    const report = await audit([
      row({ id: 'tx-1', sequence: 1n, before: 100n, amountMinor: 10n }),
      row({ id: 'tx-2', sequence: 2n, before: 110n + gap, amountMinor: 10n }),
    ])
    expect(ruleIds(report)).toEqual(Array(findings).fill('balance.continuity'))
    expect(report.findings.flatMap(({ transactionIds }) => transactionIds)).toEqual(
      Array(findings).fill('tx-2'),
    )
  })

  test('follows the sequence and not the order in which rows came in', async () => {
    const report = await audit([
      row({ id: 'tx-2', sequence: 20n, before: 110n, amountMinor: 10n }),
      row({ id: 'tx-3', sequence: 300n, before: 120n, amountMinor: 10n }),
      row({ id: 'tx-1', sequence: 9n, before: 100n, amountMinor: 10n }),
    ])
    expect(ruleIds(report)).toEqual([])
    expect(report.summary.rules['balance.continuity']).toEqual({
      findings: 0,
      evaluated: 2,
      notEvaluable: { 'first-of-account': 1 },
    })
  })

  test('cannot judge rows whose order nothing proves', async () => {
    const rows = [
      row({ id: 'tx-1', before: 100n, amountMinor: 10n }),
      row({ id: 'tx-2', before: 700n, amountMinor: 10n }),
    ]
    const unproven = await audit(rows)
    expect(ruleIds(unproven)).toEqual([])
    expect(unproven.summary.rules['balance.continuity'].notEvaluable).toEqual({
      'first-of-account': 1,
      'order-not-proven': 1,
    })
    const proven = await audit(rows, { orderProven: true })
    expect(ruleIds(proven)).toEqual(['balance.continuity'])
  })

  test('cannot judge rows of the same sequence, nor the row after them', async () => {
    const { summary } = await audit([
      row({ id: 'tx-1', sequence: 1n, before: 0n, amountMinor: 10n }),
      row({ id: 'tx-2', sequence: 2n, before: 10n, amountMinor: 5n }),
      row({ id: 'tx-3', sequence: 2n, before: 15n, amountMinor: 5n }),
      row({ id: 'tx-4', sequence: 3n, before: 15n, amountMinor: 5n }),
      row({ id: 'tx-5', sequence: 4n, before: 20n, amountMinor: 5n }),
    ])
    expect(summary.rules['balance.continuity']).toEqual({
      findings: 0,
      evaluated: 1,
      notEvaluable: { 'first-of-account': 1, 'order-not-proven': 3 },
    })
    expect(summary.rules['balance.negative']).toEqual({
      findings: 0,
      evaluated: 3,
      notEvaluable: { 'order-not-proven': 2 },
    })
  })

  test('takes no row of a shared sequence for the one that was booked first', async () => {
    const report = await audit([
      row({ id: 'one', sequence: 1n, before: 0n, amountMinor: 100n }),
      row({ id: 'second', sequence: 2n, before: 150n, amountMinor: -200n }),
      row({ id: 'first', sequence: 2n, before: 100n, amountMinor: 50n }),
      row({ id: 'three', sequence: 3n, before: -50n, amountMinor: 100n }),
    ])
    expect(ruleIds(report)).toEqual([])
    const triple = await audit([
      row({ id: 'third', sequence: 0n, before: 2n, amountMinor: 1n }),
      row({ id: 'first', sequence: 0n, before: 0n, amountMinor: 1n }),
      row({ id: 'second', sequence: 0n, before: 1n, amountMinor: 1n }),
    ])
    expect(ruleIds(triple)).toEqual([])
    expect(triple.summary.rules['balance.continuity'].notEvaluable).toEqual({
      'first-of-account': 1,
      'order-not-proven': 2,
    })
  })

  test('is not held up by a row that shares its sequence and moved nothing or was delivered twice', async () => {
    const second = row({ id: 'tx-2', sequence: 2n, before: 100n, amountMinor: 10n })
    const report = await audit([
      row({ id: 'tx-1', sequence: 1n, before: 0n, amountMinor: 10n }),
      second,
      row({ id: 'failed', sequence: 2n, before: 0n, amountMinor: 10n, status: 'failed' }),
      second,
    ])
    expect(ruleIds(report)).toEqual(['balance.continuity'])
  })

  test('does not compare a row that has a sequence with one that has none', async () => {
    const rows = [
      row({ id: 'tx-1', sequence: 1n, before: 0n, amountMinor: 10n }),
      row({ id: 'tx-2', before: 700n, amountMinor: 5n }),
    ]
    const { summary } = await audit(rows, { orderProven: true })
    expect(summary.rules['balance.continuity'].notEvaluable).toEqual({
      'first-of-account': 1,
      'order-not-proven': 1,
    })
  })

  test('passes over rows that moved no money', async () => {
    const report = await audit([
      row({ id: 'tx-1', sequence: 1n, before: 100n, amountMinor: -10n }),
      row({ id: 'tx-2', sequence: 2n, before: 90n, amountMinor: -50n, status: 'failed' }),
      row({ id: 'tx-3', sequence: 3n, before: 90n, amountMinor: -50n, status: 'pending' }),
      row({ id: 'tx-4', sequence: 4n, before: 90n, amountMinor: -50n, status: 'cancelled' }),
      row({ id: 'tx-5', sequence: 5n, before: 90n, amountMinor: -10n }),
    ])
    expect(ruleIds(report)).toEqual([])
    expect(report.summary.rules['balance.continuity']).toEqual({
      findings: 0,
      evaluated: 1,
      notEvaluable: { 'first-of-account': 1, 'not-completed': 3 },
    })
  })

  test('does not reach across a row without balances', async () => {
    const { summary } = await audit([
      row({ id: 'tx-1', sequence: 1n, before: 0n, amountMinor: 10n }),
      { ...row({ id: 'tx-2', sequence: 2n }), balanceBeforeMinor: null, balanceAfterMinor: null },
      row({ id: 'tx-3', sequence: 3n, before: 500n, amountMinor: 10n }),
    ])
    expect(summary.rules['balance.continuity'].notEvaluable).toEqual({
      'first-of-account': 1,
      'balance-missing': 2,
    })
  })

  test('keeps accounts apart', async () => {
    const report = await audit([
      row({ accountId: 'card-1', sequence: 1n, before: 0n, amountMinor: 10n }),
      row({ accountId: 'card-2', sequence: 2n, before: 900n, amountMinor: 10n }),
    ])
    expect(ruleIds(report)).toEqual([])
    expect(report.summary.accounts).toBe(2)
  })
})

describe('balance.reconciliation', () => {
  const rows = [
    row({ id: 'tx-1', sequence: 1n, before: 1_000n, amountMinor: 500n }),
    row({ id: 'tx-2', sequence: 2n, before: 1_500n, amountMinor: -200n }),
    row({ id: 'tx-3', sequence: 3n, before: 1_300n, amountMinor: -900n, status: 'failed' }),
  ]

  test.each([
    { offBy: -2n, findings: 1 },
    { offBy: -1n, findings: 0 },
    { offBy: 0n, findings: 0 },
    { offBy: 1n, findings: 0 },
    { offBy: 2n, findings: 1 },
  ])('finds $findings when the balance is off by $offBy', async ({ offBy, findings }) => {
    const balances = [balance({ checkpointMinor: 1_000n, balanceMinor: 1_300n + offBy })]
    const report = await audit(rows, {}, balances)
    expect(ruleIds(report)).toEqual(Array(findings).fill('balance.reconciliation'))
    expect(report.findings.map(({ amount }) => amount?.amountMinor)).toEqual(
      Array(findings).fill(offBy),
    )
  })

  test('finds money on an account that never had a transaction', async () => {
    const report = await audit([], {}, [balance({ checkpointMinor: 0n, balanceMinor: 500n })])
    expect(ruleIds(report)).toEqual(['balance.reconciliation'])
    expect(report.findings[0]).toMatchObject({ subject: 'card-7', transactionIds: [] })
  })

  test('finds values that were read at different moments, because it cannot know', async () => {
    // The balance was read after a payment that the log does not show yet. Only a repository can
    // prevent that, by reading both in one snapshot.
    const report = await audit(rows, {}, [
      balance({ checkpointMinor: 1_000n, balanceMinor: 1_300n - 450n }),
    ])
    expect(ruleIds(report)).toEqual(['balance.reconciliation'])
  })

  test('is the same finding while rows are added, and another when money goes missing again', async () => {
    const fingerprintOf = async (
      transactions: LedgerTransactionInput[],
      balanceMinor: bigint,
    ): Promise<string | undefined> => {
      const balances = [balance({ checkpointMinor: 1_000n, balanceMinor })]
      return (await audit(transactions, {}, balances)).findings[0]?.fingerprint
    }
    const first = await fingerprintOf(rows, 1_250n)
    const further = row({ id: 'tx-4', sequence: 4n, before: 1_300n, amountMinor: 100n })
    expect(await fingerprintOf([...rows, further], 1_350n)).toBe(first)
    expect(await fingerprintOf(rows, 1_240n)).not.toBe(first)
  })

  test('cannot judge an account whose balance is unknown', async () => {
    const { summary } = await audit(rows)
    expect(summary.rules['balance.reconciliation'].notEvaluable).toEqual({
      'account-balance-missing': 1,
    })
  })

  test('needs no balances on the rows', async () => {
    const none = { balanceBeforeMinor: null, balanceAfterMinor: null }
    const bare = rows.map((each) => Object.assign({}, each, none))
    const balances = [balance({ checkpointMinor: 1_000n, balanceMinor: 1_000n })]
    expect(ruleIds(await audit(bare, {}, balances))).toEqual(['balance.reconciliation'])
  })
})

describe('balance.reconciliation, for parity', () => {
  test('begins at zero where it is told to know no checkpoint', async () => {
    const rows = chain([500n])
    const fromZero = { reconcilesFrom: 'zero' } as const
    const balances = [balance({ checkpointMinor: 100n, balanceMinor: 600n })]
    expect(ruleIds(await audit(rows, {}, balances))).toEqual([])
    const { findings } = await audit(rows, fromZero, balances)
    expect(findings[0]).toMatchObject({
      ruleId: 'balance.reconciliation',
      amount: { amountMinor: 100n },
      evidence: { checkpointMinor: '0', expectedMinor: '500' },
    })
    expect(ruleIds(await audit(rows, fromZero, [balance({ balanceMinor: 500n })]))).toEqual([])
  })

  test('leaves out refunds where it is told to know none', async () => {
    const [paid, refund] = chain([500n, 200n])
    const rows = [paid!, { ...refund!, reversesTransactionId: 'chain-0' }]
    const balances = [balance({ balanceMinor: 700n })]
    expect(ruleIds(await audit(rows, {}, balances))).toEqual([])
    const { findings } = await audit(rows, { countsRefunds: false }, balances)
    expect(findings[0]).toMatchObject({
      ruleId: 'balance.reconciliation',
      amount: { amountMinor: 200n },
    })
  })

  test('refuses to begin anywhere else', async () => {
    const options = { reconcilesFrom: 'somewhere' as never }
    await expect(audit([], options)).rejects.toMatchObject({ code: 'INVALID_OPTION' })
  })
})

describe('balance.negative', () => {
  test.each([
    { after: 1n, limit: 0n, findings: 0 },
    { after: 0n, limit: 0n, findings: 0 },
    { after: -1n, limit: 0n, findings: 1 },
    { after: -499n, limit: 500n, findings: 0 },
    { after: -500n, limit: 500n, findings: 0 },
    { after: -501n, limit: 500n, findings: 1 },
  ])(
    'finds $findings at $after with an overdraft of $limit',
    async ({ after, limit, findings }) => {
      const rows = [row({ before: after + 10n, amountMinor: -10n })]
      const expected = Array(findings).fill('balance.negative')
      expect(ruleIds(await audit(rows, { overdraftLimitMinor: limit }))).toEqual(expected)
      const balances = [
        balance({
          checkpointMinor: after + 10n,
          balanceMinor: after,
          overdraftLimitMinor: limit,
        }),
      ]
      expect(ruleIds(await audit(rows, { overdraftLimitMinor: 1_000_000n }, balances))).toEqual(
        expected,
      )
    },
  )

  test('gives one finding each time an account goes below its limit', async () => {
    const { findings } = await audit(
      chain([5n, -10n, -10n, 5n, 30n, -20n, -1n, -1n], (index) => `tx-${index}`),
    )
    expect(findings.map(({ ruleId, transactionIds }) => [ruleId, ...transactionIds])).toEqual([
      ['balance.negative', 'tx-1'],
      ['balance.negative', 'tx-6'],
    ])
    expect(findings[0]).toMatchObject({
      severity: 'high',
      amount: { amountMinor: -5n, currency: 'EUR' },
    })
  })

  test('finds a balance below zero that no row explains', async () => {
    const report = await audit([], {}, [balance({ checkpointMinor: -3n, balanceMinor: -3n })])
    expect(ruleIds(report)).toEqual(['balance.negative'])
  })
})

describe('rows that cannot be judged', () => {
  test('counts a row once that is delivered twice', async () => {
    const rows = chain([100n, 10n, -50n])
    const report = await audit([...rows, ...rows], {}, [
      balance({ checkpointMinor: 0n, balanceMinor: 60n }),
    ])
    expect(ruleIds(report)).toEqual([])
    expect(report.summary.transactions).toBe(6)
    for (const ruleId of ['balance.arithmetic', 'balance.negative'] as const) {
      expect(report.summary.rules[ruleId].notEvaluable).toEqual({ redelivered: 3 })
    }
  })

  test('keeps the first of two rows that claim one id, and judges nothing that hangs on it', async () => {
    const [first, second, third] = chain([100n, 10n, -50n])
    const conflicting = { ...second!, amountMinor: 4_000n, balanceAfterMinor: 4_100n }
    const report = await audit([first!, second!, conflicting, third!], {}, [
      balance({ checkpointMinor: 0n, balanceMinor: 4_050n }),
    ])
    expect(ruleIds(report)).toEqual([])
    expect(report.summary.rules['balance.continuity']).toMatchObject({
      evaluated: 1,
      notEvaluable: { 'first-of-account': 1, 'conflicting-duplicate': 2 },
    })
    expect(report.summary.rules['balance.reconciliation'].notEvaluable).toEqual({
      'conflicting-duplicate': 1,
    })
  })

  test('follows a transaction from pending to completed', async () => {
    const [first, second] = chain([100n, -10n])
    const pending = { ...second!, status: 'pending' as const, balanceAfterMinor: 100n }
    const report = await audit([first!, pending, second!], {}, [
      balance({ checkpointMinor: 0n, balanceMinor: 90n }),
    ])
    expect(ruleIds(report)).toEqual([])
    expect(report.summary.rules['balance.reconciliation'].evaluated).toBe(1)
  })

  test('does not take it for a repetition that a completed transaction was cancelled', async () => {
    const [first] = chain([100n])
    const { summary } = await audit([first!, { ...first!, status: 'cancelled' }])
    expect(summary.rules['balance.arithmetic'].notEvaluable).toEqual({ 'conflicting-duplicate': 1 })
  })

  test('neither compares nor sums up what may have come before and was forgotten', async () => {
    const rows = chain([100n, ...Array<bigint>(1_000).fill(1n)]).map((each) =>
      Object.assign({}, each, { sequence: null }),
    )
    const again = [...rows, rows[0]!]
    const balances = [balance({ checkpointMinor: 0n, balanceMinor: 1_100n })]
    const { findings, summary } = await audit(again, { orderProven: true }, balances)
    expect(findings).toEqual([])
    // The row 1,001 was still compared with each of the 1,000 before it.
    expect(summary.rules['balance.continuity']).toEqual({
      findings: 0,
      evaluated: 1_000,
      notEvaluable: { 'first-of-account': 1, 'repetition-unknown': 1 },
    })
    expect(summary.rules['balance.reconciliation'].notEvaluable).toEqual({
      'repetition-unknown': 1,
    })
    expect(summary.forgotten).toBe(2)

    const all = await audit(again, { orderProven: true, rememberedMax: 1_001 }, balances)
    expect(all.summary.rules['balance.continuity'].notEvaluable).toEqual({
      'first-of-account': 1,
      redelivered: 1,
    })
    expect(all.summary.rules['balance.reconciliation'].evaluated).toBe(1)
    expect(all.summary.forgotten).toBe(0)
  })

  test('forgets nothing where no row comes twice', async () => {
    const rows = chain([100n, 10n, 10n])
    const balances = [balance({ checkpointMinor: 0n, balanceMinor: 120n })]
    const memory = createMemoryLedgerRepository({ transactions: rows, balances })
    const reports = await Promise.all([
      audit(rows, { rememberedMax: 0 }, balances),
      detectBalanceDiscrepancies({ ledger: { ...memory, hasUniqueIds: true } }),
    ])
    for (const { summary } of reports) {
      expect(summary).toMatchObject({ findings: 0, forgotten: 0 })
      expect(summary.rules['balance.continuity'].evaluated).toBe(2)
      expect(summary.rules['balance.reconciliation'].evaluated).toBe(1)
    }
  })

  test('sets aside a row in another currency, and what hangs on it', async () => {
    const [first, second, third] = chain([100n, 10n, -50n])
    const report = await audit([first!, { ...second!, currency: 'USD' }, third!], {}, [
      balance({ checkpointMinor: 0n, balanceMinor: 60n }),
    ])
    expect(ruleIds(report)).toEqual([])
    expect(report.summary.rules['balance.arithmetic']).toMatchObject({
      evaluated: 2,
      notEvaluable: { 'mixed-currency': 1 },
    })
    expect(report.summary.rules['balance.continuity'].notEvaluable).toEqual({
      'first-of-account': 1,
      'mixed-currency': 2,
    })
    expect(report.summary.rules['balance.reconciliation'].notEvaluable).toEqual({
      'mixed-currency': 1,
    })
  })

  test('sets aside every row when the balance is in another currency', async () => {
    const balances = [balance({ currency: 'USD', balanceMinor: 0n, checkpointMinor: 0n })]
    const { summary } = await audit(chain([100n, 10n]), {}, balances)
    expect(summary.rules['balance.arithmetic'].notEvaluable).toEqual({ 'mixed-currency': 2 })
  })

  test('sets aside a late row of a repository that does not keep the order', async () => {
    const [first, second, third] = chain([100n, 10n, -50n])
    const { summary, findings } = await detectBalanceDiscrepancies({
      ledger: ledgerOf([entry(first!), entry(third!), entry(second!)]),
    })
    expect(findings.map(({ ruleId }) => ruleId)).toEqual(['balance.continuity'])
    expect(summary.rules['balance.continuity'].notEvaluable).toEqual({
      'first-of-account': 1,
      late: 1,
    })
  })
})

describe('rows that do not parse', () => {
  const good = chain([100n, 10n, -50n])
  const hostile: [name: string, row: unknown][] = [
    ['nothing', null],
    ['a text', 'DROP TABLE ledger'],
    ['no fields', {}],
    ['an unknown status', { ...good[1], status: 'settled' }],
    ['an amount as a float', { ...good[1], amountMinor: 10.5 }],
    ['an amount as a number', { ...good[1], amountMinor: 10 }],
    ['an amount in scientific notation', { ...good[1], amountMinor: '1E+07' }],
    ['an amount of a megabyte', { ...good[1], amountMinor: '9'.repeat(1_000_000) }],
    ['a balance that is not a number', { ...good[1], balanceBeforeMinor: 'NaN' }],
    ['a time with a fraction', { ...good[1], eventTime: 1.5 }],
    ['a time that is no number', { ...good[1], eventTime: '2025-06-14' }],
    ['a sequence below zero', { ...good[1], sequence: -1n }],
    ['an empty account', { ...good[1], accountId: '' }],
    ['a name with a NUL', { ...good[1], transactionId: 'tx\u0000' }],
    ['a name that is too long', { ...good[1], transactionId: 'x'.repeat(256) }],
    ['a currency with a space', { ...good[1], currency: 'E R' }],
  ]

  test.each(hostile)('sets aside %s and goes on', async (_name, malformed) => {
    const rejected: RejectedRow[] = []
    const wrong = row({ id: 'wrong', accountId: 'card-8', before: 0n, amountMinor: 1n, offBy: 9n })
    const entries = [good[0], malformed, good[2], wrong]
    const { summary, findings } = await detectBalanceDiscrepancies(
      { ledger: createMemoryLedgerRepository({ transactions: entries as never[] }) },
      { onRejected: (each) => void rejected.push(each) },
    )
    expect(findings.map(({ ruleId }) => ruleId)).not.toContain('balance.reconciliation')
    expect(findings.filter(({ subject }) => subject === 'card-8')).toHaveLength(1)
    expect(summary).toMatchObject({ transactions: 3, rejected: 1 })
    expect(rejected).toHaveLength(1)
    expect(rejected[0]?.reason).toMatch(/\w/)
    expect(rejected[0]?.reason.length).toBeLessThan(1_000)
  })

  test('hands over the row as it was', async () => {
    const malformed = { ...good[1], kind: 'transaction', status: 'settled', note: 'kept' }
    const onRejected = vi.fn<(rejected: RejectedRow) => void>()
    await detectBalanceDiscrepancies({ ledger: ledgerOf([malformed]) }, { onRejected })
    expect(onRejected.mock.calls[0]?.[0].row).toBe(malformed)
    expect(onRejected.mock.calls[0]?.[0].reason).toMatch(/^status: /)
  })

  test.each(['2x', 1.5, -2n, 2n ** 63n, {}])(
    'compares nothing on an account where a row may have stood anywhere, its sequence being %s',
    async (sequence) => {
      const malformed = { ...good[1]!, sequence: sequence as bigint }
      const balances = [balance({ checkpointMinor: 0n, balanceMinor: 60n })]
      const further = row({ id: 'further', sequence: 9n, before: 700n, amountMinor: 1n })
      const report = await audit([good[0]!, malformed, good[2]!, further], {}, balances)
      expect(ruleIds(report)).toEqual([])
      expect(report.summary.rules['balance.continuity']).toEqual({
        findings: 0,
        evaluated: 0,
        notEvaluable: { 'row-unreadable': 3 },
      })
    },
  )

  test('compares nothing further when such a row comes late', async () => {
    const { summary } = await detectBalanceDiscrepancies({
      ledger: ledgerOf([
        entry(good[0]!),
        entry(good[2]!),
        { ...entry(good[1]!), sequence: '2x' },
        entry(row({ id: 'further', sequence: 9n, before: 700n })),
        entry(row({ id: 'last', sequence: 10n, before: 900n })),
      ]),
    })
    expect(summary.findings).toBe(0)
    expect(summary.rules['balance.continuity'].notEvaluable).toEqual({
      'first-of-account': 1,
      'row-unreadable': 3,
    })
  })

  test.each([
    ['does not parse', { amountMinor: 'ten' as never }, 'row-unreadable'],
    ['is in another currency', { currency: 'USD' }, 'mixed-currency'],
  ])('compares no row that shares its sequence with one that %s', async (_, fault, reason) => {
    const one = row({ id: 'one', sequence: 1n, before: 0n, amountMinor: 100n })
    const two = row({ id: 'two', sequence: 2n, before: 150n, amountMinor: -30n })
    const three = row({ id: 'three', sequence: 3n, before: 170n })
    const four = row({ id: 'four', sequence: 4n, before: 170n })
    const wrong = { ...row({ id: 'wrong', sequence: 2n, before: 100n }), ...fault }
    for (const rows of [
      [one, two, wrong, three, four],
      [one, wrong, two, three, four],
    ]) {
      const report = await audit(rows)
      expect(ruleIds(report)).toEqual([])
      const { evaluated, notEvaluable } = report.summary.rules['balance.continuity']
      const wrongItself = reason === 'mixed-currency' ? 1 : 0
      expect(evaluated).toBe(1)
      expect(notEvaluable).toEqual({ 'first-of-account': 1, [reason]: 2 + wrongItself })
    }
  })

  test('judges nothing across a row that did not parse', async () => {
    const malformed = { ...good[1]!, amountMinor: 'ten' }
    const balances = [balance({ checkpointMinor: 0n, balanceMinor: 60n })]
    const report = await audit([good[0]!, malformed, good[2]!], {}, balances)
    expect(ruleIds(report)).toEqual([])
    expect(report.summary.rules['balance.continuity'].notEvaluable).toEqual({
      'first-of-account': 1,
      'row-unreadable': 1,
    })
    expect(report.summary.rules['balance.reconciliation'].notEvaluable).toEqual({
      'row-unreadable': 1,
    })
  })
})

describe('a run', () => {
  test('gives each transaction exactly one outcome from each rule on rows', async () => {
    const { summary } = await audit([
      ...chain([100n, 10n, -500n]),
      ...chain([100n, 10n, -500n]),
      row({ id: 'failed', status: 'failed', sequence: 9n }),
      { ...row({ id: 'bare', sequence: 10n }), balanceAfterMinor: null },
      row({ id: 'dollars', currency: 'USD', sequence: 11n }),
    ])
    for (const ruleId of [
      'balance.arithmetic',
      'balance.continuity',
      'balance.negative',
    ] as const) {
      const { evaluated, notEvaluable } = summary.rules[ruleId]
      const passedOver = Object.values(notEvaluable).reduce((sum, count) => sum + count, 0)
      expect(evaluated + passedOver).toBe(summary.transactions)
    }
  })

  test('puts the tenant into fingerprints', async () => {
    const rows = [row({ before: 0n, amountMinor: 1n, offBy: 5n })]
    const [none, acme, other] = await Promise.all([
      audit(rows),
      audit(rows, { tenant: 'acme' }),
      audit(rows, { tenant: 'other' }),
    ])
    const fingerprints = [none, acme, other].map(({ findings }) => findings[0]?.fingerprint)
    expect(new Set(fingerprints).size).toBe(3)
    expect((await audit(rows, { tenant: 'acme' })).findings[0]?.fingerprint).toBe(fingerprints[1])
  })

  test('shows every finding to onFinding, and keeps no more than it was asked to', async () => {
    const rows = Array.from({ length: 25 }, (_, index) =>
      row({
        id: `tx-${index}`,
        accountId: `card-${index}`,
        before: 0n,
        amountMinor: 1n,
        offBy: 5n,
      }),
    )
    const seen: string[] = []
    const { findings, summary } = await audit(rows, {
      findingsMax: 10,
      batchSize: 4,
      onFinding: async ({ subject }) => {
        await Promise.resolve()
        seen.push(subject)
      },
    })
    expect(findings.map(({ subject }) => subject)).toEqual(seen.slice(0, 10))
    expect(seen).toEqual(rows.map(({ accountId }) => accountId))
    expect(summary.findings).toBe(25)
    expect(summary.rules['balance.arithmetic'].findings).toBe(25)
  })

  test('reports progress after each batch', async () => {
    const progress: number[] = []
    await audit(chain([1n, 1n, 1n, 1n, 1n]), {
      batchSize: 2,
      onProgress: ({ transactions }) => void progress.push(transactions),
    })
    expect(progress).toEqual([2, 4, 5])
  })

  test('gives the same findings for every size of batch', async () => {
    const rows = [
      ...chain([100n, -150n, 20n, 90n, -70n]),
      row({ id: 'wrong', accountId: 'card-8', before: 0n, amountMinor: 1n, offBy: 5n }),
    ]
    const balances = [balance({ checkpointMinor: 0n, balanceMinor: 1n })]
    const reference = await audit(rows, {}, balances)
    expect(ruleIds(reference)).toHaveLength(4)
    for (const batchSize of [1, 2, 3, 4, 5, 6]) {
      expect(await audit(rows, { batchSize }, balances)).toEqual(reference)
    }
  })

  test('stops between batches when its signal aborts', async () => {
    const controller = new AbortController()
    const reason = new Error('The host shuts down.')
    const onProgress = vi.fn<() => void>(() => controller.abort(reason))
    const rows = chain([1n, 1n, 1n, 1n])
    const options = { batchSize: 1, signal: controller.signal, onProgress }
    await expect(audit(rows, options)).rejects.toBe(reason)
    expect(onProgress).toHaveBeenCalledTimes(1)
    await expect(audit(rows, options)).rejects.toBe(reason)
    expect(onProgress).toHaveBeenCalledTimes(1)
  })

  test('ends with the error of a repository or a callback', async () => {
    const broken = new Error('The disk is full.')
    const onFinding = (): never => {
      throw broken
    }
    const rows = [row({ before: 0n, amountMinor: 1n, offBy: 5n })]
    await expect(audit(rows, { onFinding })).rejects.toBe(broken)
    const ledger: LedgerRepository = { readSnapshot: () => Promise.reject(broken) }
    await expect(detectBalanceDiscrepancies({ ledger })).rejects.toBe(broken)
  })

  test('begins anew when the repository does', async () => {
    const entries = [entry(row({ before: 0n, amountMinor: 1n, offBy: 5n }))]
    const retrying: LedgerRepository = {
      async readSnapshot(work, options) {
        await ledgerOf(entries).readSnapshot(work, options)
        return ledgerOf(entries).readSnapshot(work, options)
      },
    }
    const { findings, summary } = await detectBalanceDiscrepancies({ ledger: retrying })
    expect(findings).toHaveLength(1)
    expect(summary.transactions).toBe(1)
  })

  test.each<DetectBalanceDiscrepanciesOptions>([
    { toleranceMinor: -1n },
    { toleranceMinor: 1 as never },
    { overdraftLimitMinor: -1n },
    { rememberedMax: -1 },
    { batchSize: 0 },
    { batchSize: 1.5 },
    { findingsMax: Number.NaN },
  ])('refuses %o', async (options) => {
    await expect(audit([], options)).rejects.toMatchObject({ code: 'INVALID_OPTION' })
  })
})

function audit(
  transactions: readonly LedgerTransactionInput[],
  options: DetectBalanceDiscrepanciesOptions = {},
  balances: readonly AccountBalanceInput[] = [],
): Promise<BalanceReport> {
  return detectBalanceDiscrepancies(
    { ledger: createMemoryLedgerRepository({ transactions, balances }) },
    options,
  )
}

function ruleIds({ findings }: BalanceReport): string[] {
  return findings.map(({ ruleId }) => ruleId)
}

interface RowFields extends Partial<LedgerTransactionInput> {
  readonly id?: string
  readonly before?: bigint
  readonly amountMinor?: bigint
  readonly offBy?: bigint
}

/** A row whose balances add up, unless it is off by something. */
function row({
  id = 'tx-1',
  before = 0n,
  offBy = 0n,
  ...fields
}: RowFields): LedgerTransactionInput {
  const { amountMinor = 0n } = fields
  return {
    transactionId: id,
    accountId: 'card-7',
    status: 'completed',
    amountMinor,
    balanceBeforeMinor: before,
    balanceAfterMinor: before + amountMinor + offBy,
    currency: 'EUR',
    eventTime: AT,
    ...fields,
  }
}

/** Rows of one account, each beginning where the one before ended, from 0 on. */
function chain(
  amounts: readonly bigint[],
  idOf = (index: number): string => `chain-${index}`,
): LedgerTransactionInput[] {
  let before = 0n
  return amounts.map((amountMinor, index) => {
    const each = row({ id: idOf(index), sequence: BigInt(index), before, amountMinor })
    before += amountMinor
    return each
  })
}

function balance(fields: Partial<AccountBalanceInput>): AccountBalanceInput {
  return {
    accountId: 'card-7',
    currency: 'EUR',
    balanceMinor: 0n,
    checkpointMinor: 0n,
    eventTime: AT,
    ...fields,
  }
}

function entry(transaction: LedgerTransactionInput): LedgerEntryInput {
  return { ...transaction, kind: 'transaction' }
}

/** A repository that hands out just these, in this order. */
function ledgerOf(entries: readonly unknown[]): LedgerRepository {
  async function* batches(): AsyncGenerator<readonly LedgerEntryInput[]> {
    yield entries as readonly LedgerEntryInput[]
  }
  return { readSnapshot: (work) => work(batches()) }
}
