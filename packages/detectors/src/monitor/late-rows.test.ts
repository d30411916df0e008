import { createMetrics } from '@assay/core'
import { createTestClock } from '@assay/core/testing'
import { describe, expect, test } from 'vitest'

import type { AccountEventInput } from '../detector/account-event.ts'
import { createMonitor } from './create-monitor.ts'
import { createMonitoredDetectors } from './create-monitored-detectors.ts'
import type { EventSource } from './event-source.ts'
import { createMemoryEventSource } from './memory-event-source.ts'
import { createMemoryMonitorStore } from './memory-monitor-store.ts'
import type { MonitorOptions } from './monitor-options.ts'

const opensAt = 1_749_895_200_000
const MINUTE_MS = 60_000

type Payment = Extract<AccountEventInput, { kind: 'transaction' }>

function payment(transactionId: string, more: Partial<Payment> = {}): Payment {
  return {
    kind: 'transaction',
    transactionId,
    accountId: `card of ${transactionId}`,
    status: 'completed',
    amountMinor: -450n,
    currency: 'EUR',
    eventTime: opensAt,
    ...more,
  }
}

/** One payment a second. */
function payments(count: number, more: Partial<Payment> = {}): Payment[] {
  return Array.from({ length: count }, (_, n) =>
    payment(`tx-${n}`, { eventTime: opensAt + n * 1_000, ...more }),
  )
}

function decided(rows: readonly Payment[], failed: number): Payment[] {
  return rows.map((row, n) => ({ ...row, status: n < failed ? 'failed' : 'completed' }))
}

function createWorld(options: Partial<MonitorOptions> = {}) {
  const clock = createTestClock({ now: opensAt })
  const source = createMemoryEventSource({ id: 'ledger' })
  const store = createMemoryMonitorStore()
  const metrics = createMetrics()
  const again = (owner: string, changed: Partial<MonitorOptions> = {}) =>
    createMonitor({ sources: [source], store, clock, metrics, owner, ...options, ...changed })
  const total = (name: string): number =>
    metrics
      .collect()
      .filter((family) => family.name === name)
      .flatMap((family) => (family.type === 'histogram' ? [] : family.series))
      .reduce((sum, { value }) => sum + value, 0)
  return { clock, source, store, monitor: again('one'), again, total }
}

type Store = ReturnType<typeof createMemoryMonitorStore>

function found(store: Store, ruleId: string) {
  return store
    .findings()
    .map(({ finding }) => finding)
    .filter((finding) => finding.ruleId === ruleId)
}

describe('the failure rate', () => {
  const RULE = 'transactions.failure-rate'

  test('counts what is decided long after it was pending', async () => {
    const { clock, source, store, monitor } = createWorld()
    const rows = payments(60)
    source.add(rows.map((row) => ({ ...row, status: 'pending' as const })))
    await clock.advance(3 * MINUTE_MS)
    await monitor.cycle()
    expect(found(store, RULE)).toEqual([])

    source.add(decided(rows, 30))
    await monitor.cycle()
    expect(found(store, RULE)).toMatchObject([{ subject: 'system' }])
  })

  test('counts it once, though it comes again to a monitor that takes over', async () => {
    const detectors = createMonitoredDetectors({ failureRate: { peakStepBps: 1 } })
    const { clock, source, store, monitor, again } = createWorld({ detectors })
    const rows = payments(60)
    source.add(rows.map((row) => ({ ...row, status: 'pending' as const })))
    await clock.advance(3 * MINUTE_MS)
    await monitor.cycle()
    // The successes first, so that the last failure makes the highest rate.
    const late = decided(rows, 30).toReversed()
    source.add([...late, ...late])
    await monitor.cycle()
    await monitor.close()
    source.add(late)
    await again('two').cycle()
    expect(found(store, RULE)[0]?.evidence).toMatchObject({ failed: 30, total: 60 })
    expect(store.setAside()).toEqual([])
  })

  test('sets aside what comes when its window has passed', async () => {
    const { clock, source, store, monitor, total } = createWorld()
    const rows = payments(60)
    source.add(rows.map((row) => ({ ...row, status: 'pending' as const })))
    await clock.advance(20 * MINUTE_MS)
    source.add([payment('tx-now', { eventTime: clock.now() })])
    await clock.advance(MINUTE_MS)
    await monitor.cycle()
    source.add(decided(rows, 60))
    await monitor.cycle()
    expect(found(store, RULE)).toEqual([])
    const aside = store.setAside().filter(({ reason }) => reason.startsWith('late'))
    expect(aside).toHaveLength(60)
    expect(total('monitor_not_rejudged_total')).toBe(60)
  })
})

