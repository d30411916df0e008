import { describe, expect, it } from 'vitest'

import { type AlertRuleOptions, defineAlertRule } from './define-alert-rule.ts'
import { measure } from './measure.ts'

const OPTIONS: AlertRuleOptions = {
  name: 'QueueTooLong',
  severity: 'medium',
  expr: measure.gauge({ metric: 'queue_depth' }),
  op: '>',
  threshold: 50,
  runbookUrl: 'https://runbooks.example/queue',
  summary: 'Jobs wait for long.',
}
const SHARE = measure.ratio(
  measure.increase({ metric: 'failed_total', windowMs: 60_000 }),
  measure.increase({ metric: 'tried_total', windowMs: 60_000 }),
)

describe('defineAlertRule', () => {
  it('fills in what was left out', () => {
    expect(defineAlertRule(OPTIONS)).toEqual({
      ...OPTIONS,
      minSamples: 0,
      and: [],
      or: [],
      forMs: 0,
      keepFiringForMs: 0,
      description: undefined,
      labels: {},
    })
  })

  it('freezes a copy through, and leaves what it was given alone', () => {
    const where = { job: { matches: 'api.*' } }
    const labels = { team: 'payments' }
    const rule = defineAlertRule({
      ...OPTIONS,
      expr: measure.gauge({ metric: 'up', where }),
      labels,
    })
    where.job.matches = 'other'
    labels.team = 'other'
    expect(rule.expr).toMatchObject({ where: { job: { matches: 'api.*' } } })
    expect(rule.labels).toEqual({ team: 'payments' })
    expect(Object.isFrozen(rule.labels)).toBe(true)
    expect(rule.expr.kind === 'gauge' && Object.isFrozen(rule.expr.where['job'])).toBe(true)
  })

  const gauge = { metric: 'm' }
  const window = { metric: 'm', windowMs: 60_000 }
  it.each<[string, Partial<AlertRuleOptions>]>([
    ['name', { name: '' }],
    ['name', { name: 'Queue too long' }],
    ['name', { name: '1st' }],
    ['name', { name: 'A\nB' }],
    ['severity', { severity: 'CRITICAL' as never }],
    ['threshold', { threshold: Number.NaN }],
    ['threshold', { threshold: Infinity }],
    ['threshold', { threshold: '1' as never }],
    ['op', { op: '=' as never }],
    ['forMs', { forMs: -1 }],
    ['forMs', { forMs: 0.5 }],
    ['keepFiringForMs', { keepFiringForMs: Infinity }],
    ['runbookUrl', { runbookUrl: 'javascript:alert(1)' }],
    ['runbookUrl', { runbookUrl: 'docs/runbook.md' }],
    ['summary', { summary: '' }],
    ['summary', { summary: 'half of a pair: \ud83d' }],
    ['description', { description: 5 as never }],
    ['labels', { labels: { severity: 'low' } }],
    ['labels', { labels: { alertname: 'Other' } }],
    ['labels', { labels: { 'not-a-name': 'x' } }],
    ['labels', { labels: { __name__: 'x' } }],
    ['labels', { labels: { team: '' } }],
    ['minSamples', { minSamples: 20 }],
    ['minSamples', { minSamples: -1, expr: SHARE }],
    ['minSamples', { minSamples: 1.5, expr: SHARE }],
    ['expr', { expr: 'up == 0' as never }],
    ['expr', { expr: undefined as never }],
    ['expr', { expr: null as never }],
    ['expr', { expr: measure.ratio(undefined as never, measure.gauge(gauge)) }],
    ['expr', { expr: measure.gauge({ ...gauge, where: null as never }) }],
    ['expr', { expr: measure.gauge({ ...gauge, where: new Map() as never }) }],
    ['expr', { expr: measure.gauge({ ...gauge, where: { a: null as never } }) }],
    ['expr', { expr: measure.gauge({ ...gauge, by: 'queue' as never }) }],
    ['expr', { expr: measure.quantile({ ...window, quantile: 0.5, by: null as never }) }],
    ['and', { and: {} as never }],
    ['and', { and: [null as never] }],
    ['and', { and: [{} as never] }],
    ['or', { or: 'none' as never }],
    ['labels', { labels: null as never }],
    ['labels', { labels: new Map([['team', 'a']]) as never }],
    ['expr', { expr: { kind: 'promql', metric: 'up' } as never }],
    ['expr', { expr: measure.gauge({ metric: 'up == 0 or vector(1)' }) }],
    ['expr', { expr: measure.gauge({ metric: '' }) }],
    ['expr', { expr: measure.gauge({ ...gauge, where: { 'a"}': 'x' } }) }],
    ['expr', { expr: measure.gauge({ ...gauge, where: { a: 5 as never } }) }],
    ['expr', { expr: measure.gauge({ ...gauge, where: { a: { matches: '(' } } }) }],
    ['expr', { expr: measure.gauge({ ...gauge, where: { a: { matches: '(?=x)' } } }) }],
    ['expr', { expr: measure.gauge({ ...gauge, where: { a: { notMatches: '(a)\\1' } } }) }],
    ['expr', { expr: measure.gauge({ ...gauge, by: ['a', 'a'] }) }],
    ['expr', { expr: measure.gauge({ ...gauge, by: ['a)'] }) }],
    ['expr', { expr: measure.gauge({ ...gauge, by: [], fold: 'avg' as never }) }],
    ['expr', { expr: measure.increase({ ...window, windowMs: 0 }) }],
    ['expr', { expr: measure.increase({ ...window, windowMs: 1.5 }) }],
    ['expr', { expr: measure.increase({ ...window, windowMs: Infinity }) }],
    ['expr', { expr: measure.quantile({ ...window, quantile: 95 }) }],
    ['expr', { expr: measure.quantile({ ...window, quantile: 0.5, by: ['le'] }) }],
    ['expr', { expr: measure.observations({ ...window, atMost: Infinity }) }],
    ['expr', { expr: measure.comparedWithDaysBefore(measure.gauge(gauge), 0) }],
    ['expr', { expr: measure.comparedWithDaysBefore(measure.gauge(gauge), 365) }],
    ['expr', { expr: measure.absent(gauge), op: '>', threshold: 0 }],
    ['expr', { expr: measure.ratio(measure.absent(gauge), measure.gauge(gauge)) }],
    ['and', { and: [{ ...OPTIONS, expr: measure.gauge({ metric: '?' }) }] }],
    ['or', { or: [{ ...OPTIONS, expr: measure.gauge({ metric: '?' }) }] }],
  ])('refuses a wrong `%s` (%#)', (option, wrong) => {
    expect(() => defineAlertRule({ ...OPTIONS, ...wrong })).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTION',
        context: { factory: 'defineAlertRule', option },
      }),
    )
  })

  it('refuses to be called without options', () => {
    expect(() => defineAlertRule(undefined as never)).toThrow('`options` must be an object')
  })

  it.each<[Partial<AlertRuleOptions>, string]>([
    [{ expr: undefined as never }, '`expr` must be made with the functions of `measure`.'],
    [
      { expr: measure.gauge({ ...gauge, by: 'queue' as never }) },
      "`expr` must be grouped by a list of labels, such as `by: ['queue']`.",
    ],
    [{ and: {} as never }, '`and` must be a list of conditions.'],
  ])('says what is asked for instead of %o', (wrong, requirement) => {
    expect(() => defineAlertRule({ ...OPTIONS, ...wrong })).toThrow(requirement)
  })

  it('refuses an expression that is too deep to be meant', () => {
    let expr = measure.ratio(measure.gauge(gauge), measure.gauge(gauge))
    for (let depth = 0; depth < 20; depth += 1) expr = measure.ratio(expr, expr)
    expect(() => defineAlertRule({ ...OPTIONS, expr })).toThrow('at most 16 levels')
  })

  it.each([
    ['a ratio of increases', SHARE],
    ['a ratio of rates', measure.ratio(measure.rate(window), measure.rate(window))],
    ['a share above a bound', measure.shareAbove({ ...window, bound: 1 })],
    [
      'a share of those up to a bound',
      measure.ratio(
        measure.observations({ ...window, atMost: 1 }),
        measure.observations({ ...window, atMost: 2 }),
      ),
    ],
    ['a quantile', measure.quantile({ ...window, quantile: 0.95 })],
    ['a comparison of shares', measure.comparedWithDaysBefore(SHARE, 7)],
  ])('takes a minimum of samples for %s', (_, expr) => {
    expect(defineAlertRule({ ...OPTIONS, expr, minSamples: 20 }).minSamples).toBe(20)
  })
})
