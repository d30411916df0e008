import { createCircuitBreaker } from '@assay/core'
import { type Fault, faulty, type PlannedCall, type TestClock } from '@assay/core/testing'
import { describe, expect, test } from 'vitest'

import { createMonitoredLedger, payment } from '../testing/monitored-ledger.ts'
import type { EventSource } from './event-source.ts'
import { createMemoryEventSource } from './memory-event-source.ts'

const CHARGED = 'transactions.charged-on-failure card-7 open'

/** What is read, or stored, while the first cycles run. */
const FIRST = 20_000
/** The next planned cycle after one that took 30 seconds. */
const NEXT = 60_000

describe('a cycle that takes 30 seconds', () => {
  test('has its read aborted, and the next one goes on', async () => {
    const aborted: unknown[] = []
    const hang: EventSource['read'] = ({ signal }) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => {
          aborted.push(signal.reason)
          reject(signal.reason as Error)
        })
      })
    let reads = 0
    const { clock, source, found, run } = createMonitoredLedger((parts) => ({
      partitions: 1,
      sources: [
        {
          ...parts.source,
          read: (request) => ((reads += 1) === 1 ? hang(request) : parts.source.read(request)),
        },
      ],
    }))
    const stop = run()
    source.add([payment('tx-1', { status: 'failed' })])
    await clock.advance(29_999)
    expect([aborted, found()]).toEqual([[], []])
    await clock.advance(1)
    expect(aborted).toEqual([expect.objectContaining({ code: 'JOB_TIMEOUT' })])
    await clock.advance(15_000)
    expect(found()).toEqual([CHARGED])
    await stop()
  })

  test('is waited for while it ends, so that the next one need not open every partition again', async () => {
    const opened: number[] = []
    const { clock, run } = createMonitoredLedger((parts) => ({
      partitions: 2,
      leaseMs: 120_000,
      store: {
        ...parts.store,
        open: (lease) => {
          if (lease.pass.endsWith(' 2')) opened.push(lease.partition)
          return parts.store.open(lease)
        },
      },
      sources: [
        {
          ...parts.source,
          async read(request) {
            // As a query that runs to its end though nobody waits for it any more.
            const isSlow = parts.clock.monotonic() === 0 && request.partition === 0
            if (isSlow) await parts.clock.sleep(30_500)
            return parts.source.read(request)
          },
        },
      ],
    }))
    const stop = run()
    await clock.advance(NEXT)
    expect(opened).toEqual([0, 1, 0])
    await stop()
  })

  test.each([
    ['a source', 'read'],
    ['a source that tells an account', 'readAccount'],
  ])('is left behind where %s does not heed the signal', async (_, method) => {
    let hangs = true
    const { clock, source, found, run } = createMonitoredLedger((parts) => ({
      sources: [
        faulty(parts.source, (call) => (hangs && call.method === method ? DROPPED : undefined)),
      ],
      // One that has no timeout of its own.
      breaker: ({ id }) => createCircuitBreaker({ name: id, clock: parts.clock }),
    }))
    const stop = run()
    source.add([payment('tx-1', { status: 'failed' })])
    await clock.advance(FIRST)
    // Too late for its place, so that the account is judged anew.
    source.add([payment('tx-0', { status: 'failed', eventTime: clock.now() - 60_000 })])
    await clock.advance(NEXT)
    hangs = false
    await clock.advance(NEXT)
    expect(found()).toContain(CHARGED)
    await stop()
  })

  test.each(['lease', 'open', 'commit', 'note', 'listPositions'])(
    'is left behind where the store does not answer `%s`',
    async (method) => {
      let hangs = true
      const isHung = (call: PlannedCall): boolean => hangs && call.method === method
      const { clock, source, found, run } = createMonitoredLedger(({ store }) => ({
        store: faulty(store, (call) => (isHung(call) ? DROPPED : undefined)),
      }))
      const stop = run()
      source.add([payment('tx-0', { status: 'failed', accountId: 'card-8' })])
      await clock.advance(FIRST)
      hangs = false
      source.add([payment('tx-1', { status: 'failed', eventTime: clock.now() })])
      await clock.advance(NEXT)
      expect(found()).toContain(CHARGED)
      await stop()
    },
  )

  test('finds nothing twice when what was left behind goes on after all', async () => {
    let isSlow = true
    const { clock, source, store, run } = createMonitoredLedger((parts) => ({
      store: faulty(parts.store, ({ method }) =>
        isSlow && method === 'commit'
          ? { kind: 'delay', ms: 45_000, clock: parts.clock }
          : undefined,
      ),
    }))
    const stop = run()
    source.add([payment('tx-1', { status: 'failed' })])
    await clock.advance(FIRST)
    isSlow = false
    await clock.advance(120_000)
    expect(store.findings().map(({ revision }) => revision)).toEqual([1])
    await stop()
  })

  test('counts as a failure of a source that hangs, and in the end opens its circuit', async () => {
    const { clock, found, run, monitor } = createMonitoredLedger(({ source }) => ({
      sources: [faulty(source, ({ method }) => (method === 'read' ? DROPPED : undefined))],
    }))
    const stop = run()
    await clock.advance(61_000)
    expect((await monitor.status()).sources).toEqual([{ id: 'ledger', circuit: 'open' }])
    expect(found()).toEqual(['source.failing ledger open'])
    await endWhile(clock, stop())
  })
})

