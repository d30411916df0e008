import type { AlertRule } from './alert-rule.ts'
import { assertAlertRules } from './assert-alert-rules.ts'
import { compileRuleToPromql } from './compile-promql.ts'
import { formatPrometheusDuration } from './format-prometheus-duration.ts'

/**
 * Writes one heading for each alert: what it means, how urgent it is, when it fires and where to read
 * on. What to do stands behind the link.
 *
 * @param rules made by `defineAlertRule`, each with a name of its own
 * @returns Markdown with headings of the second level
 * @throws `INVALID_OPTION` when two rules have the same name, or one is not made by `defineAlertRule`
 *
 * @example
 * ```ts
 * import { defineAlertRule, measure, toRunbookMarkdown } from '@assay/core'
 *
 * const down = defineAlertRule({
 *   name: 'APIServerDown',
 *   severity: 'critical',
 *   expr: measure.gauge({ metric: 'up', where: { job: 'api' } }),
 *   op: '==',
 *   threshold: 0,
 *   runbookUrl: 'https://runbooks.example/api-server-down',
 *   summary: 'The API server does not answer.',
 * })
 * console.log(toRunbookMarkdown([down]).split('\n')[0]) // ## APIServerDown
 * ```
 */
export function toRunbookMarkdown(rules: readonly AlertRule[]): string {
  assertAlertRules('toRunbookMarkdown', rules)
  return rules.map(formatSection).join('\n')
}

function formatSection(rule: AlertRule): string {
  const { name, summary, description, severity, forMs, keepFiringForMs, runbookUrl } = rule
  const facts = [
    `- Severity: ${severity}`,
    `- Fires: ${forMs === 0 ? 'at once' : `after ${formatPrometheusDuration(forMs)}`}`,
    ...(keepFiringForMs === 0
      ? []
      : [`- Fires on for: ${formatPrometheusDuration(keepFiringForMs)}`]),
    ...minimumsOf(rule),
    `- Runbook: <${runbookUrl}>`,
  ]
  const words = description === undefined ? summary : `${summary}\n\n${description}`
  return `## ${name}\n\n${words}\n\n${facts.join('\n')}\n\n\`\`\`promql\n${compileRuleToPromql(rule)}\n\`\`\`\n`
}

function minimumsOf({ minSamples, and, or }: AlertRule): readonly string[] {
  const most = Math.max(minSamples, ...[...and, ...or].map((each) => each.minSamples))
  return most === 0 ? [] : [`- Needs: ${most} events in the window`]
}
