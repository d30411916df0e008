import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import {
  type AccuracyReport,
  type LookalikeCause,
  measureAccuracy,
  type MeasureAccuracyOptions,
  type RuleAccuracy,
  LOOKALIKES_WITHIN_BOUNDS,
} from '@assay/detectors/testing'

/** What `npm run accuracy` measures, as `results.json` holds it. */
export interface AccuracyResults {
  /** The rules that judge accounts, on a large festival with faults. */
  readonly accounts: Study
  /** The rule on the failure rate, on many days of a small one with outages. */
  readonly outages: Study
}

interface Study {
  readonly settings: MeasureAccuracyOptions
  readonly report: AccuracyReport
}

/** What every rule must keep, both at the unfavourable end of the interval. */
export const RECALL_ABOVE = 0.999
export const FALSE_POSITIVES_BELOW = 0.01

const POLL_EVERY_MS = 30_000

/** More than 1,000,000 transactions, with more than 4,000 faults of each rule. */
export function accountSettings(seed: number): MeasureAccuracyOptions {
  return {
    seed,
    days: 36,
    participants: 4_000,
    visitsPerCard: 12,
    faultRates: {
      'transactions.charged-on-failure': 0.03,
      'transactions.credited-on-failure': 0.03,
      'transactions.consecutive-failures': 0.03,
      'balance.arithmetic': 0.03,
      'balance.continuity': 0.03,
      'balance.negative': 0.03,
      'balance.reconciliation': 0.03,
      'scans.duplicate-burst': 0.03,
      'transactions.concurrent-requests': 0.03,
    },
    nearMissRate: 0.005,
    outagesPerDay: 2,
    offlinePerDay: 2,
    clockSkewMs: 1_500,
    pollEveryMs: POLL_EVERY_MS,
    scope: 'account',
  }
}

/** 4,000 outages of festivals with 6,000 transactions a day, without other faults. */
export function outageSettings(seed: number): MeasureAccuracyOptions {
  return {
    seed,
    days: 250,
    participants: 600,
    visitsPerCard: 10,
    faultRates: {},
    nearMissRate: 0,
    outagesPerDay: 16,
    offlinePerDay: 2,
    clockSkewMs: 1_500,
    pollEveryMs: POLL_EVERY_MS,
    scope: 'system',
  }
}

export async function measureAll(
  seed: number,
  onDay: MeasureAccuracyOptions['onDay'],
): Promise<AccuracyResults> {
  const measure = async (settings: MeasureAccuracyOptions): Promise<Study> => ({
    settings,
    report: await measureAccuracy({ ...settings, onDay }),
  })
  return {
    accounts: await measure(accountSettings(seed)),
    outages: await measure(outageSettings(seed)),
  }
}

/** Reads what was measured last. */
export function readResults(): AccuracyResults {
  return JSON.parse(readFileSync(RESULTS_FILE, 'utf8')) as AccuracyResults
}

export const RESULTS_FILE = join(import.meta.dirname, 'results.json')

/** All rules, in the order of the document. */
export function rulesOf({ accounts, outages }: AccuracyResults): readonly RuleAccuracy[] {
  return [...accounts.report.rules, ...outages.report.rules]
}

/** What of the aims is missed, in words. */
export function missedAims(results: AccuracyResults): readonly string[] {
  return rulesOf(results).flatMap((rule) => {
    const { ruleId, recall, falsePositiveRate, unexplained } = rule
    const mistaken = mistakesOf(rule)
    return [
      recall.lower > RECALL_ABOVE ? [] : [`${ruleId}: recall from ${recall.lower}`],
      falsePositiveRate.upper < FALSE_POSITIVES_BELOW
        ? []
        : [`${ruleId}: false positives up to ${falsePositiveRate.upper}`],
      // An outage that is found early or late has no lookalike that explains it.
      unexplained === 0 ? [] : [`${ruleId}: ${unexplained} findings that nothing explains`],
      mistaken === 0 ? [] : [`${ruleId}: ${mistaken} near misses that were taken for faults`],
    ].flat()
  })
}

function mistakesOf({ lookalikes }: RuleAccuracy): number {
  return Object.entries(lookalikes)
    .filter(([cause]) => !LOOKALIKES_WITHIN_BOUNDS.has(cause as LookalikeCause))
    .reduce((sum, [, { found }]) => sum + found, 0)
}
