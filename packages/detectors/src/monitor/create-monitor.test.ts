import { createAlertManager, createMetrics } from '@assay/core'
import { createRecordingChannel, createTestClock, faulty } from '@assay/core/testing'
import { expect, test } from 'vitest'

import type { AccountEventInput } from '../detector/account-event.ts'
import type { LedgerRepository } from '../ledger/ledger-repository.ts'
import {
  createMemoryLedgerRepository,
  type MemoryLedger,
} from '../ledger/memory-ledger-repository.ts'
import { createMonitoredLedger, OPENS_AT, payment } from '../testing/monitored-ledger.ts'
import { createMonitor } from './create-monitor.ts'

test('finds a charge on a failure once its lateness has passed, and not again', async () => {
  const { clock, source, store, monitor, found } = createMonitoredLedger()
  source.add([payment('tx-1', { status: 'failed' })])
  await monitor.cycle()
  expect(found()).toEqual([])

  await clock.advance(10_001)
  await monitor.cycle()
  expect(found()).toEqual(['transactions.charged-on-failure card-7 open'])
  await monitor.cycle()
  expect(store.findings()[0]?.revision).toBe(1)
})

test('runs by itself: critical findings are there 30 seconds after the commit', async () => {
  const { clock, source, found, run } = createMonitoredLedger()
  const stop = run()
  await clock.advance(60_000)
  source.add([payment('tx-1', { status: 'failed', eventTime: clock.now() })])
  await clock.advance(30_000)
  expect(found()).toEqual(['transactions.charged-on-failure card-7 open'])
  await stop()
})

test('sets aside what does not parse and what comes from the future, and judges the rest', async () => {
  const { clock, source, store, monitor, found } = createMonitoredLedger()
  source.add([
    { ...payment('tx-0'), status: 'refunded' } as unknown as AccountEventInput,
    payment('tx-1', { status: 'failed' }),
    payment('tx-2', { eventTime: OPENS_AT + 600_000 }),
  ])
  await clock.advance(10_001)
  await monitor.cycle()
  expect(found()).toEqual(['transactions.charged-on-failure card-7 open'])
  expect(store.setAside().map(({ reason }) => reason.replace(/:.*/, ''))).toContain('status')
  expect(store.setAside().map(({ reason }) => reason)).toContain('eventTime: lies in the future')
  expect(JSON.parse(store.setAside()[0]!.row)).toMatchObject({ status: 'refunded' })
})

test('judges an account anew when an event comes too late for its place', async () => {
  const { clock, source, monitor, found } = createMonitoredLedger()
  source.add([1, 2, 3].map((n) => failure(n, OPENS_AT + n * 10_000)))
  await clock.advance(60_000)
  await monitor.cycle()
  expect(found()).toEqual(['transactions.consecutive-failures card-7 open'])

  // Between the second and the third failure there was a payment, which a terminal sends only now.
  source.add([payment('tx-late', { eventTime: OPENS_AT + 25_000 })])
  await clock.advance(15_000)
  await monitor.cycle()
  expect(found()).toEqual(['transactions.consecutive-failures card-7 resolve'])
})

function failure(n: number, eventTime: number): AccountEventInput {
  const balances = { balanceBeforeMinor: 2_000n, balanceAfterMinor: 2_000n }
  return payment(`tx-${n}`, { status: 'failed', eventTime, ...balances })
}

test('keeps late events of an account whose history is too long to judge it anew', async () => {
  const { clock, source, store, monitor } = createMonitoredLedger(() => ({ rejudgedMax: 2 }))
  source.add([1, 2, 3].map((n) => failure(n, OPENS_AT + n * 10_000)))
  await clock.advance(60_000)
  await monitor.cycle()
  source.add([payment('tx-late', { eventTime: OPENS_AT + 25_000 })])
  await monitor.cycle()
  expect(store.setAside().map(({ reason }) => reason)).toContain(
    'late, and the account has more than 2 events to judge anew',
  )
})

/** A ledger that is read as the rows and balances are at that moment. */
function ledgerOf(contents: () => MemoryLedger): LedgerRepository {
  return {
    readSnapshot: (...read) => createMemoryLedgerRepository(contents()).readSnapshot(...read),
  }
}

const moved = payment('tx-1')
const movedNext = payment('tx-2', {
  eventTime: OPENS_AT + 10_000,
  balanceBeforeMinor: 1_550n,
  balanceAfterMinor: 1_100n,
})
const began = {
  accountId: 'card-7',
  currency: 'EUR',
  checkpointMinor: 2_000n,
  eventTime: OPENS_AT,
}

