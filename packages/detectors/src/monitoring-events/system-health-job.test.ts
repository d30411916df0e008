import { expect, test } from 'vitest'

import type { LedgerTransactionInput } from '../ledger/ledger-entry.ts'
import { createMemoryLedgerRepository } from '../ledger/memory-ledger-repository.ts'
import { createMemoryMonitorStore } from '../monitor/memory-monitor-store.ts'
import { createMemoryMonitoringRepository } from './memory-monitoring-repository.ts'
import { createSystemHealthJob } from './system-health-job.ts'

const now = 1_749_895_200_000

function payment(index: number, status: 'completed' | 'failed'): LedgerTransactionInput {
  return {
    transactionId: `tx-${index}`,
    accountId: 'card-7',
    status,
    amountMinor: -100n,
    currency: 'EUR',
    eventTime: now - index * 1_000,
    processingMs: index,
  }
}

function createWorld(statuses: readonly ('completed' | 'failed')[]) {
  const transactions = statuses.map((status, index) => payment(index, status))
  const ledger = createMemoryLedgerRepository({ transactions })
  const store = createMemoryMonitorStore()
  const repository = createMemoryMonitoringRepository(store)
  return { store, repository, job: createSystemHealthJob({ ledger, store, repository }) }
}

const context = { signal: new AbortController().signal, now }

test('keeps the figures of the last hour', async () => {
  const { repository, job } = createWorld([
    ...Array.from({ length: 99 }, () => 'completed' as const),
    'failed',
  ])
  await job.run(context)
  expect((await repository.listHealth(1))[0]).toMatchObject({
    takenAt: now,
    status: 'healthy',
    totalTransactionsLastHour: 100,
    failedTransactionsLastHour: 1,
    successRateBps: 9_900,
    processingP95Ms: 94,
  })
})

test('tells of events as of the same moment', async () => {
  const { repository, job } = createWorld(['completed'])
  const figures = { openEvents: 2, criticalEventsLastHour: 1 }
  const asked: number[] = []
  repository.readEventFigures = async (moment) => {
    asked.push(moment)
    return figures
  }
  await job.run(context)
  expect(asked).toEqual([now])
  expect((await repository.listHealth(1))[0]).toMatchObject({ takenAt: now, ...figures })
})

test('notes a finding while the system is degraded, and ends one that an earlier process opened', async () => {
  const bad = createWorld(Array.from({ length: 100 }, () => 'failed' as const))
  await bad.job.run(context)
  expect(bad.store.findings().map(({ finding }) => [finding.ruleId, finding.action])).toEqual([
    ['system.health', 'open'],
  ])

  const ledger = createMemoryLedgerRepository({
    transactions: Array.from({ length: 100 }, (_, index) => payment(index, 'completed')),
  })
  const { store, repository } = bad
  await createSystemHealthJob({ ledger, store, repository }).run({ ...context, now: now + 300_000 })
  expect(bad.store.findings()[0]?.finding.action).toBe('resolve')
})

test('ends nothing while there is too little traffic to tell', async () => {
  const { store, repository, job } = createWorld(
    Array.from({ length: 100 }, () => 'failed' as const),
  )
  await job.run(context)
  const ledger = createMemoryLedgerRepository()
  await createSystemHealthJob({ ledger, store, repository }).run({ ...context, now: now + 300_000 })
  expect((await repository.listHealth(1))[0]?.status).toBe('unknown')
  expect(store.findings().map(({ finding }) => finding.action)).toEqual(['open'])
})

/** Payments of the moment before `at`; none of them is in another such window. */
function paymentsUntil(at: number, status: 'completed' | 'failed'): LedgerTransactionInput[] {
  return Array.from({ length: 100 }, (_, index) => ({
    ...payment(index, status),
    transactionId: `${at}-${index}`,
    eventTime: at - index,
  }))
}

/** Runs the job of processes that each live for one run, two hours apart, over one store. */
function createRestarts() {
  const store = createMemoryMonitorStore()
  const repository = createMemoryMonitoringRepository(store)
  let runs = 0
  return {
    store,
    repository,
    async run(status: 'completed' | 'failed') {
      runs += 1
      const at = now + runs * 2 * 3_600_000
      const ledger = createMemoryLedgerRepository({ transactions: paymentsUntil(at, status) })
      await createSystemHealthJob({ ledger, store, repository }).run({ ...context, now: at })
    },
    async update(status: 'acknowledged' | 'resolved') {
      const { eventId } = store.events().at(-1)!
      await repository.updateEvent({ eventId, status, by: 'ops', notes: null, now })
    },
    actions: () => store.findings().map(({ finding }) => finding.action),
  }
}

test('tells of one episode once, whichever process goes on with it', async () => {
  const world = createRestarts()
  await world.run('failed')
  await world.run('failed')
  expect(world.actions()).toEqual(['update'])
  await world.update('acknowledged')
  await world.run('failed')
  expect(world.actions()).toEqual(['update'])
  await world.run('completed')
  expect(world.actions()).toEqual(['resolve'])
})

test('keeps quiet about what a person ended for as long as it holds, whichever process looks', async () => {
  const world = createRestarts()
  await world.run('failed')
  await world.update('resolved')
  await world.run('failed')
  await world.run('failed')
  expect(world.actions()).toEqual(['resolve'])
})

test('tells anew of what a person ended once it was over and begins again', async () => {
  const world = createRestarts()
  await world.run('failed')
  await world.update('resolved')
  await world.run('completed')
  await world.run('failed')
  expect(world.actions()).toEqual(['resolve', 'open'])
})