describe('a pending transaction', () => {
  test('makes its own decision not late, however long that takes', async () => {
    const { clock, source, store, monitor, total } = createWorld({ rejudgedMax: 1 })
    const row = payment('tx-1', { balanceBeforeMinor: 2_000n, balanceAfterMinor: 1_550n })
    source.add([payment('tx-0', { accountId: row.accountId, eventTime: opensAt - 1_000 })])
    source.add([{ ...row, status: 'pending' }])
    await clock.advance(MINUTE_MS)
    await monitor.cycle()
    source.add([{ ...row, status: 'failed' }])
    await clock.advance(MINUTE_MS)
    await monitor.cycle()
    expect(found(store, 'transactions.charged-on-failure')).toHaveLength(1)
    expect(total('monitor_late_events_total')).toBe(0)
    expect(store.setAside()).toEqual([])
  })
})

describe('an account with too long a history', () => {
  const RULE = 'account.not-rejudged'
  const accountId = 'card-7'

  test('is a finding when something comes late, until it can be judged as a whole', async () => {
    const { clock, source, store, monitor, again } = createWorld({ rejudgedMax: 3 })
    source.add(payments(3, { accountId }))
    await clock.advance(MINUTE_MS)
    await monitor.cycle()
    expect(found(store, RULE)).toEqual([])

    source.add([payment('late-1', { accountId, eventTime: opensAt + 500 })])
    await monitor.cycle()
    expect(found(store, RULE)).toMatchObject([
      {
        severity: 'medium',
        action: 'open',
        subject: accountId,
        transactionIds: ['late-1'],
        evidence: { lateEvents: 1, rejudgedMax: 3 },
      },
    ])

    source.add([payment('late-2', { accountId, eventTime: opensAt + 1_500 })])
    await monitor.cycle()
    expect(found(store, RULE)).toMatchObject([{ action: 'update', transactionIds: ['late-2'] }])

    await monitor.close()
    source.add([payment('late-3', { accountId, eventTime: opensAt + 1_600 })])
    await again('two', { rejudgedMax: 100 }).cycle()
    expect(found(store, RULE)).toMatchObject([{ action: 'resolve' }])
  })
})

describe('a host that keeps rows for a while only', () => {
  const accountId = 'card-7'

  /** Of each account only what came after a moment is left. */
  function createPruned() {
    const world = createWorld()
    let keptFrom = 0
    const pruned: EventSource = {
      id: world.source.id,
      read: (request) => world.source.read(request),
      async readAccounts(request) {
        const histories = await world.source.readAccounts(request)
        return histories.map(({ accountId: id, rows }) => ({
          accountId: id,
          rows: (rows as readonly Payment[]).filter(({ eventTime }) => eventTime >= keptFrom),
        }))
      },
    }
    const open = (): string[] =>
      world.store
        .findings()
        .filter(({ ending }) => ending === null)
        .map(({ finding }) => finding.ruleId)
    return {
      ...world,
      open,
      monitor: world.again('one', { sources: [pruned] }),
      pruneBefore: (moment: number): void => {
        keptFrom = moment
      },
    }
  }

  const booked = (n: number, before: bigint, more: Partial<Payment> = {}): Payment =>
    payment(`tx-${n}`, {
      accountId,
      sequence: BigInt(n),
      eventTime: opensAt + n * MINUTE_MS,
      balanceBeforeMinor: before,
      balanceAfterMinor: before - 450n,
      ...more,
    })

  test('has a finding about rows that are gone stay open when something comes late', async () => {
    const { clock, source, monitor, open, pruneBefore } = createPruned()
    source.add([booked(1, 5_000n, { balanceAfterMinor: 9_000n }), booked(20, 9_000n)])
    await clock.advance(30 * MINUTE_MS)
    await monitor.cycle()
    expect(open()).toEqual(['balance.arithmetic'])

    pruneBefore(opensAt + 10 * MINUTE_MS)
    source.add([payment('tx-late', { accountId, eventTime: opensAt + 15 * MINUTE_MS })])
    await clock.advance(MINUTE_MS)
    await monitor.cycle()
    expect(open()).toEqual(['balance.arithmetic'])
  })

  test('has one stay open whose first row is left, and the one before it gone', async () => {
    const { clock, source, monitor, open, pruneBefore } = createPruned()
    source.add([booked(1, 5_000n), booked(20, 5_000n), booked(25, 4_550n)])
    await clock.advance(30 * MINUTE_MS)
    await monitor.cycle()
    expect(open()).toEqual(['balance.continuity'])

    pruneBefore(opensAt + 10 * MINUTE_MS)
    source.add([payment('tx-late', { accountId, eventTime: opensAt + 21 * MINUTE_MS })])
    await clock.advance(MINUTE_MS)
    await monitor.cycle()
    expect(open()).toEqual(['balance.continuity'])
  })

  test('has one stay open that began with rows that are gone, and has grown since', async () => {
    const { clock, source, monitor, open, pruneBefore } = createPruned()
    const failed = (id: string, second: number): Payment =>
      payment(id, { accountId, status: 'failed', eventTime: opensAt + second * 1_000 })
    source.add([580, 590, 595, 610].map((second, n) => failed(`tx-${n}`, second)))
    await clock.advance(11 * MINUTE_MS)
    await monitor.cycle()
    expect(open()).toEqual(['transactions.consecutive-failures'])

    pruneBefore(opensAt + 10 * MINUTE_MS)
    source.add([failed('tx-late', 605)])
    await clock.advance(15_000)
    await monitor.cycle()
    expect(open()).toEqual(['transactions.consecutive-failures'])
  })
})

