import type { Random } from '@assay/core'
import { createSeededRandom } from '@assay/core/testing'
import { describe, expect, test } from 'vitest'

import { type AccountEvent, parseAccountEvent } from '../detector/account-event.ts'
import { readFailureRateConfig } from './failure-rate-config.ts'
import { failureRateDetector } from './failure-rate-detector.ts'

/** The fixed slice of every test run. `ASSAY_SEEDS=1000` simulates more days. */
const days = Number(process.env['ASSAY_SEEDS'] ?? 60)
const seeds = Array.from({ length: days }, (_, seed) => seed)

const MINUTE_MS = 60_000
/** 6,000 transactions in 16 hours: 94 in 15 minutes. */
const TRANSACTIONS = 6_000
const GAP_MS = (16 * 60 * MINUTE_MS) / TRANSACTIONS

type Level = number | null

describe('the failure rate of a festival', () => {
  // The table of docs/detectors.md, from 1,000 days.
  test.each<{ readonly level: Level; readonly share: number; readonly perDay: number }>([
    { level: null, share: 0.01, perDay: 0.64 },
    { level: null, share: 0.02, perDay: 7.02 },
    { level: 0.01, share: 0.02, perDay: 0 },
    { level: 0.01, share: 0.04, perDay: 0.45 },
    { level: 0.01, share: 0.05, perDay: 1.86 },
    { level: 0.001, share: 0.04, perDay: 0.03 },
    { level: 0.001, share: 0.05, perDay: 0.22 },
    { level: 0.0001, share: 0.05, perDay: 0.03 },
  ])(
    'begins $perDay episodes a day at level $level while a share of $share fails',
    ({ level, share, perDay }) => {
      const counts = seeds.map(
        (seed) =>
          opensOf(
            festivalDay(seed, () => share),
            level,
          ).length,
      )
      const measured = counts.reduce((sum, count) => sum + count, 0) / days
      // Four standard errors of a count that scatters like Poisson's, and what the table rounds off.
      const scatter = 4 * Math.sqrt((perDay + 0.005) / days) + 0.005
      expect(Math.abs(measured - perDay)).toBeLessThan(scatter)
    },
  )

  test.each<{ readonly level: Level; readonly share: number; readonly withinMin: number }>([
    { level: null, share: 0.2, withinMin: 5 },
    { level: 0.01, share: 0.2, withinMin: 12 },
    { level: 0.001, share: 0.2, withinMin: 15 },
    { level: 0.0001, share: 0.3, withinMin: 12 },
  ])(
    'finds at level $level that a share of $share fails, mostly within $withinMin minutes',
    ({ level, share, withinMin }) => {
      const delays = seeds.map((seed) => delayOf(seed, share, level)).sort((a, b) => a - b)
      expect(delays[Math.floor(days / 2)]).toBeLessThan(withinMin * MINUTE_MS)
      expect(delays.at(-1)).toBeLessThan(60 * MINUTE_MS)
    },
  )
})

/** How long it takes to find that a share fails from one transaction on where 1 % did before. */
function delayOf(seed: number, share: number, level: Level): number {
  const turn = TRANSACTIONS / 2
  const events = festivalDay(seed, (n) => (n < turn ? 0.01 : share))
  const began = events[turn]!.eventTime
  const open = opensOf(events, level).find((time) => time >= began)
  return (open ?? Number.POSITIVE_INFINITY) - began
}

function opensOf(events: readonly AccountEvent[], significance: Level): number[] {
  const { findings } = failureRateDetector.step(failureRateDetector.init('system'), events, {
    watermark: Number.POSITIVE_INFINITY,
    config: readFailureRateConfig({ significance }),
  })
  return findings.flatMap(({ action, eventTime }) => (action === 'open' ? [eventTime] : []))
}

/** Transactions that come independently of each other, each of which fails by itself. */
function festivalDay(seed: number, shareOf: (n: number) => number): AccountEvent[] {
  const random = createSeededRandom(seed)
  let at = 0
  return Array.from({ length: TRANSACTIONS }, (_, n) => {
    at += exponential(random) * GAP_MS
    const status = random() < shareOf(n) ? 'failed' : 'completed'
    return Object.assign({}, TEMPLATE, {
      transactionId: `tx-${n}`,
      eventTime: Math.floor(at),
      status,
    })
  })
}

function exponential(random: Random): number {
  return -Math.log(1 - random())
}

const TEMPLATE = template()

function template(): AccountEvent {
  const event = parseAccountEvent({
    kind: 'transaction',
    transactionId: 'tx',
    accountId: 'card-7',
    status: 'completed',
    amountMinor: -450n,
    currency: 'EUR',
    eventTime: 0,
  })
  if (!event.ok) throw new Error(event.reason)
  return event.row
}
