import type { AlertRule } from '../alert-rules/alert-rule.ts'
import { measure } from '../alert-rules/measure.ts'
import { ifScraped, MINUTE_MS, type RuleContext } from './rule-context.ts'

const SERVER_ERROR = { status: { matches: '5..' } } as const

/** The API: is it there, does it answer, how fast. */
export function createApiRules({ names, jobs, define }: RuleContext): readonly AlertRule[] {
  const requests = { metric: names.httpRequests, windowMs: 5 * MINUTE_MS }
  return [
    ...ifScraped(jobs.api, (job) =>
      define({
        name: 'APIServerDown',
        component: 'api',
        severity: 'critical',
        expr: measure.gauge({ metric: names.up, where: { job }, by: ['job', 'instance'] }),
        op: '==',
        threshold: 0,
        forMs: MINUTE_MS,
        summary: 'An API server has not answered for a minute.',
      }),
    ),
    define({
      name: 'APIHighErrorRate',
      component: 'api',
      severity: 'high',
      expr: measure.ratio(
        measure.increase({ ...requests, where: SERVER_ERROR }),
        measure.increase(requests),
      ),
      op: '>',
      threshold: 0.05,
      minSamples: 20,
      forMs: 2 * MINUTE_MS,
      summary: 'More than 5 % of the API requests fail with a server error.',
    }),
    define({
      name: 'APIHighLatency',
      component: 'api',
      severity: 'high',
      expr: measure.quantile({
        metric: names.httpDuration,
        windowMs: 5 * MINUTE_MS,
        quantile: 0.95,
      }),
      op: '>',
      threshold: 1,
      minSamples: 50,
      forMs: 5 * MINUTE_MS,
      summary: 'One of twenty API requests takes longer than a second.',
    }),
  ]
}
