import { assertWholeNumber } from '../errors/invalid-option-error.ts'
import type { AlertRule } from './alert-rule.ts'
import { assertAlertRules } from './assert-alert-rules.ts'
import { compileRuleToPromql } from './compile-promql.ts'
import { formatPrometheusDuration } from './format-prometheus-duration.ts'
import { formatYaml } from './format-yaml.ts'

/** Options of {@link toPrometheusRules}. */
export interface PrometheusRulesOptions {
  /** Name of the rule group. Default `assay`. */
  readonly group?: string | undefined
  /** How often Prometheus evaluates the group, in milliseconds. Default: its global interval. */
  readonly intervalMs?: number | undefined
}

/**
 * Writes alert rules as a rule file for Prometheus 2.42 or newer, in the order in which they are given.
 *
 * @param rules made by `defineAlertRule`, each with a name of its own
 * @param options.intervalMs how often Prometheus evaluates them, in milliseconds
 * @returns the file, in YAML
 * @throws `INVALID_OPTION` when two rules have the same name, or one is not made by `defineAlertRule`
 *
 * @example
 * ```ts
 * import { defineAlertRule, measure, toPrometheusRules } from '@assay/core'
 *
 * const down = defineAlertRule({
 *   name: 'APIServerDown',
 *   severity: 'critical',
 *   expr: measure.gauge({ metric: 'up', where: { job: 'api' } }),
 *   op: '==',
 *   threshold: 0,
 *   forMs: 60_000,
 *   runbookUrl: 'https://runbooks.example/api-server-down',
 *   summary: 'The API server does not answer.',
 * })
 * console.log(toPrometheusRules([down]).includes(`expr: 'up{job="api"} == 0'`)) // true
 * ```
 */
export function toPrometheusRules(
  rules: readonly AlertRule[],
  { group = 'assay', intervalMs }: PrometheusRulesOptions = {},
): string {
  assertAlertRules('toPrometheusRules', rules)
  if (intervalMs !== undefined)
    assertWholeNumber('toPrometheusRules', 'intervalMs', intervalMs, { min: 1 })
  return formatYaml({
    groups: [
      {
        name: group,
        interval: intervalMs === undefined ? undefined : formatPrometheusDuration(intervalMs),
        rules: rules.map((rule) => ({
          alert: rule.name,
          expr: compileRuleToPromql(rule),
          for: durationUnlessZero(rule.forMs),
          keep_firing_for: durationUnlessZero(rule.keepFiringForMs),
          labels: escapeTemplates(labelsOfRule(rule)),
          annotations: escapeTemplates(annotationsOfRule(rule)),
        })),
      },
    ],
  })
}

/** The labels that a rule gives to each of its alerts in Prometheus. */
export function labelsOfRule({ severity, labels }: AlertRule): Record<string, string> {
  return { severity, ...labels }
}

/** The annotations that a rule gives to each of its alerts in Prometheus. */
function annotationsOfRule(rule: AlertRule): Record<string, string> {
  const { summary, description, runbookUrl } = rule
  return { summary, ...(description !== undefined && { description }), runbook_url: runbookUrl }
}

function durationUnlessZero(ms: number): string | undefined {
  return ms === 0 ? undefined : formatPrometheusDuration(ms)
}

/** Prometheus reads labels and annotations as templates of Go. */
function escapeTemplates(texts: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, text.replaceAll('{{', '{{ "{{" }}')]),
  )
}
