import type { Clock } from '@assay/core'
import { type Fault, faulty } from '@assay/core/testing'
import { describe, expect, test } from 'vitest'

import { createMonitoredLedger, payment } from '../testing/monitored-ledger.ts'
import { createMonitor } from './create-monitor.ts'
import type { FindingAlerts } from './tell-findings.ts'

const CHARGED = 'transactions.charged-on-failure card-7 open'

/** A ledger whose source counts how often it is read. */
function createCountedLedger({ lagsByMs = 0 }: { readonly lagsByMs?: number } = {}) {
  let reads = 0
  const ledger = createMonitoredLedger(({ source }) => ({
    mode: 'continuous',
    sources: [
      {
        ...source,
        async read(request) {
          reads += 1
          const page = await source.read(request)
          return { ...page, completeUpTo: page.completeUpTo - lagsByMs }
        },
      },
    ],
  }))
  return {
    ...ledger,
    readsWithin: async (ms: number) => {
      const before = reads
      await ledger.clock.advance(ms)
      return reads - before
    },
  }
}

/** A ledger whose source meets a fault in one of its methods. */
function createFaultyLedger(faultyMethod: string, fault: (clock: Clock) => Fault) {
  return createMonitoredLedger(({ source, clock }) => ({
    mode: 'continuous',
    sources: [faulty(source, ({ method }) => (method === faultyMethod ? fault(clock) : undefined))],
  }))
}

/** Of 4 partitions with the rules on accounts and one with the failure rate, every 15 seconds. */
const PLANNED_READS_A_MINUTE = 4 * (4 + 1)
/** What one run of the rules on accounts reads, where no page is full. */
const READS_A_RUN = 4

describe('read rate in continuous mode', () => {
  test('is that of polling while nothing happens', async () => {
    const { run, readsWithin } = createCountedLedger()
    const stop = run()
    await readsWithin(60_000)
    expect(await readsWithin(60_000)).toBe(PLANNED_READS_A_MINUTE)
    await stop()
  })

  test('rises by two runs for a payment: one at the news, one once its lateness has passed', async () => {
    const { run, source, clock, readsWithin } = createCountedLedger()
    const stop = run()
    await readsWithin(61_000)
    source.add([payment('tx-1', { eventTime: clock.now() })])
    expect(await readsWithin(5_000)).toBe(2 * READS_A_RUN)
    await stop()
  })

  test('is that of polling while a card could fail again for minutes', async () => {
    const { run, source, clock, readsWithin } = createCountedLedger()
    const stop = run()
    const failed = { status: 'failed', balanceAfterMinor: 2_000n } as const
    const ids = ['tx-1', 'tx-2', 'tx-3']
    source.add(ids.map((id, n) => payment(id, { ...failed, eventTime: clock.now() + n })))
    await readsWithin(60_000)
    expect(await readsWithin(60_000)).toBe(PLANNED_READS_A_MINUTE)
    await stop()
  })

  test('is at most ten runs a second, however many events there are', async () => {
    const { run, source, clock, readsWithin } = createCountedLedger()
    const stop = run()
    let reads = 0
    for (let index = 0; index < 1_000; index += 1) {
      const accountId = `card-${index % 50}`
      source.add([payment(`tx-${index}`, { accountId, eventTime: clock.now() })])
      reads += await readsWithin(10)
    }
    expect(reads).toBeLessThanOrEqual(10 * 10 * READS_A_RUN + PLANNED_READS_A_MINUTE)
    await readsWithin(2_000)
    expect(await readsWithin(60_000)).toBe(PLANNED_READS_A_MINUTE)
    await stop()
  })

  test('is four runs a second while a source is behind with what it can tell', async () => {
    const { run, source, clock, readsWithin } = createCountedLedger({ lagsByMs: 30_000 })
    const stop = run()
    await readsWithin(61_000)
    source.add([payment('tx-1', { eventTime: clock.now() })])
    await readsWithin(2_000)
    const reads = await readsWithin(10_000)
    expect(reads).toBeLessThanOrEqual(4 * 10 * READS_A_RUN + PLANNED_READS_A_MINUTE)
    await stop()
  })
})

