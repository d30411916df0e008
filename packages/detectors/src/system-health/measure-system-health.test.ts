import { describe, expect, test, vi } from 'vitest'

import type { RejectedRow } from '../detector/detect-over-accounts.ts'
import type {
  AccountBalanceInput,
  LedgerEntryInput,
  LedgerTransactionInput,
} from '../ledger/ledger-entry.ts'
import { createMemoryLedgerRepository } from '../ledger/memory-ledger-repository.ts'
import { measureSystemHealth, type MeasureSystemHealthOptions } from './measure-system-health.ts'
import type { SystemHealth } from './system-health.ts'

const FROM = 1_749_891_600_000
const TO = 1_749_895_200_000

describe('the figures', () => {
  test('count by status, in a window that is inclusive at both ends', async () => {
    const { transactions } = await measure([
      row('before', { eventTime: FROM - 1 }),
      row('first', { eventTime: FROM }),
      row('f', { status: 'failed' }),
      row('p', { status: 'pending' }),
      row('c', { status: 'cancelled' }),
      row('last', { eventTime: TO }),
      row('after', { eventTime: TO + 1 }),
    ])
    expect(transactions).toEqual({ completed: 2, failed: 1, pending: 1, cancelled: 1, total: 5 })
  })

  test('give the share of those that completed or failed which completed', async () => {
    const rows = [
      row('a'),
      row('b'),
      row('c'),
      row('d', { status: 'failed' }),
      row('e', { status: 'pending' }),
    ]
    expect((await measure(rows)).successRate).toBe(0.75)
    expect((await measure([row('e', { status: 'pending' })])).successRate).toBeNull()
  })

  test('give percentiles by nearest rank of those that completed or failed', async () => {
    const rows = Array.from({ length: 100 }, (_, n) =>
      row(`tx-${n}`, { processingMs: n + 1, status: n % 2 === 0 ? 'completed' : 'failed' }),
    )
    const ignored = [row('p', { status: 'pending', processingMs: 9_999 }), row('unknown')]
    const { processing } = await measure([...rows, ...ignored])
    expect(processing).toEqual({ samples: 100, p50Ms: 50, p95Ms: 95, p99Ms: 99, relativeError: 0 })
    expect((await measure(ignored)).processing).toBeNull()
  })

  test('give percentiles within 1 % beyond the bound of samples', async () => {
    const rows = Array.from({ length: 101 }, (_, n) => row(`tx-${n}`, { processingMs: 1_000 + n }))
    const exact = await measure(rows, { samplesMax: 101 })
    const approximate = await measure(rows, { samplesMax: 100 })
    expect([exact.processing?.relativeError, approximate.processing?.relativeError]).toEqual([
      0, 0.01,
    ])
    expect(approximate.processing!.p95Ms / exact.processing!.p95Ms).toBeCloseTo(1, 1)
    expect(approximate.processing!.p95Ms).not.toBe(exact.processing!.p95Ms)
  })

  test('sum what completed transactions moved by currency, refunds included', async () => {
    const { moved } = await measure([
      row('paid', { amountMinor: -450n }),
      row('refund', { amountMinor: 200n, reversesTransactionId: 'paid' }),
      row('failed', { amountMinor: -9n, status: 'failed' }),
      row('dollars', { accountId: 'card-8', amountMinor: 2n ** 70n, currency: 'USD' }),
    ])
    expect(moved).toEqual([
      { currency: 'EUR', amountMinor: -250n },
      { currency: 'USD', amountMinor: 2n ** 70n },
    ])
  })

  test('count accounts below zero, and include them in what all hold', async () => {
    const { accounts } = await measure([], {}, [
      balance('a', 500n),
      balance('b', -200n),
      balance('c', 0n),
      { ...balance('d', -1n), currency: 'USD', overdraftLimitMinor: 10n },
    ])
    expect(accounts).toEqual({
      total: 4,
      negative: 2,
      held: [
        { currency: 'EUR', amountMinor: 300n },
        { currency: 'USD', amountMinor: -1n },
      ],
    })
  })

  test('count a transaction once: as decided, once it was', async () => {
    const rows = [
      row('a', { status: 'pending' }),
      row('a', { status: 'failed' }),
      row('a', { status: 'failed' }),
      row('b'),
      row('b', { status: 'pending' }),
      row('a', { accountId: 'card-8' }),
    ]
    expect((await measure(rows)).transactions).toMatchObject({
      completed: 2,
      failed: 1,
      pending: 0,
    })
  })

  test('are the same in any batches', async () => {
    const rows = Array.from({ length: 30 }, (_, n) =>
      row(`tx-${n % 20}`, { accountId: `card-${n % 3}`, processingMs: n, amountMinor: BigInt(n) }),
    )
    const whole = await measure(rows)
    for (const batchSize of [1, 7]) expect(await measure(rows, { batchSize })).toEqual(whole)
  })

  test('leave out rows that do not parse, and say how many', async () => {
    const onRejected = vi.fn<(rejected: RejectedRow) => void>()
    const broken = { ...row('b'), amountMinor: 'ten' }
    const { rejected, transactions } = await measure([row('a'), broken], { onRejected })
    expect([rejected, transactions.total]).toEqual([1, 1])
    expect(onRejected).toHaveBeenCalledWith({
      row: { ...broken, kind: 'transaction' },
      reason: expect.stringContaining('amountMinor'),
    })
  })

  test('tell apart a bounded number of currencies, and say what was left', async () => {
    const rows = Array.from({ length: 1_002 }, (_, n) =>
      row('tx', { accountId: `card-${n}`, currency: `C${n}` }),
    )
    const { moved, left, transactions } = await measure(rows)
    expect([moved.length, left.currencies, transactions.completed]).toEqual([1_000, 2, 1_002])
  })

  test('remember a bounded number of transactions, and say for how many that did not do', async () => {
    const rows = Array.from({ length: 10_003 }, (_, n) => row(`tx-${n}`))
    const memory = createMemoryLedgerRepository({ transactions: rows })
    const window = { fromMs: FROM, toMs: TO }
    const health = await measureSystemHealth({ ledger: memory }, window)
    expect([health.left.unremembered, health.transactions.total]).toEqual([3, 10_003])
    const unique = { ...memory, hasUniqueIds: true }
    expect((await measureSystemHealth({ ledger: unique }, window)).left.unremembered).toBe(0)
  })
})

