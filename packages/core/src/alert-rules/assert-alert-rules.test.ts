import { expect, it } from 'vitest'

import { createMetrics } from '../metrics/create-metrics.ts'
import type { AlertRule } from './alert-rule.ts'
import { compileRuleToPromql } from './compile-promql.ts'
import { createRegistrySource } from './create-registry-source.ts'
import { createRuleEvaluator } from './create-rule-evaluator.ts'
import { defineAlertRule } from './define-alert-rule.ts'
import { measure } from './measure.ts'
import { toPrometheusRules } from './to-prometheus-rules.ts'
import { toPromtoolTests } from './to-promtool-tests.ts'
import { toRunbookMarkdown } from './to-runbook-markdown.ts'

const OPTIONS = {
  name: 'QueueTooLong',
  severity: 'medium',
  expr: measure.gauge({ metric: 'queue_depth' }),
  op: '>',
  threshold: 50,
  runbookUrl: 'https://runbooks.example/queue',
  summary: 'Jobs wait for long.',
} as const
const RULE = defineAlertRule(OPTIONS)

const TAKERS: Record<string, (rules: readonly AlertRule[]) => unknown> = {
  createRuleEvaluator: (rules) =>
    createRuleEvaluator({ rules, source: createRegistrySource(createMetrics()) }),
  toPrometheusRules: (rules) => toPrometheusRules(rules),
  toPromtoolTests: (rules) => toPromtoolTests(rules, []),
  toRunbookMarkdown: (rules) => toRunbookMarkdown(rules),
}

it.each(Object.entries(TAKERS))('%s refuses what defineAlertRule did not make', (factory, take) => {
  const wrong = [[OPTIONS], [{ ...RULE, and: undefined }], [null], ['up == 0'], RULE, undefined]
  for (const rules of wrong) {
    const taken = (): unknown => take(rules as never)
    expect(taken).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTION',
        context: { factory, option: 'rules' },
        message: `${factory}: \`rules\` must be a list of rules made by \`defineAlertRule\`.`,
      }),
    )
  }
})

it.each(Object.entries(TAKERS))('%s refuses two rules of one name', (factory, take) => {
  expect(() => take([RULE, RULE])).toThrow(
    expect.objectContaining({
      message: `${factory}: \`rules\` must be rules with different names.`,
    }),
  )
})

it.each(Object.entries(TAKERS))('%s takes a rule that another copy of us made', (_, take) => {
  expect(() => take([structuredClone(RULE)])).not.toThrow()
})

it('compileRuleToPromql refuses what defineAlertRule did not make', () => {
  for (const rule of [OPTIONS, undefined]) {
    expect(() => compileRuleToPromql(rule as never)).toThrow(
      '`rule` must be made by `defineAlertRule`.',
    )
  }
})