const DROPPED: Fault = { kind: 'drop' }

/** What is under way has its 30 seconds also when it is told to end. */
async function endWhile(clock: TestClock, ending: Promise<void>): Promise<void> {
  await clock.advance(30_000)
  await ending
}

test('waits with a cycle that is asked for until the one under way has ended', async () => {
  let readers = 0
  let readersMax = 0
  const { clock, monitor } = createMonitoredLedger((parts) => ({
    partitions: 1,
    sources: [
      {
        ...parts.source,
        async read(request) {
          readersMax = Math.max(readersMax, (readers += 1))
          await parts.clock.sleep(1_000)
          readers -= 1
          return parts.source.read(request)
        },
      },
    ],
  }))
  const both = [monitor.cycle(), monitor.cycle()]
  await clock.advance(2_000)
  await Promise.all(both)
  // One of the accounts, one of the rate of failures.
  expect(readersMax).toBe(2)
})

describe('several sources', () => {
  test('are judged each by itself, and told apart', async () => {
    const bars = createMemoryEventSource({ id: 'bars' })
    const gates = createMemoryEventSource({ id: 'gates' })
    const { clock, monitor, found } = createMonitoredLedger(() => ({ sources: [bars, gates] }))
    bars.add([payment('tx-1', { status: 'failed' })])
    gates.add([
      { kind: 'scan', scanId: 's-1', accountId: 'card-8', eventTime: clock.now() },
      { kind: 'scan', scanId: 's-2', accountId: 'card-8', eventTime: clock.now() + 1_000 },
    ])
    await clock.advance(11_001)
    await monitor.cycle()
    expect(found()).toEqual(['scans.duplicate-burst card-8 open', CHARGED])
    const { sources, partitions } = await monitor.status()
    expect(sources.map(({ id }) => id)).toEqual(['bars', 'gates'])
    // Of each source four of the accounts, and one of the rate of failures.
    expect(partitions.filter(({ pass }) => pass.startsWith('bars '))).toHaveLength(4 + 1)
    expect(partitions.filter(({ pass }) => pass.startsWith('gates '))).toHaveLength(4 + 1)
  })

  test('do not wait for one of them that hangs, or fail with one that fails', async () => {
    const bars = createMemoryEventSource({ id: 'bars' })
    const gates = createMemoryEventSource({ id: 'gates' })
    const doors = createMemoryEventSource({ id: 'doors' })
    const { clock, found, run, monitor } = createMonitoredLedger(() => ({
      sources: [
        faulty(gates, ({ method }) => (method === 'read' ? { kind: 'fail' } : undefined)),
        faulty(doors, ({ method }) => (method === 'read' ? DROPPED : undefined)),
        bars,
      ],
    }))
    const stop = run()
    bars.add([payment('tx-1', { status: 'failed' })])
    await clock.advance(30_000)
    expect(found()).toContain(CHARGED)
    await clock.advance(90_000)
    const { sources } = await monitor.status()
    expect(sources.map(({ id, circuit }) => `${id} ${circuit}`)).toContain('bars closed')
    expect(found()).toContain('source.failing gates open')
    expect(found()).not.toContain('source.failing bars open')
    await endWhile(clock, stop())
  })

  test('are heard each for itself in continuous mode', async () => {
    const reads = { bars: 0, gates: 0 }
    const counted = (id: 'bars' | 'gates') => {
      const source = createMemoryEventSource({ id })
      const read: EventSource['read'] = (request) => {
        reads[id] += 1
        return source.read(request)
      }
      return { ...source, read }
    }
    const bars = counted('bars')
    const { clock, run } = createMonitoredLedger(() => ({
      sources: [bars, counted('gates')],
      mode: 'continuous',
    }))
    const stop = run()
    await clock.advance(16_000)
    const before = { ...reads }
    bars.add([payment('tx-1', { eventTime: clock.now() })])
    await clock.advance(50)
    expect(reads).toEqual({ bars: before.bars + 4, gates: before.gates })
    await stop()
  })
})