describe('a backlog', () => {
  test('is judged in order though one event in it is stamped far ahead', async () => {
    const { clock, source, store, monitor, total } = createWorld({ batchSize: 100 })
    await clock.advance(24 * 60 * MINUTE_MS)
    const rows = payments(2_000)
    const outage = decided(rows.slice(1_500), 500)
    source.add([
      ...rows.slice(0, 50),
      payment('tx-ahead', { eventTime: opensAt + 12 * 60 * MINUTE_MS }),
      ...rows.slice(50, 1_500),
      ...outage,
    ])
    await monitor.cycle()
    expect(found(store, 'transactions.failure-rate')).toHaveLength(1)
    expect(total('monitor_late_events_total')).toBe(0)
  })
})

describe('many accounts with late rows on one page', () => {
  const accounts = Array.from({ length: 200 }, (_, n) => `card-${n}`)
  const failures = (name: string, at: number): Payment[] =>
    accounts.map((accountId) =>
      payment(`${name} ${accountId}`, { accountId, status: 'failed', eventTime: opensAt + at }),
    )

  /** A source whose histories take time to read: so much a call, and so much an event. */
  async function watchSlowly({ callMs = 0, rowMs = 0 }): Promise<Store> {
    const { clock, source, store, again } = createWorld()
    const slow: EventSource = {
      id: source.id,
      read: (request) => source.read(request),
      async readAccounts(request) {
        const histories = await source.readAccounts(request)
        const rows = histories.reduce((sum, each) => sum + each.rows.length, 0)
        await clock.sleep(callMs + rows * rowMs, { signal: request.signal })
        return histories
      },
    }
    const monitor = again('slow', { sources: [slow] })
    const stopping = new AbortController()
    source.add([...failures('first', 0), ...failures('third', 20_000)])
    await clock.advance(MINUTE_MS)
    const running = monitor.run({ signal: stopping.signal })
    await clock.advance(MINUTE_MS)
    source.add(failures('second', 10_000))
    for (let minute = 0; minute < 10; minute += 1) await clock.advance(MINUTE_MS)
    stopping.abort()
    await Promise.all([running, clock.advance(MINUTE_MS)])
    return store
  }

  test('are read together', async () => {
    const store = await watchSlowly({ callMs: 1_000 })
    expect(found(store, 'transactions.consecutive-failures')).toHaveLength(accounts.length)
  })

  test('are judged a few at a time when all of them take longer than a cycle may', async () => {
    const store = await watchSlowly({ rowMs: 300 })
    expect(found(store, 'transactions.consecutive-failures')).toHaveLength(accounts.length)
  })
})
