import { describe, expect, it } from 'vitest'

import type { AlertExpression } from './alert-expression.ts'
import { compileRuleToPromql, compileToPromql } from './compile-promql.ts'
import { defineAlertRule } from './define-alert-rule.ts'
import { measure } from './measure.ts'

const MINUTES = 60_000
const all = { metric: 'requests_total', windowMs: 5 * MINUTES }
const failed = { ...all, where: { status: { matches: '5..' } } }
const seconds = { metric: 'duration_seconds', windowMs: 5 * MINUTES }

describe('compileToPromql', () => {
  it.each<[AlertExpression, string]>([
    [measure.gauge({ metric: 'up' }), 'up'],
    [
      measure.gauge({ metric: 'up', where: { job: 'a"b\\c', zone: { not: '' } }, by: ['job'] }),
      'max by (job) (up{job="a\\"b\\\\c",zone!=""})',
    ],
    [measure.gauge({ metric: 'up', by: [], fold: 'min' }), 'min(up)'],
    [measure.streak({ metric: 'failures_in_a_row' }), 'failures_in_a_row'],
    [
      measure.average({ metric: 'up', windowMs: 90_000, by: ['job'], fold: 'min' }),
      'min by (job) (sum_over_time(up[1m30s]) / count_over_time(up[1m30s]))',
    ],
    [measure.increase(all), 'sum(increase(requests_total[5m]))'],
    [measure.rate({ ...all, by: ['a', 'b'] }), 'sum by (a, b) (rate(requests_total[5m]))'],
    [measure.observations(seconds), 'sum(increase(duration_seconds_count[5m]))'],
    [
      measure.observations({ ...seconds, atMost: 30 }),
      'sum(increase(duration_seconds_bucket{le=~"30|3e\\\\+01|30\\\\.0"}[5m]))',
    ],
    [
      measure.quantile({ ...seconds, quantile: 0.95, by: ['path'] }),
      'histogram_quantile(0.95, sum by (le, path) (rate(duration_seconds_bucket[5m])))',
    ],
    [measure.absent({ metric: 'up', where: { job: 'api' } }), 'absent(up{job="api"})'],
    [
      measure.ratio(measure.increase(failed), measure.increase(all)),
      '((sum(increase(requests_total{status=~"5.."}[5m])) or sum(increase(requests_total[5m])) * 0)' +
        ' / (sum(increase(requests_total[5m])) != 0))',
    ],
    [
      measure.ratio(measure.gauge({ metric: 'used' }), measure.gauge({ metric: 'size' })),
      '(used / (size != 0))',
    ],
    [
      measure.shareAbove({ ...seconds, bound: 0.5 }),
      '((sum(increase(duration_seconds_count[5m]))' +
        ' - sum(increase(duration_seconds_bucket{le=~"0\\\\.5|5e-01"}[5m])))' +
        ' / (sum(increase(duration_seconds_count[5m])) != 0))',
    ],
    [measure.sum(measure.gauge({ metric: 'a' }), measure.gauge({ metric: 'b' })), '(a + b)'],
    [measure.difference(measure.gauge({ metric: 'a' }), measure.gauge({ metric: 'b' })), '(a - b)'],
    [
      measure.comparedWithDaysBefore(measure.increase(all), 2),
      '(sum(increase(requests_total[5m])) / ((sum(increase(requests_total[5m] offset 1d))' +
        ' + sum(increase(requests_total[5m] offset 2d))) / 2))',
    ],
  ])('%# writes %o', (expr, promql) => {
    expect(compileToPromql(expr)).toBe(promql)
  })
})

describe('compileRuleToPromql', () => {
  const share = measure.ratio(measure.gauge({ metric: 'a' }), measure.increase(all))
  const base = {
    name: 'R',
    severity: 'low',
    runbookUrl: 'https://runbooks.example/r',
    summary: 'R.',
  } as const
  const gauge = { expr: measure.gauge({ metric: 'g' }), op: '>', threshold: -1.5 } as const

  it('compares with the threshold', () => {
    expect(compileRuleToPromql(defineAlertRule({ ...base, ...gauge }))).toBe('g > -1.5')
  })

  it('does not take what is no number for different', () => {
    const rule = defineAlertRule({ ...base, ...gauge, op: '!=', threshold: 0 })
    expect(compileRuleToPromql(rule)).toBe('(g < 0 or g > 0)')
  })

  it('asks for the minimum of samples where the share is asked for', () => {
    const rule = defineAlertRule({ ...base, expr: share, op: '>=', threshold: 0.1, minSamples: 20 })
    expect(compileRuleToPromql(rule)).toBe(
      '((a / (sum(increase(requests_total[5m])) != 0)) >= 0.1 and sum(increase(requests_total[5m])) >= 20)',
    )
  })

  it('joins all that must hold before what is enough', () => {
    const rule = defineAlertRule({
      ...base,
      ...gauge,
      and: [{ ...gauge, threshold: 2 }],
      or: [{ expr: measure.absent({ metric: 'g' }), op: '==', threshold: 1 }],
    })
    expect(compileRuleToPromql(rule)).toBe('((g > -1.5) and (g > 2)) or (absent(g) == 1)')
  })
})
