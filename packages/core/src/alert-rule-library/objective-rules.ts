import type { AlertRule } from '../alert-rules/alert-rule.ts'
import { measure } from '../alert-rules/measure.ts'
import { HOUR_MS, ifScraped, MINUTE_MS, type RuleContext } from './rule-context.ts'

/** The table of service level objectives of the opinion markets, each with its own window. */
export function createObjectiveRules({ names, jobs, define }: RuleContext): readonly AlertRule[] {
  const requests = { metric: names.httpRequests, windowMs: 2 * MINUTE_MS }
  const vrf = { metric: names.vrfRequests, windowMs: 5 * MINUTE_MS }
  return [
    ...ifScraped(jobs.api, (job) =>
      define({
        name: 'ObjectiveAPIAvailability',
        component: 'api',
        severity: 'high',
        expr: measure.average({
          metric: names.up,
          where: { job },
          windowMs: HOUR_MS,
          by: ['job'],
          fold: 'min',
        }),
        op: '<',
        threshold: 0.995,
        summary: 'An API server was down for more than 0.5 % of the last hour.',
      }),
    ),
    define({
      name: 'ObjectiveAPILatency',
      component: 'api',
      severity: 'medium',
      expr: measure.quantile({
        metric: names.httpDuration,
        windowMs: 5 * MINUTE_MS,
        quantile: 0.95,
      }),
      op: '>',
      threshold: 1,
      minSamples: 50,
      summary: 'The latency objective of the API is missed: p95 is above a second.',
    }),
    define({
      name: 'ObjectiveAPIErrors',
      component: 'api',
      severity: 'high',
      expr: measure.ratio(
        measure.increase({ ...requests, where: { status: { matches: '5..' } } }),
        measure.increase(requests),
      ),
      op: '>',
      threshold: 0.05,
      minSamples: 20,
      summary: 'The error objective of the API is missed: more than 5 % in two minutes.',
    }),
    define({
      name: 'ObjectiveSettlementLatency',
      component: 'contract',
      severity: 'medium',
      expr: measure.quantile({
        metric: names.settlementDuration,
        windowMs: 5 * MINUTE_MS,
        quantile: 0.95,
      }),
      op: '>',
      threshold: 30,
      minSamples: 10,
      summary: 'The latency objective of settlements is missed: p95 is above 30 seconds.',
    }),
    ...ifScraped(jobs.oracle, (job) =>
      define({
        name: 'ObjectiveOracleUptime',
        component: 'oracle',
        severity: 'high',
        expr: measure.gauge({
          metric: names.up,
          where: { job },
          by: ['job'],
          fold: 'max',
        }),
        op: '==',
        threshold: 0,
        or: [
          {
            expr: measure.absent({ metric: names.up, where: { job } }),
            op: '==',
            threshold: 1,
          },
        ],
        forMs: 2 * MINUTE_MS,
        summary: 'No oracle service answers, or none is scraped at all.',
      }),
    ),
    define({
      name: 'ObjectiveVRFSuccess',
      component: 'oracle',
      severity: 'high',
      expr: measure.ratio(
        measure.increase({ ...vrf, where: { outcome: 'fulfilled' } }),
        measure.increase(vrf),
      ),
      op: '<',
      threshold: 0.99,
      minSamples: 10,
      summary: 'Less than 99 % of the requests for randomness were fulfilled.',
    }),
  ]
}