describe('the status', () => {
  test('is unknown when nothing was decided, and never a warning', async () => {
    for (const rows of [[], [row('p', { status: 'pending' })], [row('old', { eventTime: 0 })]]) {
      const { status, reasons, finding } = await measure(rows)
      expect([status, reasons, finding]).toEqual(['unknown', ['no-traffic'], null])
    }
  })

  test('is degraded when nothing was decided, for parity, where it is told to be', async () => {
    const { status, finding } = await measure([], { idleStatus: 'degraded' })
    expect([status, finding?.evidence['reasons']]).toEqual(['degraded', 'no-traffic'])
  })

  test.each([
    { failed: 4, completed: 96, status: 'healthy' },
    { failed: 5, completed: 95, status: 'healthy' },
    { failed: 6, completed: 95, status: 'degraded' },
  ])(
    'is $status when $failed failed and $completed did not',
    async ({ failed, completed, status }) => {
      const health = await measure([...failures(failed), ...completions(completed)])
      expect([health.status, health.reasons]).toEqual([
        status,
        status === 'healthy' ? [] : ['failures'],
      ])
    },
  )

  test.each([
    { processingMs: 4_999, status: 'healthy' },
    { processingMs: 5_000, status: 'healthy' },
    { processingMs: 5_001, status: 'degraded' },
  ])(
    'is $status when the 95th percentile is $processingMs ms',
    async ({ processingMs, status }) => {
      const health = await measure([row('a', { processingMs })])
      expect([health.status, health.reasons]).toEqual([
        status,
        status === 'healthy' ? [] : ['slow'],
      ])
    },
  )

  test.each([
    { sampleMin: 2, status: 'healthy' },
    { sampleMin: 3, status: 'unknown' },
  ])(
    'is $status after two transactions with a minimum of $sampleMin',
    async ({ sampleMin, status }) => {
      expect((await measure(completions(2), { sampleMin })).status).toBe(status)
    },
  )

  test('minds accounts below zero only where it is told to, also without traffic', async () => {
    const balances = [balance('a', -1n), balance('b', -1n)]
    expect((await measure(completions(1), {}, balances)).status).toBe('healthy')
    expect((await measure(completions(1), { negativeAbove: 2 }, balances)).status).toBe('healthy')
    expect(await measure([], { negativeAbove: 1 }, balances)).toMatchObject({
      status: 'degraded',
      reasons: ['no-traffic', 'negative-balances'],
    })
  })
})

