import { createAlertManager, createMetrics } from '@assay/core'
import { createRecordingChannel, createTestClock, faulty } from '@assay/core/testing'
import { expect, test } from 'vitest'

import type { AccountEventInput } from '../detector/account-event.ts'
import { createMemoryLedgerRepository } from '../ledger/memory-ledger-repository.ts'
import { createMonitor } from './create-monitor.ts'
import { createMemoryEventSource } from './memory-event-source.ts'
import { createMemoryMonitorStore } from './memory-monitor-store.ts'
import type { MonitorOptions } from './monitor-options.ts'

const opensAt = 1_749_895_200_000

function payment(
  transactionId: string,
  more: Partial<Extract<AccountEventInput, { kind: 'transaction' }>> = {},
): AccountEventInput {
  return {
    kind: 'transaction',
    transactionId,
    accountId: 'card-7',
    status: 'completed',
    amountMinor: -450n,
    balanceBeforeMinor: 2_000n,
    balanceAfterMinor: 1_550n,
    currency: 'EUR',
    eventTime: opensAt,
    ...more,
  }
}

function createWorld(options: Partial<MonitorOptions> = {}) {
  const clock = createTestClock({ now: opensAt })
  const source = createMemoryEventSource({ id: 'ledger' })
  const store = createMemoryMonitorStore()
  const monitor = createMonitor({ sources: [source], store, clock, owner: 'one', ...options })
  return { clock, source, store, monitor }
}

function found(store: ReturnType<typeof createMemoryMonitorStore>): string[] {
  return store
    .findings()
    .map(({ finding }) => `${finding.ruleId} ${finding.subject} ${finding.action}`)
    .toSorted()
}

test('finds a charge on a failure once its lateness has passed, and not again', async () => {
  const { clock, source, store, monitor } = createWorld()
  source.add([payment('tx-1', { status: 'failed' })])
  await monitor.cycle()
  expect(found(store)).toEqual([])

  await clock.advance(10_001)
  await monitor.cycle()
  expect(found(store)).toEqual(['transactions.charged-on-failure card-7 open'])
  await monitor.cycle()
  expect(store.findings()[0]?.revision).toBe(1)
})

test('runs by itself: critical findings are there 30 seconds after the commit', async () => {
  const { clock, source, store, monitor } = createWorld()
  const stopping = new AbortController()
  const running = monitor.run({ signal: stopping.signal })
  await clock.advance(60_000)
  source.add([payment('tx-1', { status: 'failed', eventTime: clock.now() })])
  await clock.advance(30_000)
  expect(found(store)).toEqual(['transactions.charged-on-failure card-7 open'])
  stopping.abort()
  await running
})

test('judges news at once in continuous mode, within the lateness and a quarter of it', async () => {
  const { clock, source, store, monitor } = createWorld({ mode: 'continuous' })
  const stopping = new AbortController()
  const running = monitor.run({ signal: stopping.signal })
  await clock.advance(20_000)
  source.add([payment('tx-1', { status: 'failed', eventTime: clock.now() })])
  await clock.advance(1_300)
  expect(found(store)).toEqual(['transactions.charged-on-failure card-7 open'])
  stopping.abort()
  await running
})

test('polls a source that cannot tell its news', async () => {
  const clock = createTestClock({ now: opensAt })
  const well = createMemoryEventSource({ id: 'ledger' })
  const source = faulty(well, ({ method }) => (method === 'watch' ? { kind: 'fail' } : undefined))
  const { store, monitor } = createWorld({ sources: [source], clock, mode: 'continuous' })
  const stopping = new AbortController()
  const running = monitor.run({ signal: stopping.signal })
  well.add([payment('tx-1', { status: 'failed' })])
  await clock.advance(60_000)
  expect(found(store)).toEqual(['transactions.charged-on-failure card-7 open'])
  stopping.abort()
  await running
})

test('sets aside what does not parse and what comes from the future, and judges the rest', async () => {
  const { clock, source, store, monitor } = createWorld()
  source.add([
    { ...payment('tx-0'), status: 'refunded' } as unknown as AccountEventInput,
    payment('tx-1', { status: 'failed' }),
    payment('tx-2', { eventTime: opensAt + 600_000 }),
  ])
  await clock.advance(10_001)
  await monitor.cycle()
  expect(found(store)).toEqual(['transactions.charged-on-failure card-7 open'])
  expect(store.setAside().map(({ reason }) => reason.replace(/:.*/, ''))).toContain('status')
  expect(store.setAside().map(({ reason }) => reason)).toContain('eventTime: lies in the future')
  expect(JSON.parse(store.setAside()[0]!.row)).toMatchObject({ status: 'refunded' })
})

test('judges an account anew when an event comes too late for its place', async () => {
  const { clock, source, store, monitor } = createWorld()
  source.add([1, 2, 3].map((n) => failure(n, opensAt + n * 10_000)))
  await clock.advance(60_000)
  await monitor.cycle()
  expect(found(store)).toEqual(['transactions.consecutive-failures card-7 open'])

  // Between the second and the third failure there was a payment, which a terminal sends only now.
  source.add([payment('tx-late', { eventTime: opensAt + 25_000 })])
  await clock.advance(15_000)
  await monitor.cycle()
  expect(found(store)).toEqual(['transactions.consecutive-failures card-7 resolve'])
})

function failure(n: number, eventTime: number): AccountEventInput {
  const balances = { balanceBeforeMinor: 2_000n, balanceAfterMinor: 2_000n }
  return payment(`tx-${n}`, { status: 'failed', eventTime, ...balances })
}

