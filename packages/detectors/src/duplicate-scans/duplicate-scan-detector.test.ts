import { describe, expect, test } from 'vitest'

import type { Finding } from '../detector/finding.ts'
import type { ScanInput } from '../scans/scan.ts'
import { judgeAtOnce } from '../testing/judge-at-once.ts'
import { type DuplicateScanOptions, readDuplicateScanConfig } from './duplicate-scan-config.ts'
import { duplicateScanDetector } from './duplicate-scan-detector.ts'

/** The begin of a minute, and of two. */
const AT = 1_749_895_200_000
const WINDOW_MS = 5_000
const RULE = 'scans.duplicate-burst'

describe('scans.duplicate-burst', () => {
  test.each([
    { apartMs: 0, found: ['open'] },
    { apartMs: WINDOW_MS - 1, found: ['open'] },
    { apartMs: WINDOW_MS, found: ['open'] },
    { apartMs: WINDOW_MS + 1, found: [] },
  ])('finds $found in two scans that lie $apartMs ms apart', ({ apartMs, found }) => {
    expect(actions([scan('a', 0), scan('b', apartMs)])).toEqual(found)
  })

  test('leaves the far end out where it is told to', () => {
    const farEnd = 'exclusive'
    expect(actions([scan('a', 0), scan('b', WINDOW_MS)], { farEnd })).toEqual([])
    expect(actions([scan('a', 0), scan('b', WINDOW_MS - 1)], { farEnd })).toEqual(['open'])
  })

  test('says which scans, by how many terminals, and how close together', () => {
    const scans = [scan('a', 0, 'bar-1'), scan('b', 3_000, 'bar-2'), scan('c', 4_000, 'bar-2')]
    expect(judge(scans).findings.at(-1)).toEqual({
      fingerprint: `${RULE}:acme:card-7:a`,
      ruleId: RULE,
      ruleVersion: 1,
      severity: 'medium',
      action: 'update',
      subject: 'card-7',
      transactionIds: ['a', 'b', 'c'],
      eventTime: AT + 4_000,
      confidence: 1,
      evidence: {
        scans: 3,
        terminals: 2,
        firstScanAt: AT,
        lastScanAt: AT + 4_000,
        shortestGapMs: 1_000,
        windowMs: WINDOW_MS,
      },
    })
  })

  test('counts no terminal that the source does not name', () => {
    const [finding] = judge([scan('a', 0, null), scan('b', 1, null)]).findings
    expect(finding?.evidence['terminals']).toBe(0)
  })

  test('chains neighbours into one burst, across a minute and however long it grows', () => {
    const scans = Array.from({ length: 30 }, (_, n) => scan(`s-${n}`, 50_000 + n * WINDOW_MS))
    const { findings } = judge(scans)
    expect(findings.map(({ action }) => action)).toEqual(['open', ...Array(28).fill('update')])
    expect(new Set(findings.map(({ fingerprint }) => fingerprint))).toEqual(
      new Set([`${RULE}:acme:card-7:s-0`]),
    )
  })

  test('begins another burst after a pause', () => {
    const scans = [scan('a', 0), scan('b', 1), scan('c', 5_002), scan('d', 5_003)]
    expect(
      judge(scans).findings.map(({ action, transactionIds }) => [action, transactionIds]),
    ).toEqual([
      ['open', ['a', 'b']],
      ['open', ['c', 'd']],
    ])
  })

  test('takes one name as one scan, also under another time', () => {
    const { findings, evaluated, notEvaluable } = judge([
      scan('a', 0),
      scan('a', 1_000),
      scan('b', 4_000),
      scan('a', 4_500),
    ])
    expect(findings.map(({ transactionIds }) => transactionIds)).toEqual([['a', 'b']])
    expect(evaluated[RULE]).toBe(2)
    expect(notEvaluable.map(({ reason, transactionId }) => [reason, transactionId])).toEqual([
      ['repeated', 'a'],
      ['repeated', 'a'],
    ])
  })

  test('names the last 100 scans of a burst, and counts all', () => {
    const scans = Array.from({ length: 150 }, (_, n) => scan(`s-${n}`, n))
    const last = judge(scans).findings.at(-1)
    expect(last?.transactionIds).toHaveLength(100)
    expect(last?.transactionIds.at(-1)).toBe('s-149')
    expect(last?.fingerprint).toBe(`${RULE}:acme:card-7:s-0`)
    expect(last?.evidence['scans']).toBe(150)
  })

  test('has nothing to say about transactions', () => {
    expect(duplicateScanDetector.rules.ruleIds.transaction).toEqual([])
  })
})

describe('scans of two minutes, for parity', () => {
  const grouping = 'two-minutes'

  test.each([
    { name: 'close together', at: [0, 5_000], found: ['open'] },
    { name: 'too far apart', at: [0, 5_001], found: [] },
    { name: 'more and more', at: [0, 2_000, 5_000], found: ['open', 'update'] },
    { name: 'until the last lies too far', at: [0, 3_000, 6_000], found: ['open', 'resolve'] },
    { name: 'never again in that span', at: [0, 6_000, 6_001, 9_000], found: [] },
    { name: 'across the end of the span', at: [119_999, 120_000], found: [] },
    { name: 'anew in the next span', at: [119_000, 120_000, 121_000], found: ['open'] },
  ])('finds $found: $name', ({ at, found }) => {
    const scans = at.map((each, n) => scan(`s-${n}`, each))
    expect(actions(scans, { grouping })).toEqual(found)
  })
})

test.each([
  { windowMs: 0 },
  { windowMs: Number.NaN },
  { windowMs: Number.POSITIVE_INFINITY },
  { farEnd: 'open' as never },
  { grouping: 'minute' as never },
])('refuses %o', (options) => {
  expect(() => readDuplicateScanConfig(options)).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTION' }),
  )
})

function judge(scans: readonly ScanInput[], options: DuplicateScanOptions = {}) {
  const config = readDuplicateScanConfig({ tenant: 'acme', ...options })
  const rows = scans.map((each) => ({ ...each, kind: 'scan' }) as const)
  return judgeAtOnce(duplicateScanDetector, config, rows)
}

function actions(scans: readonly ScanInput[], options?: DuplicateScanOptions): Finding['action'][] {
  return judge(scans, options).findings.map(({ action }) => action)
}

function scan(scanId: string, at: number, terminalId: string | null = 'bar-1'): ScanInput {
  return { scanId, accountId: 'card-7', terminalId, eventTime: AT + at }
}
