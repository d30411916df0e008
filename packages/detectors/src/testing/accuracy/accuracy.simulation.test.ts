import { beforeAll, describe, expect, test } from 'vitest'

import { type LookalikeCause, LOOKALIKES_WITHIN_BOUNDS } from '../festival/festival-truth.ts'
import { type AccuracyReport, measureAccuracy } from './measure-accuracy.ts'

/** The fixed slice of every test run; `npm run accuracy` measures the whole. */
const seed = Number(process.env['ASSAY_SEED'] ?? 2_026)

describe('the detectors of a monitor, on a festival of 20,000 transactions', () => {
  let report: AccuracyReport
  beforeAll(async () => {
    report = await measureAccuracy({
      seed,
      participants: 2_000,
      scope: 'account',
      faultRates: {
        'transactions.charged-on-failure': 0.1,
        'transactions.credited-on-failure': 0.1,
        'transactions.consecutive-failures': 0.1,
        'balance.arithmetic': 0.1,
        'balance.continuity': 0.1,
        'balance.negative': 0.1,
        'balance.reconciliation': 0.1,
        'scans.duplicate-burst': 0.1,
        'transactions.concurrent-requests': 0.1,
      },
      nearMissRate: 0.03,
    })
  })

  test('find every planted fault at its first event', () => {
    expect(report.missed).toEqual([])
    for (const { ruleId, planted, found, recall } of report.rules) {
      expect({ ruleId, isEnough: planted > 150 }).toEqual({ ruleId, isEnough: true })
      // All of 150 leave the interval reaching from 97.5 %.
      expect({ ruleId, lower: recall.lower > 0.975, found: found >= planted }).toEqual({
        ruleId,
        lower: true,
        found: true,
      })
    }
  })

  test('find nothing that no one can explain, and less than 1 % of what is honest', () => {
    expect(report.unexplained).toEqual([])
    for (const { ruleId, falsePositiveRate } of report.rules) {
      expect({ ruleId, isRare: falsePositiveRate.upper < 0.01 }).toEqual({ ruleId, isRare: true })
    }
  })

  test('keep silent about near misses, and cannot about what lies within their bounds', () => {
    const causes = report.rules.flatMap(({ ruleId, lookalikes }) =>
      Object.entries(lookalikes).map(([cause, { count, found }]) => ({
        ruleId,
        cause: cause as LookalikeCause,
        count,
        found,
      })),
    )
    expect(new Set(causes.map(({ cause }) => cause)).size).toBe(14)
    for (const { cause, ruleId, count, found } of causes) {
      const expected = LOOKALIKES_WITHIN_BOUNDS.has(cause) ? count : 0
      expect({ cause, ruleId, found }).toEqual({ cause, ruleId, found: expected })
    }
  })

  test('are shown rows that are late and that come twice', () => {
    expect(report.transactions).toBeGreaterThan(20_000)
    expect(report.late).toBeGreaterThan(20)
    expect(report.redelivered).toBeGreaterThan(50)
    const withdrawn = report.rules.reduce((sum, rule) => sum + rule.withdrawn, 0)
    expect(withdrawn).toBeGreaterThan(0)
  })
})

test('the failure rate finds every outage of festival days', async () => {
  const { rules, missed } = await measureAccuracy({
    seed,
    days: 3,
    participants: 600,
    scope: 'system',
    outagesPerDay: 16,
    faultRates: {},
    nearMissRate: 0,
    pollEveryMs: 60_000,
  })
  expect(missed).toEqual([])
  expect(rules).toMatchObject([{ ruleId: 'transactions.failure-rate', planted: 48, found: 48 }])
  expect(rules[0]!.recall.lower).toBeGreaterThan(0.92)
  expect(rules[0]!.falsePositiveRate.upper).toBeLessThan(0.01)
})
