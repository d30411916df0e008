import { createSeededRandom, createTestClock, faulty } from '@assay/core/testing'
import { describe, expect, test } from 'vitest'

import {
  type AccountEvent,
  type AccountEventInput,
  parseAccountEvent,
} from '../detector/account-event.ts'
import type { FailureRateState } from '../transaction-failures/failure-rate-detector.ts'
import { createMonitor } from './create-monitor.ts'
import { createMonitoredDetectors } from './create-monitored-detectors.ts'
import { createMemoryEventSource, type MemoryEventSource } from './memory-event-source.ts'
import { createMemoryMonitorStore } from './memory-monitor-store.ts'
import { groupDetectors } from './monitor-detectors.ts'
import type { Monitor } from './monitor.ts'
import { decodeState } from './state-codec.ts'
import { applyFinding, type StoredFinding } from './stored-finding.ts'

const ORIGIN = { source: 'ledger', rejudged: [] }
const opensAt = 1_749_895_200_000
const seeds = Number(process.env['ASSAY_SEEDS'] ?? 30)

describe.each(Array.from({ length: seeds }, (_, seed) => seed))('seed %i', (seed) => {
  test('finds what one look at all events finds, through crashes, takeovers and late rows', async () => {
    const random = createSeededRandom(seed)
    const events = Array.from({ length: 150 }, (_, index) => drawEvent(index, random))
    const store = createMemoryMonitorStore()
    await watchAll(events, { random, store })
    expect(truthOf(store.findings())).toEqual(truthOf(judgeAtOnce(events)))
    expect(await countOfRate(store)).toEqual(countOf(events))
    expect(store.setAside()).toEqual([])
  })

  test('finds in a backlog what one look at all events finds, though some are stamped far ahead', async () => {
    const random = createSeededRandom(seed)
    const events = Array.from({ length: 2_000 }, (_, index) => {
      const event = drawEvent(index, random)
      return random() < 0.02 ? { ...event, eventTime: event.eventTime + DAY_MS } : event
    })
    const store = createMemoryMonitorStore()
    await readBacklog(events, { random, store })
    expect(truthOf(store.findings())).toEqual(truthOf(judgeAtOnce(events)))
    expect(ratesOf(store.findings())).toEqual(ratesOf(judgeAtOnce(events)))
  })
})

const DAY_MS = 86_400_000

/** A window over all that happens, so that in the end all of it must be in there. */
const detectors = createMonitoredDetectors({ failureRate: { windowMs: DAY_MS } })

/** Few cards, few distances and few balances, so that rules meet often. */
function drawEvent(index: number, random: () => number): AccountEventInput {
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!
  const eventTime = opensAt + index * 1_500 + Math.floor(random() * 3_000)
  const accountId = pick(['card-1', 'card-2', 'card-3'])
  if (random() < 0.3) return { kind: 'scan', scanId: `scan-${index}`, accountId, eventTime }
  const before = pick([1_000n, 2_000n])
  return {
    kind: 'transaction',
    transactionId: `tx-${index}`,
    accountId,
    status: pick(['completed', 'failed', 'failed', 'pending', 'cancelled']),
    amountMinor: -500n,
    balanceBeforeMinor: before,
    balanceAfterMinor: pick([before, before - 500n, before + 500n]),
    currency: 'EUR',
    eventTime,
    requestId: pick([null, `request-${Math.floor(index / 2)}`]),
    reversesTransactionId: random() < 0.1 ? `tx-${Math.max(0, index - 3)}` : null,
  }
}

interface World {
  readonly random: () => number
  readonly store: ReturnType<typeof createMemoryMonitorStore>
}

/** Delivers events out of order, twice, late and in open transactions, to two monitors that fail. */
async function watchAll(
  events: readonly AccountEventInput[],
  { random, store }: World,
): Promise<void> {
  const clock = createTestClock({ now: opensAt })
  const source = createMemoryEventSource({ id: 'ledger' })
  let hasFaults = true
  const unreliable = faulty(store, ({ method }) => {
    if (!hasFaults || method === 'release' || random() > 0.1) return undefined
    return { kind: random() < 0.5 ? 'fail' : 'fail-after' }
  })
  const begin = (owner: string): Monitor =>
    createMonitor({
      sources: [source],
      store: unreliable,
      clock,
      owner,
      batchSize: 1 + Math.floor(random() * 7),
      cachedKeysMax: 1,
      futureToleranceMs: 600_000,
      detectors,
    })
  const monitors = [begin('one'), begin('two')]

  for (const delivery of deliveriesOf(events, random)) {
    deliver(source, delivery)
    await clock.advance(Math.floor(random() * 2_000))
    const index = random() < 0.5 ? 0 : 1
    if (random() < 0.4) await monitors[index]?.cycle().catch(() => {})
    // A process dies with all that it has in memory; another one takes its place.
    if (random() < 0.05) monitors[index] = begin(`again-${clock.now()}`)
  }
  hasFaults = false
  await clock.advance(3_600_000)
  const last = begin('last')
  await last.cycle()
  await clock.advance(60_000)
  await last.cycle()
}