test('tells of an event just as soon where two monitors share the accounts', async () => {
  const delays: number[] = []
  const { clock, source, store, run } = createMonitoredLedger((parts) => ({
    mode: 'continuous',
    alerts: createTimedAlerts(parts.clock),
  }))
  function createTimedAlerts(timer: Clock): FindingAlerts {
    return {
      async fire({ startsAt }) {
        delays.push(timer.now() - (startsAt ?? 0))
        return { outcome: 'accepted', fingerprint: '' }
      },
      resolve: async () => ({ outcome: 'resolved', fingerprint: '' }),
    }
  }
  const stopping = new AbortController()
  const other = createMonitor({
    sources: [source],
    store,
    clock,
    owner: 'two',
    mode: 'continuous',
    alerts: createTimedAlerts(clock),
  })
  const stop = run()
  const running = other.run({ signal: stopping.signal })
  await clock.advance(60_000)
  for (let index = 0; index < 40; index += 1) {
    const accountId = `card-${index}`
    source.add([payment(`tx-${index}`, { status: 'failed', accountId, eventTime: clock.now() })])
    await clock.advance(3_000)
  }
  expect(delays.length).toBe(40)
  expect(Math.max(...delays)).toBeLessThanOrEqual(1_200)
  stopping.abort()
  await Promise.all([stop(), running])
})

test('judges an event as soon as its lateness has passed', async () => {
  const { clock, source, found, run } = createMonitoredLedger(() => ({ mode: 'continuous' }))
  const stop = run()
  await clock.advance(20_000)
  source.add([payment('tx-1', { status: 'failed', eventTime: clock.now() })])
  await clock.advance(1_000)
  expect(found()).toEqual([])
  await clock.advance(1)
  expect(found()).toEqual([CHARGED])
  await stop()
})

test('reads once more after a run during which there was news', async () => {
  const slow = (clock: Clock): Fault => ({ kind: 'delay', ms: 500, clock })
  const { clock, source, found, run } = createFaultyLedger('read', slow)
  const stop = run()
  await clock.advance(20_000)
  source.add([payment('tx-1', { status: 'failed', eventTime: clock.now() })])
  await clock.advance(499)
  // The run under way may have passed its place already.
  const later = { accountId: 'card-8', eventTime: clock.now() }
  source.add([payment('tx-2', { status: 'failed', ...later })])
  await clock.advance(3_000)
  expect(found()).toEqual([CHARGED, 'transactions.charged-on-failure card-8 open'])
  await stop()
})

describe('a source is polled', () => {
  test.each(['fail', 'drop'] as const)('whose watch meets a %s', async (kind) => {
    const { clock, source, found, run } = createFaultyLedger('watch', () => ({ kind }))
    const stop = run()
    source.add([payment('tx-1', { status: 'failed' })])
    await clock.advance(60_000)
    expect(found()).toEqual([CHARGED])
    await stop()
  })
})

test('reads what came before a source could be heard', async () => {
  const slow = (clock: Clock): Fault => ({ kind: 'delay', ms: 2_000, clock })
  const { clock, source, found, run } = createFaultyLedger('watch', slow)
  const stop = run()
  await clock.advance(1_000)
  source.add([payment('tx-1', { status: 'failed', eventTime: clock.now() })])
  await clock.advance(1_500)
  expect(found()).toEqual([CHARGED])
  await stop()
})

test('ends a watch that begins only after the run has ended', async () => {
  const slow = (clock: Clock): Fault => ({ kind: 'delay', ms: 2_000, clock })
  const { clock, source, store, run } = createFaultyLedger('watch', slow)
  await run()()
  await clock.advance(2_000)
  source.add([payment('tx-1', { status: 'failed' })])
  await clock.advance(60_000)
  expect(store.findings()).toEqual([])
  expect(clock.pending).toBe(0)
})

test('sets no timer into the past, while time passes as it is read', async () => {
  const delays: number[] = []
  const { clock, source, run } = createMonitoredLedger((parts) => {
    let passedMs = 0
    return {
      mode: 'continuous',
      clock: {
        ...parts.clock,
        monotonic: () => parts.clock.monotonic() + (passedMs += 0.001),
        setTimer(callback, ms) {
          delays.push(ms)
          return parts.clock.setTimer(callback, ms)
        },
      },
    }
  })
  const stop = run()
  await clock.advance(1_000)
  source.add([payment('tx-1', { eventTime: clock.now() })])
  await clock.advance(5_000)
  await stop()
  expect(Math.min(...delays)).toBe(0)
})

test('sets no timer that outlives its run', async () => {
  const { clock, source, run, monitor } = createMonitoredLedger(() => ({
    mode: 'continuous',
  }))
  const stop = run()
  source.add([payment('tx-1', { status: 'failed' })])
  await clock.advance(500)
  await stop()
  source.add([payment('tx-2', { status: 'failed' })])
  await monitor.close()
  expect(clock.pending).toBe(0)
})
