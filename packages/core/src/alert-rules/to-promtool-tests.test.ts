import { expect, it } from 'vitest'

import { defineAlertRule } from './define-alert-rule.ts'
import { measure } from './measure.ts'
import { type PromtoolScenario, toPromtoolTests } from './to-promtool-tests.ts'

const rule = defineAlertRule({
  name: 'APIServerDown',
  severity: 'critical',
  expr: measure.gauge({ metric: 'up' }),
  op: '==',
  threshold: 0,
  runbookUrl: 'https://runbooks.example/api',
  summary: 'The API server does not answer.',
  labels: { team: 'api' },
})
const scenario: PromtoolScenario = {
  name: 'it goes away',
  intervalMs: 15_000,
  series: [
    { metric: 'up', labels: { zone: 'b', job: 'a"b' }, values: [1, null, 'stale', 0] },
    { metric: 'other', labels: {}, values: [Infinity, -Infinity, Number.NaN, -1.5e-9] },
  ],
  expectations: [
    { atMs: 0, alerts: [] },
    { atMs: 45_000, alerts: [{ rule: 'APIServerDown', state: 'pending', labels: { job: 'a"b' } }] },
  ],
}

it('writes samples and the alerts that they lead to', () => {
  const options = { ruleFile: 'assay.yml', evaluationIntervalMs: 15_000 }
  expect(toPromtoolTests([rule], [scenario], options)).toBe(`rule_files:
  - 'assay.yml'
evaluation_interval: '15s'
tests:
  - name: 'it goes away'
    interval: '15s'
    input_series:
      - series: 'up{job="a\\"b",zone="b"}'
        values: '1 _ stale 0'
      - series: 'other'
        values: 'Inf -Inf NaN -1.5e-9'
    promql_expr_test:
      - expr: 'ALERTS'
        eval_time: '0s'
        exp_samples: []
      - expr: 'ALERTS'
        eval_time: '45s'
        exp_samples:
          - labels: 'ALERTS{alertname="APIServerDown",alertstate="pending",job="a\\"b",severity="critical",team="api"}'
            value: 1
`)
})

it('refuses an expectation about a rule that is not there', () => {
  expect(() => toPromtoolTests([], [scenario])).toThrow('about rules that are there')
})