test('keeps late events of an account whose history is too long to judge it anew', async () => {
  const { clock, source, store, monitor } = createWorld({ rejudgedMax: 2 })
  source.add([1, 2, 3].map((n) => failure(n, opensAt + n * 10_000)))
  await clock.advance(60_000)
  await monitor.cycle()
  source.add([payment('tx-late', { eventTime: opensAt + 25_000 })])
  await monitor.cycle()
  expect(store.setAside().map(({ reason }) => reason)).toContain(
    'late, and the account has more than 2 events to judge anew',
  )
})

test('reconciles the accounts on which something has happened, and ends what is put right', async () => {
  const rows = [payment('tx-1')]
  const balance = {
    accountId: 'card-7',
    currency: 'EUR',
    checkpointMinor: 2_000n,
    eventTime: opensAt,
  }
  let balanceMinor = 1_500n
  const ledger = {
    readSnapshot: (
      ...args: Parameters<ReturnType<typeof createMemoryLedgerRepository>['readSnapshot']>
    ) =>
      createMemoryLedgerRepository({
        transactions: rows as never,
        balances: [{ ...balance, balanceMinor }],
      }).readSnapshot(...args),
  } as ReturnType<typeof createMemoryLedgerRepository>
  const { clock, source, store, monitor } = createWorld({ reconciliation: { ledger } })
  source.add(rows)
  await monitor.cycle()
  expect(found(store)).toEqual(['balance.reconciliation card-7 open'])

  balanceMinor = 1_100n
  const balances = { balanceBeforeMinor: 1_550n, balanceAfterMinor: 1_100n }
  const next = payment('tx-2', { eventTime: opensAt + 10_000, ...balances })
  rows.push(next)
  source.add([next])
  await clock.advance(15_000)
  await monitor.cycle()
  expect(found(store)).toEqual(['balance.reconciliation card-7 resolve'])
})

test('ends no discrepancy while the account cannot be reconciled', async () => {
  const rows = [payment('tx-1')]
  const balance = {
    accountId: 'card-7',
    currency: 'EUR',
    checkpointMinor: 2_000n,
    balanceMinor: 1_000n,
    eventTime: opensAt,
  }
  let balances = [balance]
  const ledger = {
    readSnapshot: (
      ...args: Parameters<ReturnType<typeof createMemoryLedgerRepository>['readSnapshot']>
    ) =>
      createMemoryLedgerRepository({ transactions: rows as never, balances }).readSnapshot(...args),
  } as ReturnType<typeof createMemoryLedgerRepository>
  const { clock, source, store, monitor } = createWorld({ reconciliation: { ledger } })
  source.add(rows)
  await monitor.cycle()
  expect(found(store)).toEqual(['balance.reconciliation card-7 open'])

  balances = []
  source.add([
    payment('tx-2', {
      eventTime: opensAt + 10_000,
      balanceBeforeMinor: 1_550n,
      balanceAfterMinor: 1_100n,
    }),
  ])
  await clock.advance(15_000)
  await monitor.cycle()
  expect(found(store)).toEqual(['balance.reconciliation card-7 open'])
})

test('goes on telling others when one cannot be told, and tells none of them twice', async () => {
  const { clock, source, store } = createWorld()
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
  const monitor = createMonitor({ sources: [source], store, clock, alerts, owner: 'one' })
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
  const clock = createTestClock({ now: opensAt })
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
  const source = createMemoryEventSource()
  const store = createMemoryMonitorStore()
  const monitor = createMonitor({ sources: [source], store, clock, alerts })
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
  const { clock, source, store, monitor } = createWorld({ silenceAfterMs: 60_000 })
  source.add([payment('tx-1')])
  await monitor.cycle()
  await clock.advance(60_001)
  await monitor.cycle()
  expect(found(store)).toEqual(['source.silent ledger open'])
  source.add([
    payment('tx-2', {
      eventTime: clock.now(),
      balanceBeforeMinor: 1_550n,
      balanceAfterMinor: 1_100n,
    }),
  ])
  await monitor.cycle()
  expect(found(store)).toEqual(['source.silent ledger resolve'])
})

test('opens the circuit of a source that throws, tells once, and goes on when it is well', async () => {
  const clock = createTestClock({ now: opensAt })
  const well = createMemoryEventSource({ id: 'ledger' })
  let isWell = false
  const source = faulty(well, () => (isWell ? undefined : { kind: 'fail' }))
  const store = createMemoryMonitorStore()
  const monitor = createMonitor({ sources: [source], store, clock, owner: 'one' })
  well.add([payment('tx-1', { status: 'failed' })])
  await clock.advance(20_000)
  for (let round = 0; round < 5; round += 1) await monitor.cycle().catch(() => {})
  expect((await monitor.status()).sources).toEqual([{ id: 'ledger', circuit: 'open' }])
  expect(found(store)).toEqual(['source.failing ledger open'])

  isWell = true
  for (let round = 0; round < 3; round += 1) {
    await clock.advance(60_000)
    await monitor.cycle().catch(() => {})
  }
  expect(found(store)).toEqual([
    'source.failing ledger resolve',
    'transactions.charged-on-failure card-7 open',
  ])
})

test('shares the accounts with another monitor, and takes over from one that is gone', async () => {
  const { clock, source, store, monitor } = createWorld()
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
  const { store, monitor } = createWorld()
  await monitor.cycle()
  await monitor.close()
  expect((await store.listPositions()).map(({ owner }) => owner)).not.toContain('one')
})

test('counts what was read, judged and passed over, and how far behind it is', async () => {
  const metrics = createMetrics()
  const { clock, source, monitor } = createWorld({ metrics })
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
