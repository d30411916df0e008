import { createMetrics } from '@assay/core'
import { createTestClock } from '@assay/core/testing'
import { describe, expect, test } from 'vitest'

import type { LedgerRepository } from '../ledger/ledger-repository.ts'
import {
  createMemoryLedgerRepository,
  type MemoryLedger,
} from '../ledger/memory-ledger-repository.ts'
import { createMonitoredLedger, OPENS_AT, payment } from '../testing/monitored-ledger.ts'
import { createMonitor } from './create-monitor.ts'
import { createMemoryEventSource } from './memory-event-source.ts'
import { createMemoryMonitorStore } from './memory-monitor-store.ts'

const RULE = 'balance.reconciliation'

/** A ledger that may change between two snapshots. */
function ledgerOf(contents: () => MemoryLedger): LedgerRepository {
  return {
    readSnapshot: (...read) => createMemoryLedgerRepository(contents()).readSnapshot(...read),
  }
}

/** Two ledgers of their own, each with a `card-1` of 1,000, whose monitors share a store. */
function createRegions(tenantOf: (region: string) => string | undefined) {
  const clock = createTestClock({ now: OPENS_AT })
  const store = createMemoryMonitorStore()

  function createRegion(id: string) {
    const source = createMemoryEventSource({ id })
    let balanceMinor = 1_000n
    let count = 0
    const balance = { accountId: 'card-1', currency: 'EUR', eventTime: OPENS_AT }
    const ledger = ledgerOf(() => ({
      balances: [{ ...balance, checkpointMinor: 1_000n, balanceMinor }],
    }))
    const monitor = createMonitor({
      sources: [source],
      store,
      clock,
      owner: id,
      tenant: tenantOf(id),
      reconciliation: { ledger },
    })
    return async (missingMinor: bigint): Promise<void> => {
      balanceMinor = 1_000n - missingMinor
      count += 1
      const row = { accountId: 'card-1', amountMinor: 0n, eventTime: clock.now() }
      source.add([
        payment(`${id}-${count}`, { ...row, balanceBeforeMinor: null, balanceAfterMinor: null }),
      ])
      await clock.advance(15_000)
      await monitor.cycle()
    }
  }

  return {
    reconcileNorth: createRegion('north'),
    reconcileSouth: createRegion('south'),
    found: () =>
      store
        .findings()
        .filter(({ finding }) => finding.ruleId === RULE)
        .map(({ finding }) => `${finding.fingerprint} ${finding.action}`),
  }
}

describe.each([
  ['of two tenants', (region: string) => region],
  ['without a tenant', () => undefined],
])('two ledgers %s', (_, tenantOf) => {
  test('end no discrepancy of each other, though their accounts have the same name', async () => {
    const { reconcileNorth, reconcileSouth, found } = createRegions(tenantOf)
    const name = `${RULE}:${tenantOf('north') ?? ''}:card-1::-50`
    await reconcileNorth(50n)
    expect(found()).toEqual([`${name} open`])
    await reconcileSouth(0n)
    expect(found()).toEqual([`${name} open`])
    await reconcileNorth(0n)
    expect(found()).toEqual([`${name} resolve`])
  })
})

test('the same discrepancy of two tenants is two findings', async () => {
  const { reconcileNorth, reconcileSouth, found } = createRegions((region) => region)
  await reconcileNorth(50n)
  await reconcileSouth(50n)
  expect(found()).toEqual([`${RULE}:north:card-1::-50 open`, `${RULE}:south:card-1::-50 open`])
})

test('an own tenant of the reconciliation goes before that of the monitor', async () => {
  const { clock, source, store, monitor } = createMonitoredLedger(() => ({
    tenant: 'north',
    reconciliation: { ledger: wrongLedger(['card-7']), tenant: 'bank' },
  }))
  source.add([payment('tx-1')])
  await clock.advance(15_000)
  await monitor.cycle()
  const fingerprints = store.findings().map(({ finding }) => finding.fingerprint)
  expect(fingerprints).toContain(`${RULE}:bank:card-7::7`)
})

/** A ledger without transactions, in which each account holds 7 too much. */
function wrongLedger(accountIds: readonly string[]): LedgerRepository {
  const balance = { currency: 'EUR', checkpointMinor: 0n, balanceMinor: 7n, eventTime: OPENS_AT }
  return ledgerOf(() => ({ balances: accountIds.map((accountId) => ({ ...balance, accountId })) }))
}

test('gets through more accounts than a cycle has time for', async () => {
  const cards = Array.from({ length: 1_000 }, (_, n) => `card-${n}`)
  const { clock, source, found, run } = createMonitoredLedger((parts) => ({
    partitions: 1,
    reconciliation: {
      ledger: {
        async readSnapshot(work, options) {
          await parts.clock.sleep((options.accountIds?.length ?? 0) * 50)
          return wrongLedger(cards).readSnapshot(work, options)
        },
      },
    },
  }))
  source.add(cards.map((accountId) => payment(`tx of ${accountId}`, { accountId })))
  const stop = run()
  for (let minute = 0; minute < 10; minute += 1) await clock.advance(60_000)
  expect(found().filter((each) => each.startsWith(RULE))).toHaveLength(cards.length)
  await Promise.all([stop(), clock.advance(60_000)])
})

test('counts what it read, and the accounts that it could and could not reconcile', async () => {
  const metrics = createMetrics()
  const { clock, source, monitor } = createMonitoredLedger(() => ({
    metrics,
    detectors: [],
    reconciliation: {
      ledger: ledgerOf(() => ({
        balances: [
          {
            accountId: 'card-1',
            currency: 'EUR',
            checkpointMinor: 0n,
            balanceMinor: 0n,
            eventTime: OPENS_AT,
          },
        ],
        transactions: [payment('tx-2', { accountId: 'card-2' })],
      })),
    },
  }))
  // The third is not in the ledger at all.
  const ids = ['card-1', 'card-2', 'card-3']
  source.add(ids.map((accountId) => payment(`tx of ${accountId}`, { accountId })))
  await clock.advance(15_000)
  await monitor.cycle()
  const values = metrics
    .collect()
    .flatMap((family) =>
      family.type === 'histogram'
        ? []
        : family.series.map(({ labels, value }) =>
            [family.name, ...Object.values(labels), value].join(' '),
          ),
    )
  expect(values).toEqual(
    expect.arrayContaining([
      'monitor_events_read_total ledger/reconciliation 3',
      'monitor_evaluated_total balance.reconciliation 1',
      'monitor_not_evaluable_total balance.reconciliation account-balance-missing 2',
    ]),
  )
})
