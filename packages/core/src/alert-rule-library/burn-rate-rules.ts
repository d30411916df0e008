import type { AlertExpression } from '../alert-rules/alert-expression.ts'
import type { AlertCondition, AlertRule } from '../alert-rules/alert-rule.ts'
import type { LabelMatches } from '../alert-rules/label-match.ts'
import { measure } from '../alert-rules/measure.ts'
import type { Severity } from '../alerts/severity.ts'
import {
  type AlertComponent,
  DAY_MS,
  HOUR_MS,
  ifScraped,
  type LibraryRuleOptions,
  MINUTE_MS,
  type RuleContext,
} from './rule-context.ts'

/** A service level objective, and how its error budget is seen to burn. */
interface Objective {
  readonly name: string
  readonly component: AlertComponent
  readonly noun: string
  /** What share may be bad: the error budget. */
  readonly budget: number
  /** Which share over a window is measured: the bad one, or the good one where only that can be. */
  readonly measures: 'bad-share' | 'good-share'
  readonly share: (windowMs: number) => AlertExpression
  /** Events that a window needs before it says anything; 0 for what is not made of events. */
  readonly minSamples: number
}

interface BurnRate {
  readonly suffix: string
  readonly severity: Severity
  /** How many times faster than allowed the budget is used up. */
  readonly factor: number
  readonly longMs: number
  readonly shortMs: number
  readonly text: string
}

/**
 * The multi-window, multi-burn-rate alerts of Google's SRE workbook, chapter 5, table 5-8
 * (https://sre.google/workbook/alerting-on-slos/): the long window says that it matters, the short
 * one that it still goes on.
 */
const BURN_RATES: readonly BurnRate[] = [
  {
    suffix: 'BurnFast',
    severity: 'critical',
    factor: 14.4,
    longMs: HOUR_MS,
    shortMs: 5 * MINUTE_MS,
    text: '2 % of the budget of 30 days within an hour',
  },
  {
    suffix: 'BurnSteady',
    severity: 'high',
    factor: 6,
    longMs: 6 * HOUR_MS,
    shortMs: 30 * MINUTE_MS,
    text: '5 % of the budget of 30 days within six hours',
  },
  {
    suffix: 'BurnSlow',
    severity: 'medium',
    factor: 1,
    longMs: 3 * DAY_MS,
    shortMs: 6 * HOUR_MS,
    text: '10 % of the budget of 30 days within three days',
  },
]

/** Burn-rate alerts on the five objectives: three for each. */
export function createBurnRateRules({ names, jobs, define }: RuleContext): readonly AlertRule[] {
  const upShare = (job: string) => (windowMs: number) =>
    measure.average({ metric: names.up, where: { job }, windowMs, by: ['job'], fold: 'min' })
  const shareOf = (metric: string, where: LabelMatches) => (windowMs: number) =>
    measure.ratio(
      measure.increase({ metric, where, windowMs }),
      measure.increase({ metric, windowMs }),
    )

  const objectives: readonly Objective[] = [
    ...ifScraped(jobs.api, (job): Objective => ({
      name: 'APIAvailability',
      component: 'api',
      noun: 'API availability (99.9 %)',
      budget: 0.001,
      measures: 'good-share',
      share: upShare(job),
      minSamples: 0,
    })),
    {
      name: 'APIErrors',
      component: 'api',
      noun: 'API errors (below 0.5 %)',
      budget: 0.005,
      measures: 'bad-share',
      share: shareOf(names.httpRequests, { status: { matches: '5..' } }),
      minSamples: 20,
    },
    {
      name: 'SettlementLatency',
      component: 'contract',
      noun: 'settlements within 30 s (95 %)',
      budget: 0.05,
      measures: 'bad-share',
      share: (windowMs) =>
        measure.shareAbove({ metric: names.settlementDuration, windowMs, bound: 30 }),
      minSamples: 10,
    },
    ...ifScraped(jobs.oracle, (job): Objective => ({
      name: 'OracleUptime',
      component: 'oracle',
      noun: 'oracle uptime (99.5 %)',
      budget: 0.005,
      measures: 'good-share',
      share: upShare(job),
      minSamples: 0,
    })),
    {
      name: 'VRFSuccess',
      component: 'oracle',
      noun: 'fulfilled requests for randomness (99 %)',
      budget: 0.01,
      measures: 'bad-share',
      share: shareOf(names.vrfRequests, { outcome: { not: 'fulfilled' } }),
      minSamples: 10,
    },
  ]
  return objectives.flatMap((objective) =>
    BURN_RATES.map((burn) => define(burnRateRule(objective, burn))),
  )
}

function burnRateRule(objective: Objective, burn: BurnRate): LibraryRuleOptions {
  const { name, component, noun, share, minSamples } = objective
  const { suffix, severity, longMs, shortMs, text } = burn
  const limit = limitOf(objective, burn)
  return {
    name: `${name}${suffix}`,
    component,
    severity,
    expr: share(longMs),
    ...limit,
    minSamples,
    // The short window needs no minimum: it only has to agree with the long one.
    and: [{ expr: share(shortMs), ...limit }],
    summary: `The error budget of ${noun} is being used up: ${text}.`,
  }
}

function limitOf(
  { budget, measures }: Objective,
  { factor }: BurnRate,
): Pick<AlertCondition, 'op' | 'threshold'> {
  // To the nanoth, so that no rounding of the host shows in the exported rules.
  const badShare = Number((budget * factor).toFixed(9))
  return measures === 'bad-share'
    ? { op: '>', threshold: badShare }
    : { op: '<', threshold: Number((1 - badShare).toFixed(9)) }
}
