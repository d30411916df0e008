import fc from 'fast-check'
import { expect, test } from 'vitest'

import type { AccountEvent } from '../detector/account-event.ts'
import type { Finding } from '../detector/finding.ts'
import { createMemoryScanRepository } from '../scans/memory-scan-repository.ts'
import { parseScan, type Scan, type ScanInput } from '../scans/scan.ts'
import { anyDelivery } from '../testing/any-delivery.ts'
import { findDelivered, findInOrder, pagesOf, sortFindings } from '../testing/deliver-events.ts'
import { detectDuplicateScans } from './detect-duplicate-scans.ts'
import { type DuplicateScanOptions, readDuplicateScanConfig } from './duplicate-scan-config.ts'
import { duplicateScanDetector } from './duplicate-scan-detector.ts'

const optionSets: fc.Arbitrary<DuplicateScanOptions> = fc.record({
  windowMs: fc.integer({ min: 1, max: 30 }),
  farEnd: fc.constantFrom('inclusive', 'exclusive'),
})
const logs = fc
  .array(
    fc.record({
      card: fc.constantFrom('a', 'b', 'c'),
      terminal: fc.constantFrom(null, 'bar-1', 'bar-2'),
      gapMs: fc.oneof(fc.constant(0), fc.nat({ max: 15 })),
    }),
    { maxLength: 60, size: 'max' },
  )
  .map((rows) => {
    let eventTime = 119_800
    return rows.map(({ card, terminal, gapMs }, n): ScanInput => {
      eventTime += gapMs
      return { scanId: `s-${(n * 7) % 60}`, accountId: card, terminalId: terminal, eventTime }
    })
  })
const deliveries = anyDelivery(60)
const runs = { numRuns: 500 }

test('duplicates are the scans that are linked by any two close together', () => {
  fc.assert(
    fc.property(logs, optionSets, (log, options) => {
      const config = readDuplicateScanConfig(options)
      const found = findInOrder(duplicateScanDetector, config, eventsOf(log))
      const bursts = linkedScans(log, config.reachMs)
      expect(lastOfEach(found)).toEqual(
        bursts.map((scans) => ({
          fingerprint: `scans.duplicate-burst::${scans[0]?.accountId}:${scans[0]?.scanId}`,
          transactionIds: scans.map(({ scanId }) => scanId),
          scans: scans.length,
          terminals: terminalsOf(scans).size,
          changes: scans.length - 1,
        })),
      )
    }),
    runs,
  )
})

test('what is found of two minutes is what lies close together from the first to the last', () => {
  fc.assert(
    fc.property(logs, fc.integer({ min: 1, max: 400 }), (log, windowMs) => {
      const config = readDuplicateScanConfig({ windowMs, grouping: 'two-minutes' })
      const found = findInOrder(duplicateScanDetector, config, eventsOf(log))
      const open = lastOfEach(found.filter(({ fingerprint }) => !isResolved(found, fingerprint)))
      const spans = Map.groupBy(
        scansOf(log),
        ({ accountId, eventTime }) => `${accountId} ${Math.floor(eventTime / 120_000)}`,
      )
      const expected = [...spans.values()].filter(
        (scans) =>
          scans.length > 1 && Math.max(...timesOf(scans)) - Math.min(...timesOf(scans)) <= windowMs,
      )
      expect(new Set(open.map(({ transactionIds }) => transactionIds.toSorted().join()))).toEqual(
        new Set(
          expected.map((scans) =>
            scans
              .map(({ scanId }) => scanId)
              .toSorted()
              .join(),
          ),
        ),
      )
    }),
    runs,
  )
})

test('duplicates are the same shuffled within the lateness, in any pages, redelivered, and restarted at every step', () => {
  fc.assert(
    fc.property(
      logs,
      optionSets,
      fc.constantFrom('neighbours' as const, 'two-minutes' as const),
      deliveries,
      (log, options, grouping, delivery) => {
        const config = readDuplicateScanConfig({ ...options, grouping })
        const events = eventsOf(log)
        expect(findDelivered(duplicateScanDetector, config, pagesOf(events, delivery))).toEqual(
          findInOrder(duplicateScanDetector, config, events),
        )
      },
    ),
    runs,
  )
})

test('duplicates are the same when a function reads a repository in any order and any batches', async () => {
  const shuffled = logs.chain((log) => fc.shuffledSubarray(log, { minLength: log.length }))
  await fc.assert(
    fc.asyncProperty(
      shuffled,
      optionSets,
      fc.integer({ min: 1, max: 20 }),
      async (log, { windowMs, farEnd }, batchSize) => {
        const scans = createMemoryScanRepository([...log, ...log.slice(0, 5)])
        const report = await detectDuplicateScans({ scans }, { windowMs, farEnd, batchSize })
        const config = readDuplicateScanConfig({ windowMs, farEnd })
        expect(sortFindings(report.findings)).toEqual(
          findInOrder(duplicateScanDetector, config, eventsOf(log)),
        )
        const { evaluated, notEvaluable } = report.summary.rules['scans.duplicate-burst']
        expect([evaluated, notEvaluable.repeated ?? 0]).toEqual([
          log.length,
          Math.min(log.length, 5),
        ])
      },
    ),
  )
})

/** Groups of at least two scans, by asking of any two whether they lie close together. */
function linkedScans(log: readonly ScanInput[], reachMs: number): Scan[][] {
  const groups: Scan[][] = []
  for (const scan of scansOf(log)) {
    const isLinked = (group: Scan[]): boolean =>
      group.some(
        (other) =>
          other.accountId === scan.accountId &&
          Math.abs(other.eventTime - scan.eventTime) <= reachMs,
      )
    const linked = groups.filter(isLinked)
    for (const group of linked) groups.splice(groups.indexOf(group), 1)
    groups.push([...linked.flat(), scan])
  }
  return groups
    .filter(({ length }) => length > 1)
    .map((group) =>
      group.toSorted((a, b) => a.eventTime - b.eventTime || (a.scanId < b.scanId ? -1 : 1)),
    )
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}

function keyOf([first]: readonly Scan[]): string {
  return `${first?.accountId}:${first?.scanId}`
}

function terminalsOf(scans: readonly Scan[]): ReadonlySet<string> {
  return new Set(scans.flatMap(({ terminalId }) => terminalId ?? []))
}

function lastOfEach(findings: readonly Finding[]): {
  readonly fingerprint: string
  readonly transactionIds: readonly string[]
  readonly scans: unknown
  readonly terminals: unknown
  readonly changes: number
}[] {
  return [...Map.groupBy(findings, ({ fingerprint }) => fingerprint)].map(([fingerprint, all]) => ({
    fingerprint,
    transactionIds: all.at(-1)?.transactionIds ?? [],
    scans: all.at(-1)?.evidence['scans'],
    terminals: all.at(-1)?.evidence['terminals'],
    changes: all.length,
  }))
}

function isResolved(findings: readonly Finding[], fingerprint: string): boolean {
  return findings.some((each) => each.fingerprint === fingerprint && each.action === 'resolve')
}

function scansOf(log: readonly ScanInput[]): Scan[] {
  return log.flatMap((row) => {
    const parsed = parseScan(row)
    return parsed.ok ? [parsed.row] : []
  })
}

function timesOf(scans: readonly Scan[]): number[] {
  return scans.map(({ eventTime }) => eventTime)
}

function eventsOf(log: readonly ScanInput[]): AccountEvent[] {
  return scansOf(log).map((scan) => Object.assign({ kind: 'scan' } as const, scan))
}
