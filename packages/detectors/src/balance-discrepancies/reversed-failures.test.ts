import { describe, expect, test } from 'vitest'

import type { AccountEventInput } from '../detector/account-event.ts'
import type { LedgerTransactionInput } from '../ledger/ledger-entry.ts'
import { createMemoryLedgerRepository } from '../ledger/memory-ledger-repository.ts'
import { judgeAtOnce } from '../testing/judge-at-once.ts'
import { readBalanceRowConfig } from './balance-row-config.ts'
import { balanceRowDetector } from './balance-row-detector.ts'
import {
  detectBalanceDiscrepancies,
  type DetectBalanceDiscrepanciesOptions,
} from './detect-balance-discrepancies.ts'

const OPENS_AT = 1_749_895_200_000

/** A row that moves the balance from `before` by `amount`, as `sequence` of its account. */
function row(
  sequence: number,
  before: bigint,
  amount: bigint,
  more: Partial<LedgerTransactionInput> = {},
): LedgerTransactionInput {
  return {
    transactionId: `tx-${sequence}`,
    accountId: 'card-7',
    status: 'completed',
    amountMinor: amount,
    balanceBeforeMinor: before,
    balanceAfterMinor: before + amount,
    currency: 'EUR',
    eventTime: OPENS_AT + sequence * 60_000,
    sequence,
    ...more,
  }
}

const paid = row(1, 10_000n, -100n)
const charged = row(2, 9_900n, -450n, { status: 'failed' })
const next = row(3, 9_450n, -50n)
const reverses = { reversesTransactionId: 'tx-2' }

/** What is open in the end: in the audit of the card, and in the stream of its rows. */
async function judged(
  transactions: readonly LedgerTransactionInput[],
  balanceMinor: bigint,
  options: DetectBalanceDiscrepanciesOptions = {},
) {
  const balance = { accountId: 'card-7', currency: 'EUR', checkpointMinor: 10_000n, balanceMinor }
  const ledger = createMemoryLedgerRepository({
    transactions,
    balances: [{ ...balance, eventTime: OPENS_AT }],
  })
  const { findings } = await detectBalanceDiscrepancies({ ledger }, options)
  const audit = findings.map(({ ruleId, amount }) => `${ruleId} ${amount?.amountMinor}`)
  return { audit, stream: streamed(transactions) }
}

function streamed(transactions: readonly LedgerTransactionInput[]): string[] {
  const rows = transactions.map(eventOf)
  const { findings } = judgeAtOnce(balanceRowDetector, readBalanceRowConfig(), rows)
  const last = new Map(findings.map((finding) => [finding.fingerprint, finding]))
  return [...last.values()]
    .filter(({ action }) => action !== 'resolve')
    .map(({ ruleId, amount }) => `${ruleId} ${amount?.amountMinor}`)
}

function eventOf(transaction: LedgerTransactionInput): AccountEventInput {
  return Object.assign({ kind: 'transaction' as const }, transaction)
}

const BROKEN = 'balance.continuity -450'

