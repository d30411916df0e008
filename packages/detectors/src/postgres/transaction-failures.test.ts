import { migrate, type SqlClient } from '@assay/core'
import { fromPglite, fromPgPool, migrations as coreMigrations } from '@assay/core/postgres'
import { createSeededRandom } from '@assay/core/testing'
import { describeEachDatabase } from '@assay/test-servers'
import { beforeAll, expect, test } from 'vitest'

import type { AccountEvent } from '../detector/account-event.ts'
import type { Finding } from '../detector/finding.ts'
import { type LedgerTransaction, parseLedgerTransaction } from '../ledger/ledger-entry.ts'
import { createMemoryLedgerRepository } from '../ledger/memory-ledger-repository.ts'
import { detectTransactionFailures } from '../transaction-failures/detect-transaction-failures.ts'
import { readFailureRateConfig } from '../transaction-failures/failure-rate-config.ts'
import { failureRateDetector } from '../transaction-failures/failure-rate-detector.ts'
import { readTransactionFailureConfig } from '../transaction-failures/transaction-failure-config.ts'
import { transactionFailureDetector } from '../transaction-failures/transaction-failure-detector.ts'
import { migrations } from './migrations.ts'
import { createPostgresLedgerRepository } from './postgres-ledger-repository.ts'

const adapters = { fromPglite, fromPgPool }
const options = { failureRate: { windowMs: 60_000 } }

describeEachDatabase<SqlClient>('transaction failures in PostgreSQL', adapters, (client) => {
  beforeAll(async () => {
    await migrate(client(), [...coreMigrations, ...migrations])
  })

  test('are those that the reducer finds in events, and the function in memory', async () => {
    const transactions = badDay(4_000)
    const ledger = createPostgresLedgerRepository(client(), { source: 'bad-day' })
    await ledger.addTransactions(transactions)

    const expected = sorted(findInEvents(transactions))
    expect(new Set(expected.map(({ action, ruleId }) => `${action} ${ruleId}`)).size).toBe(9)

    const memory = createMemoryLedgerRepository({ transactions })
    expect(sorted((await detectTransactionFailures({ ledger: memory }, options)).findings)).toEqual(
      expected,
    )
    for (const batchSize of [333, 1_000]) {
      const { findings } = await detectTransactionFailures({ ledger }, { ...options, batchSize })
      expect(sorted(findings)).toEqual(expected)
    }
  })

  test('are found by accounts alone when only those are read that have one', async () => {
    // Every second account has no failure.
    const transactions = badDay(1_000, 8).filter(
      ({ accountId, status }) => Number(accountId.at(-1)) % 2 === 1 || status !== 'failed',
    )
    const ledger = createPostgresLedgerRepository(client(), { source: 'failed-only' })
    await ledger.addTransactions(transactions)
    const memory = createMemoryLedgerRepository({ transactions })
    const [actual, expected] = await Promise.all(
      [ledger, memory].map((each) =>
        detectTransactionFailures({ ledger: each }, { failureRate: false }),
      ),
    )
    expect(sorted(actual!.findings)).toEqual(sorted(expected!.findings))
    expect(actual!.findings.length).toBeGreaterThan(20)
    expect([actual!.summary.accounts, expected!.summary.accounts]).toEqual([10, 20])
  })
})

/** Traffic of 20 accounts, with stretches in which much fails. */
function badDay(count: number, seed = 7): LedgerTransaction[] {
  const random = createSeededRandom(seed)
  const chance = (probability: number): boolean => random() < probability
  const failed: { readonly accountId: string; readonly transactionId: string }[] = []
  return Array.from({ length: count }, (_, n): LedgerTransaction => {
    const failureShare = n % 1_000 < 200 ? 0.5 : 0.01
    const status = chance(failureShare) ? 'failed' : chance(0.05) ? 'pending' : 'completed'
    const reversed = status === 'completed' && chance(0.5) ? failed.shift() : undefined
    const accountId = reversed?.accountId ?? `card-${Math.floor(random() * 20)}`
    const row = parseLedgerTransaction({
      transactionId: `tx-${n}`,
      accountId,
      status,
      amountMinor: reversed === undefined ? -450n : 450n,
      balanceBeforeMinor: 1_000n,
      balanceAfterMinor: chance(0.2) ? 550n : chance(0.1) ? 1_100n : 1_000n,
      currency: 'EUR',
      eventTime: 1_749_895_200_000 + n * 300 + Math.floor(random() * 100),
      sequence: n,
      requestId: chance(0.5) ? `request-${n % 7}` : null,
      reversesTransactionId: reversed?.transactionId ?? null,
    })
    if (!row.ok) throw new Error(row.reason)
    if (status === 'failed') failed.push(row.row)
    return row.row
  })
}

function findInEvents(transactions: readonly LedgerTransaction[]): Finding[] {
  const events = transactions.map((row): AccountEvent => ({ kind: 'transaction', ...row }))
  const watermark = Number.POSITIVE_INFINITY
  const config = readTransactionFailureConfig()
  const ofAccounts = [...Map.groupBy(events, ({ accountId }) => accountId)].map(([key, ofKey]) =>
    transactionFailureDetector.step(transactionFailureDetector.init(key), ofKey, {
      watermark,
      config,
    }),
  )
  const ofSystem = failureRateDetector.step(failureRateDetector.init('system'), events, {
    watermark,
    config: readFailureRateConfig(options.failureRate),
  })
  return [...ofAccounts, ofSystem].flatMap(({ findings }): readonly Finding[] => findings)
}

function sorted(findings: readonly Finding[]): Finding[] {
  const keyOf = ({ fingerprint, eventTime, action }: Finding): string =>
    `${fingerprint} ${eventTime} ${action}`
  return findings.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}