test('reconciles the accounts on which something has happened, and ends what is put right', async () => {
  let contents: MemoryLedger = {
    transactions: [moved],
    balances: [{ ...began, balanceMinor: 1_500n }],
  }
  const { clock, source, monitor, found } = createMonitoredLedger(() => ({
    reconciliation: { ledger: ledgerOf(() => contents) },
  }))
  source.add([moved])
  await monitor.cycle()
  expect(found()).toEqual(['balance.reconciliation card-7 open'])

  contents = {
    transactions: [moved, movedNext],
    balances: [{ ...began, balanceMinor: 1_100n }],
  }
  source.add([movedNext])
  await clock.advance(15_000)
  await monitor.cycle()
  expect(found()).toEqual(['balance.reconciliation card-7 resolve'])
})

test('ends no discrepancy while the account cannot be reconciled', async () => {
  let balances = [{ ...began, balanceMinor: 1_000n }]
  const { clock, source, monitor, found } = createMonitoredLedger(() => ({
    reconciliation: { ledger: ledgerOf(() => ({ transactions: [moved], balances })) },
  }))
  source.add([moved])
  await monitor.cycle()
  expect(found()).toEqual(['balance.reconciliation card-7 open'])

  balances = []
  source.add([movedNext])
  await clock.advance(15_000)
  await monitor.cycle()
  expect(found()).toEqual(['balance.reconciliation card-7 open'])
})

test('goes on telling others when one cannot be told, and tells none of them twice', async () => {
  const told: string[] = []
  const alerts = {
    fire: async (alert: { readonly labels: Readonly<Record<string, string>> }) => {
      const name = alert.labels['finding'] ?? ''
      if (name.includes('tx-1')) throw new Error('It cannot be told.')
      told.push(name)
      return { outcome: 'accepted' as const, fingerprint: name }
    },
    resolve: async () => ({ outcome: 'resolved' as const, fingerprint: '' }),
  }
  const { clock, source, monitor } = createMonitoredLedger(() => ({ alerts }))
  source.add(
    ['tx-1', 'tx-2', 'tx-3'].map((id, index) =>
      payment(id, { status: 'failed', accountId: `card-${index}` }),
    ),
  )
  await clock.advance(10_001)
  await monitor.cycle()
  await monitor.cycle()
  expect(told.length).toBe(2)
})

test('hands findings to the alert manager, again when that failed, and ends them there', async () => {
  const clock = createTestClock({ now: OPENS_AT })
  const team = createRecordingChannel()
  const manager = createAlertManager({
    policy: {
      route: { receiver: 'team', groupWaitMs: 0, groupBy: ['finding'], groupIntervalMs: 1 },
    },
    channels: { team },
    clock,
  })
  const alerts = faulty(manager, ({ method, nth }) =>
    method === 'fire' && nth === 1 ? { kind: 'fail' } : undefined,
  )
  const { source, monitor } = createMonitoredLedger(() => ({ clock, alerts }))
  source.add([payment('tx-1', { status: 'failed' })])
  await clock.advance(10_001)
  await monitor.cycle()
  await monitor.cycle()
  await manager.tick()
  source.add([
    payment('tx-2', {
      amountMinor: 450n,
      balanceBeforeMinor: 1_550n,
      balanceAfterMinor: 2_000n,
      eventTime: clock.now(),
      reversesTransactionId: 'tx-1',
    }),
  ])
  await clock.advance(10_001)
  await monitor.cycle()
  await manager.tick()
  expect(team.notifications.map(({ reason, alerts: all }) => `${reason} ${all[0]?.name}`)).toEqual([
    'firing TransactionsChargedOnFailure',
    'resolved TransactionsChargedOnFailure',
  ])
})

test('says that a source is silent, and that it speaks again', async () => {
  const { clock, source, monitor, found } = createMonitoredLedger(() => ({
    silenceAfterMs: 60_000,
  }))
  source.add([payment('tx-1')])
  await monitor.cycle()
  await clock.advance(60_001)
  await monitor.cycle()
  expect(found()).toEqual(['source.silent ledger open'])
  source.add([
    payment('tx-2', {
      eventTime: clock.now(),
      balanceBeforeMinor: 1_550n,
      balanceAfterMinor: 1_100n,
    }),
  ])
  await monitor.cycle()
  expect(found()).toEqual(['source.silent ledger resolve'])
})