describe('a failure that was charged', () => {
  test('breaks the continuity and the sum while nothing makes it good', async () => {
    expect(await judged([paid, charged, next], 9_400n)).toEqual({
      audit: [BROKEN, 'balance.reconciliation -450'],
      stream: [BROKEN],
    })
  })

  test('leaves nothing open when its reversal is the next row', async () => {
    const rows = [paid, charged, row(3, 9_450n, 450n, reverses), row(4, 9_900n, -100n)]
    expect(await judged(rows, 9_800n)).toEqual({ audit: [], stream: [] })
  })

  test('leaves nothing open when its reversal comes long after, in parts', async () => {
    const rows = [
      paid,
      charged,
      next,
      row(4, 9_400n, -50n),
      row(5, 9_350n, 200n, reverses),
      row(6, 9_550n, -50n),
      row(7, 9_500n, 250n, reverses),
      row(8, 9_750n, -50n),
    ]
    expect(await judged(rows.slice(0, 6), 9_500n)).toEqual({
      audit: [BROKEN, 'balance.reconciliation -250'],
      stream: [BROKEN],
    })
    expect(await judged(rows, 9_700n)).toEqual({ audit: [], stream: [] })
  })

  test('is resolved in the stream by what makes it good', () => {
    const rows = [paid, charged, next, row(4, 9_400n, 450n, reverses)]
    const { findings } = judgeAtOnce(balanceRowDetector, readBalanceRowConfig(), rows.map(eventOf))
    expect(findings).toMatchObject([
      { action: 'open', transactionIds: ['tx-3'], amount: { amountMinor: -450n } },
      { action: 'resolve', transactionIds: ['tx-3'], evidence: { madeGoodBy: 'tx-4' } },
    ])
  })

  test('stays open by what its reversal leaves out, and by what it gives too much', async () => {
    const less = [paid, charged, next, row(4, 9_400n, 300n, reverses)]
    expect(await judged(less, 9_700n)).toEqual({
      audit: [BROKEN, 'balance.reconciliation -150'],
      stream: [BROKEN],
    })
    const more = [paid, charged, next, row(4, 9_400n, 500n, reverses)]
    expect(await judged(more, 9_900n)).toEqual({ audit: ['balance.reconciliation 50'], stream: [] })
  })

  test('explains no other break', async () => {
    const rows = [paid, charged, row(3, 9_450n, 450n, reverses), row(4, 9_450n, -50n)]
    expect(await judged(rows, 9_400n)).toEqual({
      audit: [BROKEN, 'balance.reconciliation -450'],
      stream: [BROKEN],
    })
  })

  test('is made good by a reversal in its own currency alone', async () => {
    const inDollars = { ...charged, currency: 'USD' }
    const rows = [paid, inDollars, next, row(4, 9_400n, 450n, reverses)]
    expect(await judged(rows, 9_850n)).toEqual({
      audit: [BROKEN, 'balance.reconciliation -450'],
      stream: [BROKEN],
    })
  })

  test('is made good by a reversal that was booked before it', async () => {
    const rows = [paid, row(2, 9_900n, 450n, { reversesTransactionId: 'tx-3' })]
    const failed = row(3, 10_350n, -450n, { status: 'failed' })
    expect(await judged([...rows, failed, row(4, 9_900n, -50n)], 9_850n)).toEqual({
      audit: [],
      stream: [],
    })
  })

  test('counts the other way round for one that was credited', async () => {
    const credited = row(2, 9_900n, 450n, { status: 'failed' })
    const rows = [paid, credited, row(3, 10_350n, -50n), row(4, 10_300n, -450n, reverses)]
    expect(await judged(rows, 9_850n)).toEqual({ audit: [], stream: [] })
  })

  test('is kept apart from sums that know no refunds', async () => {
    const rows = [paid, charged, row(3, 9_450n, 450n, reverses)]
    const { audit } = await judged(rows, 9_900n, { countsRefunds: false })
    expect(audit).toEqual([])
  })
})

describe('the refund of a completed transaction', () => {
  test('counts as money that moved', async () => {
    const refund = row(2, 9_900n, 100n, { reversesTransactionId: 'tx-1' })
    expect(await judged([paid, refund], 10_000n)).toEqual({ audit: [], stream: [] })
    expect(await judged([paid, refund], 9_900n)).toMatchObject({
      audit: ['balance.reconciliation -100'],
    })
  })

  test('counts likewise where what failed took nothing, or does not say what it took', async () => {
    for (const balances of [
      { balanceAfterMinor: 9_900n },
      { balanceBeforeMinor: null, balanceAfterMinor: null },
    ]) {
      const failed = { ...charged, ...balances }
      const rows = [paid, failed, row(3, 9_900n, 450n, reverses)]
      expect(await judged(rows, 10_350n)).toEqual({ audit: [], stream: [] })
    }
  })
})

test('an account with more charged failures than are kept is not reconciled', async () => {
  const failures = Array.from({ length: 1_001 }, (_, index) =>
    row(index + 2, 9_900n, -1n, { status: 'failed' }),
  )
  const ledger = createMemoryLedgerRepository({
    transactions: [paid, ...failures],
    balances: [
      {
        accountId: 'card-7',
        currency: 'EUR',
        checkpointMinor: 10_000n,
        balanceMinor: 9_900n,
        eventTime: OPENS_AT,
      },
    ],
  })
  const { summary } = await detectBalanceDiscrepancies({ ledger })
  expect(summary.rules['balance.reconciliation'].notEvaluable).toEqual({ 'charge-forgotten': 1 })
})
