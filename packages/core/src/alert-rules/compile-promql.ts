import { type AlertExpression, isLeafExpression, type LeafExpression } from './alert-expression.ts'
import type { AlertCondition, AlertRule } from './alert-rule.ts'
import { assertAlertRule } from './assert-alert-rules.ts'
import { countOfExpression, isZeroWithoutSeries } from './count-of-expression.ts'
import { formatPrometheusDuration } from './format-prometheus-duration.ts'
import { type LabelMatcher, matchersOf } from './label-match.ts'

export const DAY_MS = 86_400_000

/**
 * The condition of a rule in PromQL: what it selects is what alerts.
 *
 * @throws {InvalidOptionError} `INVALID_OPTION` for a rule that is not made by `defineAlertRule`
 */
export function compileRuleToPromql(rule: AlertRule): string {
  assertAlertRule('compileRuleToPromql', rule)
  const { and, or, ...condition } = rule
  const all = [condition, ...and].map(compileCondition)
  const alternatives = [joinBy('and', all), ...or.map(compileCondition)]
  return joinBy('or', alternatives)
}

/**
 * An expression in PromQL.
 *
 * @param expr what is measured
 * @param offsetMs how long ago, in milliseconds
 */
export function compileToPromql(expr: AlertExpression, offsetMs = 0): string {
  if (isLeafExpression(expr)) return compileLeafToPromql(expr, offsetMs)
  switch (expr.kind) {
    case 'ratio': {
      const part = compileToPromql(expr.part, offsetMs)
      const whole = compileToPromql(expr.whole, offsetMs)
      // There is no share of nothing; Prometheus would divide, and find it infinitely large.
      const divisor = `(${whole} != 0)`
      // A counter that has not begun has no series, and a part without a series would have no ratio.
      return isZeroWithoutSeries(expr.part)
        ? `((${part} or ${whole} * 0) / ${divisor})`
        : `(${part} / ${divisor})`
    }
    case 'sum':
      return `(${compileToPromql(expr.left, offsetMs)} + ${compileToPromql(expr.right, offsetMs)})`
    case 'difference':
      return `(${compileToPromql(expr.left, offsetMs)} - ${compileToPromql(expr.right, offsetMs)})`
    case 'compared': {
      const days = Array.from({ length: expr.days }, (_, day) =>
        compileToPromql(expr.of, offsetMs + (day + 1) * DAY_MS),
      )
      return `(${compileToPromql(expr.of, offsetMs)} / ((${days.join(' + ')}) / ${expr.days}))`
    }
  }
}

/** What a source measures, in PromQL. Equal texts mean equal measurements. */
export function compileLeafToPromql(expr: LeafExpression, offsetMs: number): string {
  const { metric } = expr
  const matchers = matchersOf(expr.where)
  const offset = offsetMs === 0 ? '' : ` offset ${formatPrometheusDuration(offsetMs)}`
  const instant = `${metric}${formatMatchers(matchers)}${offset}`
  if (expr.kind === 'absent') return `absent(${instant})`
  if (expr.kind === 'gauge' || expr.kind === 'streak') return fold(expr.fold, expr.by, instant)

  const window = `[${formatPrometheusDuration(expr.windowMs)}]${offset}`
  const range = `${metric}${formatMatchers(matchers)}${window}`
  switch (expr.kind) {
    case 'average':
      // Not `avg_over_time`, whose rounding depends on the version of Prometheus.
      return fold(expr.fold, expr.by, `(sum_over_time(${range}) / count_over_time(${range}))`)
    case 'increase':
    case 'rate':
      return fold(expr.fold, expr.by, `${expr.kind}(${range})`)
    case 'observations': {
      const ofBucket = `${metric}_bucket${formatMatchers([...matchers, bucketMatcher(expr.atMost)])}`
      const ofAll = `${metric}_count${formatMatchers(matchers)}`
      const series = expr.atMost === null ? ofAll : ofBucket
      return fold(expr.fold, expr.by, `increase(${series}${window})`)
    }
    case 'quantile': {
      const buckets = `${metric}_bucket${formatMatchers(matchers)}${window}`
      return `histogram_quantile(${expr.quantile}, ${fold('sum', ['le', ...expr.by], `rate(${buckets})`)})`
    }
  }
}

function compileCondition({ expr, op, threshold, minSamples }: AlertCondition): string {
  const left = compileToPromql(expr)
  // In PromQL a value that is no number differs from every number.
  const comparison =
    op === '!='
      ? `(${left} < ${threshold} or ${left} > ${threshold})`
      : `${left} ${op} ${threshold}`
  const count = minSamples === 0 ? undefined : countOfExpression(expr)
  if (count === undefined) return comparison
  return `(${comparison} and ${compileToPromql(count)} >= ${minSamples})`
}

function joinBy(operator: 'and' | 'or', parts: readonly string[]): string {
  return parts.length === 1 ? parts[0]! : parts.map((part) => `(${part})`).join(` ${operator} `)
}

function fold(operator: string, by: readonly string[] | null, inner: string): string {
  const bare = inner.startsWith('(') ? inner.slice(1, -1) : inner
  if (by === null) return inner
  return by.length === 0 ? `${operator}(${bare})` : `${operator} by (${by.join(', ')}) (${bare})`
}

function formatMatchers(matchers: readonly LabelMatcher[]): string {
  if (matchers.length === 0) return ''
  const texts = matchers.map(
    // PromQL reads the escapes of JSON.
    ({ label, operator, value }) => `${label}${operator}${JSON.stringify(value)}`,
  )
  return `{${texts.join(',')}}`
}

/** Clients write the bound 30 as `30` or `30.0`, and a million as `1000000` or `1e+06`. */
function bucketMatcher(bound: number | null): LabelMatcher {
  const plain = String(bound)
  const exponential = Number(bound)
    .toExponential()
    .replace(/e([+-])(\d)$/, 'e$10$2')
  const forms = new Set([plain, exponential])
  if (Number.isInteger(bound)) forms.add(`${plain}.0`)
  const value = Array.from(forms, (form) => form.replaceAll(/[.+]/g, '\\$&')).join('|')
  return { label: 'le', operator: '=~', value }
}