describe('the finding', () => {
  const degraded = [...completions(2), row('f', { status: 'failed', eventTime: FROM + 5 })]

  test('opens with the first failure, whatever the order of reading', async () => {
    const rows = [row('later', { status: 'failed', eventTime: FROM + 9 }), ...degraded]
    const { finding } = await measure(rows, { tenant: 'acme' })
    expect(finding).toEqual({
      fingerprint: 'system.health:acme:system:card-7:f',
      ruleId: 'system.health',
      ruleVersion: 1,
      severity: 'low',
      action: 'open',
      subject: 'system',
      transactionIds: ['f'],
      eventTime: TO,
      confidence: 1,
      evidence: { reasons: 'failures', completed: 2, failed: 2, p95Ms: null, negativeAccounts: 0 },
    })
    expect((await measure(rows.toReversed(), { tenant: 'acme' })).finding).toEqual(finding)
  })

  test('is updated while it lasts, resolved when it is over, and left alone when nothing is known', async () => {
    const { finding: openFinding } = await measure(degraded)
    const { fingerprint } = openFinding!
    const worse = await measure(failures(3), { openFinding })
    expect(worse.finding).toMatchObject({ fingerprint, action: 'update' })
    const over = await measure(completions(1), { openFinding })
    expect(over.finding).toMatchObject({ fingerprint, action: 'resolve' })
    expect((await measure([], { openFinding })).finding).toBeNull()
    expect((await measure(completions(1))).finding).toBeNull()
  })
})

test.each([
  { fromMs: 0.5 },
  { fromMs: TO + 1 },
  { toMs: Number.NaN },
  { failuresAbove: { failed: 5, of: 5 } },
  { failuresAbove: { failed: -1, of: 5 } },
  { slowAboveMs: -1 },
  { negativeAbove: -1 },
  { sampleMin: 0 },
  { samplesMax: -1 },
  { idleStatus: 'healthy' as never },
  { batchSize: 0 },
])('refuses %o', async (options) => {
  await expect(measure([], options)).rejects.toMatchObject({ code: 'INVALID_OPTION' })
})

test('stops between two batches when it is told to', async () => {
  const abort = new AbortController()
  const ledger = {
    async readSnapshot<Result>(
      work: (batches: AsyncIterable<readonly LedgerEntryInput[]>) => Promise<Result>,
    ): Promise<Result> {
      async function* batches(): AsyncGenerator<readonly LedgerEntryInput[]> {
        yield []
        abort.abort(new Error('Enough.'))
        yield []
      }
      return work(batches())
    },
  }
  const window = { fromMs: FROM, toMs: TO, signal: abort.signal }
  await expect(measureSystemHealth({ ledger }, window)).rejects.toThrow('Enough.')
})

function measure(
  transactions: readonly LedgerTransactionInput[],
  options: Partial<MeasureSystemHealthOptions> = {},
  balances: readonly AccountBalanceInput[] = [],
): Promise<SystemHealth> {
  const ledger = createMemoryLedgerRepository({ transactions, balances })
  return measureSystemHealth({ ledger }, { fromMs: FROM, toMs: TO, ...options })
}

function completions(count: number): LedgerTransactionInput[] {
  return Array.from({ length: count }, (_, n) => row(`completed-${n}`))
}

function failures(count: number): LedgerTransactionInput[] {
  return Array.from({ length: count }, (_, n) => row(`failed-${n}`, { status: 'failed' }))
}

function row(
  transactionId: string,
  rest: Partial<LedgerTransactionInput> = {},
): LedgerTransactionInput {
  return {
    transactionId,
    accountId: 'card-7',
    status: 'completed',
    amountMinor: -1n,
    currency: 'EUR',
    eventTime: FROM + 1_000,
    ...rest,
  }
}

function balance(accountId: string, balanceMinor: bigint): AccountBalanceInput {
  return { accountId, currency: 'EUR', balanceMinor, checkpointMinor: 0n, eventTime: FROM }
}
