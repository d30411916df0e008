import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describePromtool } from '@assay/test-servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { type AlertRuleOptions, defineAlertRule } from './define-alert-rule.ts'
import { formatYaml } from './format-yaml.ts'
import { measure } from './measure.ts'
import { toPrometheusRules } from './to-prometheus-rules.ts'
import { toPromtoolTests } from './to-promtool-tests.ts'

const OPTIONS: AlertRuleOptions = {
  name: 'APIServerDown',
  severity: 'critical',
  expr: measure.gauge({ metric: 'up', where: { job: 'api' } }),
  op: '==',
  threshold: 0,
  runbookUrl: 'https://runbooks.example/api#down',
  summary: "The API server doesn't answer.",
}
const SECONDS = { metric: 'http_request_duration_seconds', windowMs: 300_000 }

describe('toPrometheusRules', () => {
  it('writes a rule file, in the order of the rules, leaving out what is not set', () => {
    const slow = defineAlertRule({
      ...OPTIONS,
      name: 'APIHighLatency',
      severity: 'high',
      expr: measure.quantile({ ...SECONDS, quantile: 0.95 }),
      op: '>',
      threshold: 1,
      forMs: 300_000,
      keepFiringForMs: 90_000,
      description: 'Shown as {{ $value }}.',
      labels: { team: 'api' },
    })
    const rules = [slow, defineAlertRule(OPTIONS)]
    expect(toPrometheusRules(rules, { group: 'api', intervalMs: 15_000 })).toBe(`groups:
  - name: 'api'
    interval: '15s'
    rules:
      - alert: 'APIHighLatency'
        expr: 'histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[5m]))) > 1'
        for: '5m'
        keep_firing_for: '1m30s'
        labels:
          severity: 'high'
          team: 'api'
        annotations:
          summary: 'The API server doesn''t answer.'
          description: 'Shown as {{ "{{" }} $value }}.'
          runbook_url: 'https://runbooks.example/api#down'
      - alert: 'APIServerDown'
        expr: 'up{job="api"} == 0'
        labels:
          severity: 'critical'
        annotations:
          summary: 'The API server doesn''t answer.'
          runbook_url: 'https://runbooks.example/api#down'
`)
  })

  it('refuses two rules with one name', () => {
    const rule = defineAlertRule(OPTIONS)
    expect(() => toPrometheusRules([rule, rule])).toThrow('different names')
  })

  it.each([0, 1.5, Number.NaN])('refuses an interval of %d ms', (intervalMs) => {
    expect(() => toPrometheusRules([], { intervalMs })).toThrow('`intervalMs` must be')
  })
})

describePromtool('A rule file', (promtool) => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'assay-rules-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('is taken by Prometheus with every kind of expression', async () => {
    const gauge = measure.gauge({ metric: 'depth', by: ['a', 'b'], fold: 'sum' })
    const increase = measure.increase({ metric: 'x_total', windowMs: 90_001, by: ['a'] })
    const expressions = [
      gauge,
      increase,
      measure.streak({ metric: 'failures_in_a_row', where: { a: { notMatches: '\\d+\\.x' } } }),
      measure.average({ metric: 'up', windowMs: 1 }),
      measure.rate({ metric: 'x_total', windowMs: 60_000 }),
      measure.observations({ ...SECONDS, atMost: 1e-7 }),
      measure.shareAbove({ ...SECONDS, bound: 1e21 }),
      measure.quantile({ ...SECONDS, quantile: 0.999, by: ['a'] }),
      measure.ratio(gauge, measure.sum(gauge, measure.difference(gauge, gauge))),
      measure.comparedWithDaysBefore(measure.ratio(increase, increase), 7),
    ]
    const rules = expressions.map((expr, index) =>
      defineAlertRule({ ...OPTIONS, name: `Rule${index}`, expr, op: '!=', threshold: -1e-9 }),
    )
    const file = join(folder, 'all.yml')
    await writeFile(file, toPrometheusRules(rules, { intervalMs: 1_500 }))
    const { exitCode, output } = await promtool.run('check', 'rules', file)
    expect(output).toContain(`${rules.length} rules found`)
    expect(exitCode).toBe(0)
  })

  it('brings texts to Prometheus as they were written, however hostile', async () => {
    const texts = [
      'plain',
      '{{ $value }} and {{ printf "%q" .Labels }}',
      '{{{{ }} {{- /* x */ -}}',
      '`{{` "quoted" \'single\' \\ back',
      'two\nlines\r\n\ttabbed: # - [x]',
      '%s &amp; <b>',
      '\u0000 \u0007 \u007F \u0085 \u2028 \uFEFF 😀 é',
      '- no: list',
      '!!binary x',
      '&a *a | >',
    ]
    const rules = texts.map((text, index) =>
      defineAlertRule({
        ...OPTIONS,
        name: `Rule${index}`,
        expr: measure.gauge({ metric: 'up', where: { text } }),
        summary: text,
        labels: { text },
      }),
    )
    await writeFile(join(folder, 'rules.yml'), toPrometheusRules(rules))
    const series = texts.map((text) => ({ metric: 'up', labels: { text }, values: [0, 0] }))
    const alerts = rules.map(({ name, labels }) => ({
      rule: name,
      state: 'firing' as const,
      labels,
    }))
    const scenario = {
      name: 'texts',
      intervalMs: 60_000,
      series,
      expectations: [{ atMs: 60_000, alerts }],
    }
    // What promtool compares alerts with has annotations too.
    const annotations = rules.map(({ name, labels, summary, runbookUrl }) => ({
      eval_time: '1m',
      alertname: name,
      exp_alerts: [
        {
          exp_labels: { ...labels, severity: 'critical' },
          exp_annotations: { summary, runbook_url: runbookUrl },
        },
      ],
    }))
    const test = toPromtoolTests(rules, [scenario])
    const extra = formatYaml({ alert_rule_test: annotations }).replaceAll(/^/gm, '    ').trimEnd()
    const file = join(folder, 'texts.yml')
    await writeFile(file, `${test}${extra}\n`)
    const { exitCode, output } = await promtool.run('test', 'rules', file)
    expect(output).toContain('SUCCESS')
    expect(exitCode).toBe(0)
  })
})