/** All of it is there before a monitor comes, and the one that comes dies once on the way. */
async function readBacklog(
  events: readonly AccountEventInput[],
  { random, store }: World,
): Promise<void> {
  const clock = createTestClock({ now: opensAt + 2 * DAY_MS })
  const source = createMemoryEventSource({ id: 'ledger' })
  source.add(events)
  let commits = 0
  const diesAt = Math.floor(random() * 20)
  const mortal = faulty(store, ({ method }) => {
    if (method !== 'commit') return undefined
    commits += 1
    return commits === diesAt ? { kind: random() < 0.5 ? 'fail' : 'fail-after' } : undefined
  })
  const batchSize = 50 + Math.floor(random() * 700)
  for (const owner of ['one', 'two', 'three']) {
    const monitor = createMonitor({ sources: [source], store: mortal, clock, owner, batchSize })
    await monitor.cycle().catch(() => {})
    await clock.advance(60_000)
  }
}

type Delivery = readonly AccountEventInput[]

/** A shuffle over short and long distances, with some events twice, and some pending for long before. */
function deliveriesOf(events: readonly AccountEventInput[], random: () => number): Delivery[] {
  const placed = events.flatMap((event, index) => {
    const delay = random() < 0.05 ? 40 : random() * 4
    const twice = random() < 0.05 ? [{ event, place: index + delay + random() * 5 }] : []
    if (event.kind === 'transaction' && random() < 0.15) {
      const pending: AccountEventInput = { ...event, status: 'pending' }
      const decidedAt = index + delay + random() * 60
      return [
        { event: pending, place: index + delay },
        { event, place: decidedAt },
        ...twice.map(({ place }) => ({ event, place: Math.max(place, decidedAt) + random() * 60 })),
      ]
    }
    return [{ event, place: index + delay }, ...twice]
  })
  return placed.toSorted((a, b) => a.place - b.place).map(({ event }) => [event])
}

function deliver(source: MemoryEventSource, delivery: Delivery): void {
  source.add(delivery)
}

/** How many failed, and how many did not, as far as the failure rate has counted them. */
async function countOfRate(store: World['store']): Promise<readonly number[]> {
  const lease = { pass: 'ledger failure-rate 1', partition: 0, owner: '', token: 0 }
  const [kept] = await store.loadStates(lease, ['system'])
  const { rules } = decodeState(kept?.state ?? '{}') as { readonly rules: FailureRateState }
  return rules.window?.totals ?? []
}

/** As above, as it is. */
function countOf(events: readonly AccountEventInput[]): readonly number[] {
  const countOfStatus = (status: string): number =>
    events.filter((event) => event.kind === 'transaction' && event.status === status).length
  return [countOfStatus('completed'), countOfStatus('failed')]
}

/** All events in one step of each detector, in order. */
function judgeAtOnce(events: readonly AccountEventInput[]): StoredFinding[] {
  const parsed = events.flatMap((event) => {
    const row = parseAccountEvent(event)
    return row.ok ? [row.row] : []
  })
  const found = new Map<string, StoredFinding>()
  for (const { detector } of groupDetectors(createMonitoredDetectors())) {
    const byKey = Map.groupBy(parsed, (event: AccountEvent) => detector.key(event))
    for (const [key, ofKey] of byKey) {
      const context = { watermark: opensAt + 2 * DAY_MS, config: undefined }
      const step = detector.step(detector.init(key), ofKey, context)
      for (const finding of step.findings) {
        found.set(finding.fingerprint, applyFinding(undefined, finding, ORIGIN))
      }
    }
  }
  return [...found.values()]
}

/** What holds in the end: what has ended, however it did, is as if it had never been told. */
function truthOf(findings: readonly StoredFinding[]): string[] {
  return findings
    .filter(({ finding }) => finding.action !== 'resolve')
    .filter(({ finding }) => !finding.ruleId.startsWith('source.'))
    .filter(({ finding }) => finding.ruleId !== 'transactions.failure-rate')
    .map(({ finding }) => `${finding.fingerprint} ${finding.transactionIds.join(',')}`)
    .toSorted()
}

/** Every episode of the failure rate, with its figures, whether or not it has ended. */
function ratesOf(findings: readonly StoredFinding[]): string[] {
  return findings
    .filter(({ finding }) => finding.ruleId === 'transactions.failure-rate')
    .map(({ finding }) => JSON.stringify(finding))
    .toSorted()
}
