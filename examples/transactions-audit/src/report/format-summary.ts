import type { BalanceReason, RuleSummary } from '@assay/detectors'

import { formatCount, formatTable } from './format-table.ts'

/** What became of an audit. */
export interface AuditSummary {
  /** Rows of the file below its header, malformed ones too. */
  readonly rows: number
  /** Rows that repeat another word for word. */
  readonly repeated: number
  readonly rejected: number
  readonly rejectedByKind: readonly (readonly [kind: string, count: number])[]
  readonly rules: Readonly<Record<string, RuleSummary<BalanceReason>>>
}

/** The summary as a table for people. */
export function formatSummary(summary: AuditSummary): string {
  const { rows, repeated, rejected, rejectedByKind, rules } = summary
  const counts = [
    ['rows', formatCount(rows)],
    ...(repeated === 0 ? [] : [['repeated word for word', formatCount(repeated)]]),
    ['malformed', formatCount(rejected)],
    ...rejectedByKind.map(([kind, count]) => [`  ${kind}`, formatCount(count)]),
  ]
  const ruleRows = Object.entries(rules).map(([ruleId, { findings, evaluated, notEvaluable }]) => [
    ruleId,
    formatCount(findings),
    formatCount(evaluated),
    formatCount(sum(Object.values(notEvaluable))),
    Object.entries(notEvaluable)
      .map(([reason, count]) => `${reason} ${formatCount(count)}`)
      .join(', '),
  ])
  const head = ['rule', 'findings', 'judged', 'not evaluable', 'because']
  return `${formatTable(counts)}\n\n${formatTable([head, ...ruleRows])}`
}

/** The summary as the last line of the JSON. */
export function summaryToJson({ rows, rejected, rules }: AuditSummary): string {
  const findings = Object.fromEntries(
    Object.entries(rules).map(([ruleId, rule]) => [ruleId, rule.findings]),
  )
  return JSON.stringify({ summary: { rows, rejected, findings } })
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}