test('opens the circuit of a source that throws, tells once, and goes on when it is well', async () => {
  let isWell = false
  const { clock, source, monitor, found } = createMonitoredLedger((parts) => ({
    sources: [faulty(parts.source, () => (isWell ? undefined : { kind: 'fail' }))],
  }))
  source.add([payment('tx-1', { status: 'failed' })])
  await clock.advance(20_000)
  for (let round = 0; round < 5; round += 1) await monitor.cycle().catch(() => {})
  expect((await monitor.status()).sources).toEqual([{ id: 'ledger', circuit: 'open' }])
  expect(found()).toEqual(['source.failing ledger open'])

  isWell = true
  for (let round = 0; round < 3; round += 1) {
    await clock.advance(60_000)
    await monitor.cycle().catch(() => {})
  }
  expect(found()).toEqual([
    'source.failing ledger resolve',
    'transactions.charged-on-failure card-7 open',
  ])
})

test('shares the accounts with another monitor, and takes over from one that is gone', async () => {
  const { clock, source, store, monitor } = createMonitoredLedger()
  const other = createMonitor({ sources: [source], store, clock, owner: 'two' })
  await monitor.cycle()
  await other.cycle()
  await monitor.cycle()
  await other.cycle()
  const ownersOf = async (): Promise<string[]> => {
    const { partitions } = await monitor.status()
    return partitions.filter(({ pass }) => pass.endsWith(' 4')).map(({ owner }) => owner ?? '')
  }
  expect((await ownersOf()).toSorted()).toEqual(['one', 'one', 'two', 'two'])

  await clock.advance(30_001)
  await other.cycle()
  expect(new Set(await ownersOf())).toEqual(new Set(['two']))
})

test('gives its partitions back when it is closed', async () => {
  const { store, monitor } = createMonitoredLedger()
  await monitor.cycle()
  await monitor.close()
  expect((await store.listPositions()).map(({ owner }) => owner)).not.toContain('one')
})

test('counts what was read, judged and passed over, and how far behind it is', async () => {
  const metrics = createMetrics()
  const { clock, source, monitor } = createMonitoredLedger(() => ({ metrics }))
  source.add([payment('tx-1'), payment('tx-2', { accountId: 'card-8', balanceAfterMinor: null })])
  await clock.advance(60_000)
  await monitor.cycle()
  const values = Object.fromEntries(
    metrics
      .collect()
      .flatMap((family) =>
        family.type === 'histogram'
          ? []
          : family.series.map(({ labels, value }) => [
              [family.name, ...Object.values(labels)].join(' '),
              value,
            ]),
      ),
  )
  expect(values).toMatchObject({
    'monitor_events_read_total ledger/account-every-15000': 2,
    'monitor_evaluated_total balance.arithmetic': 1,
    'monitor_not_evaluable_total balance.arithmetic balance-missing': 1,
    'monitor_lag_seconds ledger/account-every-15000': 10.001,
  })
})

test('tells as partitions only what is read, whatever else is leased', async () => {
  const { clock, store, monitor, run } = createMonitoredLedger(() => ({
    alerts: createAlertManager({
      policy: { route: { receiver: 'team' } },
      channels: { team: createRecordingChannel() },
    }),
    jobs: [{ name: 'refresh', everyMs: 60_000, run: async () => {} }],
  }))
  await store.note({ findings: [], rejudged: [], now: clock.now() })
  const stop = run()
  await clock.advance(60_000)
  const { partitions } = await monitor.status()
  expect(partitions.length).toBe(4 + 1)
  expect(partitions.every(({ pass }) => pass.startsWith('ledger '))).toBe(true)
  await stop()
})

test('counts a page once, though the store lost it the first time', async () => {
  const metrics = createMetrics()
  const { clock, source, monitor } = createMonitoredLedger((parts) => ({
    metrics,
    partitions: 1,
    store: faulty(parts.store, ({ method, nth }) =>
      method === 'commit' && nth <= 2 ? { kind: 'fail' } : undefined,
    ),
  }))
  source.add([payment('tx-1'), payment('tx-2', { balanceBeforeMinor: 1_550n })])
  await clock.advance(60_000)
  await expect(monitor.cycle()).rejects.toMatchObject({ name: 'InjectedFaultError' })
  await monitor.cycle()
  const read = metrics.collect().find(({ name }) => name === 'monitor_events_read_total')
  expect(read?.series).toMatchObject([
    { labels: { pass: 'ledger/account-every-15000' }, value: 2 },
    { labels: { pass: 'ledger/system-every-15000' }, value: 2 },
  ])
})
