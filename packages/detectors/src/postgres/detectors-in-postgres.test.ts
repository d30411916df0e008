import { migrate, type SqlClient } from '@assay/core'
import { fromPglite, fromPgPool, migrations as coreMigrations } from '@assay/core/postgres'
import { createSeededRandom } from '@assay/core/testing'
import { describeEachDatabase } from '@assay/test-servers'
import { beforeAll, expect, test } from 'vitest'

import type { AccountEvent } from '../detector/account-event.ts'
import { detectDuplicateScans } from '../duplicate-scans/detect-duplicate-scans.ts'
import { readDuplicateScanConfig } from '../duplicate-scans/duplicate-scan-config.ts'
import { duplicateScanDetector } from '../duplicate-scans/duplicate-scan-detector.ts'
import {
  type LedgerTransaction,
  parseAccountBalance,
  parseLedgerTransaction,
  type ParseRowResult,
} from '../ledger/ledger-entry.ts'
import { createMemoryLedgerRepository } from '../ledger/memory-ledger-repository.ts'
import { detectRaceConditions } from '../race-conditions/detect-race-conditions.ts'
import { readRaceConditionConfig } from '../race-conditions/race-condition-config.ts'
import { raceConditionDetector } from '../race-conditions/race-condition-detector.ts'
import { createMemoryScanRepository } from '../scans/memory-scan-repository.ts'
import { parseScan, type Scan } from '../scans/scan.ts'
import { measureSystemHealth } from '../system-health/measure-system-health.ts'
import { findInOrder, sortFindings } from '../testing/deliver-events.ts'
import { migrations } from './migrations.ts'
import { createPostgresLedgerRepository } from './postgres-ledger-repository.ts'
import { createPostgresScanRepository } from './postgres-scan-repository.ts'

const AT = 1_749_895_200_000
const adapters = { fromPglite, fromPgPool }

describeEachDatabase<SqlClient>('detectors over PostgreSQL', adapters, (client) => {
  beforeAll(async () => {
    await migrate(client(), [...coreMigrations, ...migrations])
  })

  test.each([{}, { farEnd: 'exclusive' }, { grouping: 'two-minutes' }] as const)(
    'find the duplicate scans that the reducer finds, with %o',
    async (options) => {
      const rows = busyScans(3_000)
      const source = `scans ${JSON.stringify(options)}`
      const scans = createPostgresScanRepository(client(), { source })
      await scans.addScans(rows)
      const events = rows.map((scan): AccountEvent => ({ kind: 'scan', ...scan }))
      const config = readDuplicateScanConfig(options)
      const expected = findInOrder(duplicateScanDetector, config, events)
      expect(expected.length).toBeGreaterThan(50)

      const memory = createMemoryScanRepository(rows)
      for (const repository of [memory, scans]) {
        const report = await detectDuplicateScans(
          { scans: repository },
          { ...options, batchSize: 333 },
        )
        expect(sortFindings(report.findings)).toEqual(expected)
      }
      // Cards without two scans close together are not even read.
      const { summary } = await detectDuplicateScans({ scans }, options)
      expect(summary.accounts).toBeLessThan(150)
    },
  )

  test.each([{}, { grouping: 'calendar-seconds' }] as const)(
    'find the races that the reducer finds, with %o',
    async (options) => {
      const transactions = busyLedger(3_000)
      const source = `races ${JSON.stringify(options)}`
      const ledger = createPostgresLedgerRepository(client(), { source })
      await ledger.addTransactions(transactions)
      const events = transactions.map((row): AccountEvent => ({ kind: 'transaction', ...row }))
      const config = readRaceConditionConfig(options)
      const expected = findInOrder(raceConditionDetector, config, events)
      expect(expected.length).toBeGreaterThan(20)
      expect(new Set(expected.map(({ confidence }) => confidence)).size).toBe(4)

      const memory = createMemoryLedgerRepository({ transactions })
      for (const repository of [memory, ledger]) {
        const report = await detectRaceConditions(
          { ledger: repository },
          { ...options, batchSize: 333 },
        )
        expect(sortFindings(report.findings)).toEqual(expected)
      }
      const { summary } = await detectRaceConditions({ ledger }, options)
      expect(summary.accounts).toBeLessThan(150)
    },
  )

  test('measure the health that is measured in memory', async () => {
    const transactions = busyLedger(2_000)
    const balances = Array.from({ length: 150 }, (_, n) =>
      rowOf(
        parseAccountBalance({
          accountId: `card-${n}`,
          currency: 'EUR',
          balanceMinor: BigInt(n - 10) * 100n,
          checkpointMinor: 0n,
          eventTime: AT,
        }),
      ),
    )
    const ledger = createPostgresLedgerRepository(client(), { source: 'health' })
    await ledger.addTransactions(transactions)
    await ledger.setBalances(balances)
    const memory = createMemoryLedgerRepository({ transactions, balances })
    const window = { fromMs: AT + 60_000, toMs: AT + 600_000 }
    const expected = await measureSystemHealth({ ledger: memory }, window)
    expect(expected).toMatchObject({ status: 'degraded', accounts: { total: 150, negative: 10 } })
    expect(await measureSystemHealth({ ledger }, { ...window, batchSize: 333 })).toEqual(expected)
  })
})

function busyScans(count: number): Scan[] {
  const random = createSeededRandom(7)
  return Array.from({ length: count }, (_, n) =>
    rowOf(
      parseScan({
        scanId: `scan-${n}`,
        accountId: cardOf(random),
        terminalId: random() < 0.1 ? null : `bar-${Math.floor(random() * 5)}`,
        eventTime: AT + n * 1_000 + Math.floor(random() * 10) * 1_000,
      }),
    ),
  )
}

function busyLedger(count: number): LedgerTransaction[] {
  const random = createSeededRandom(11)
  return Array.from({ length: count }, (_, n) =>
    rowOf(
      parseLedgerTransaction({
        transactionId: `tx-${n}`,
        accountId: cardOf(random),
        status: ['completed', 'completed', 'failed', 'pending', 'cancelled'][
          Math.floor(random() * 5)
        ],
        amountMinor: BigInt(Math.floor(random() * 3) - 1),
        balanceBeforeMinor: BigInt(Math.floor(random() * 3)),
        currency: 'EUR',
        eventTime: AT + n * 300 + Math.floor(random() * 10) * 100,
        sequence: random() < 0.5 ? n : null,
        requestId: random() < 0.3 ? `request-${n % 5}` : null,
        processingMs: random() < 0.5 ? Math.floor(random() * 3_000) : null,
      }),
    ),
  )
}

/** A few busy cards, and many that come once in a while. */
function cardOf(random: () => number): string {
  return `card-${random() < 0.5 ? Math.floor(random() * 10) : Math.floor(random() * 140) + 10}`
}

function rowOf<Row>(parsed: ParseRowResult<Row>): Row {
  if (!parsed.ok) throw new Error(parsed.reason)
  return parsed.row
}
