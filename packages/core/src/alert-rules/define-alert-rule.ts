import type { Severity } from '../alerts/severity.ts'
import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import type { AlertExpression } from './alert-expression.ts'
import type { AlertCondition, AlertOperator, AlertRule } from './alert-rule.ts'
import { assertAlertExpression, isPlain, LABEL_NAME } from './assert-alert-expression.ts'
import { countOfExpression } from './count-of-expression.ts'

/** A measurement that is not as it should be. */
export interface AlertConditionOptions {
  /** Made with the functions of `measure`. */
  readonly expr: AlertExpression
  readonly op: AlertOperator
  /** Finite, in the unit of the expression; a share is between 0 and 1. */
  readonly threshold: number
  /**
   * With fewer events than this in the window there is no data. It needs an expression that is
   * computed from events: a ratio to a number of events, or a quantile. Default 0.
   */
  readonly minSamples?: number | undefined
}

/** Options of {@link defineAlertRule}. */
export interface AlertRuleOptions extends AlertConditionOptions {
  /** In the form of a Prometheus alert name: `OracleServiceDown`. */
  readonly name: string
  readonly severity: Severity
  /** Conditions that must hold as well, for the same label set, as in a burn rate. Default: none. */
  readonly and?: readonly AlertConditionOptions[] | undefined
  /** Conditions each of which is enough by itself. Default: none. */
  readonly or?: readonly AlertConditionOptions[] | undefined
  /** How long it must hold before it fires, in milliseconds. Default 0. */
  readonly forMs?: number | undefined
  /**
   * How long it goes on firing when it no longer holds, in milliseconds. As in Prometheus, it no longer
   * holds as well when it has no data, such as too few samples. Default 0.
   */
  readonly keepFiringForMs?: number | undefined
  /** What to do about it: an `http` or `https` address. */
  readonly runbookUrl: string
  /** One line for a person. */
  readonly summary: string
  /** More, for the person who has read the line. */
  readonly description?: string | undefined
  /** Added to the labels of every alert, for routing. Default: none. */
  readonly labels?: Readonly<Record<string, string>> | undefined
}

const NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/
const SEVERITIES: readonly unknown[] = ['critical', 'high', 'medium', 'low'] satisfies Severity[]
const OPERATORS: readonly unknown[] = ['>', '>=', '<', '<=', '==', '!='] satisfies AlertOperator[]
/** Prometheus counts durations in nanoseconds of 64 bits; a year is far below that. */
const DURATION_MAX_MS = 366 * 86_400_000

/**
 * Defines an alert rule once, for the evaluator in this process, for Prometheus and for dashboards.
 *
 * A rule holds where its condition and all of `and` hold for the same label set, or where one of `or`
 * holds.
 *
 * @returns the rule, complete and frozen through
 * @throws `INVALID_OPTION` for what would not mean the same everywhere
 *
 * @example
 * ```ts
 * import { defineAlertRule, measure } from '@assay/core'
 *
 * const requests = { metric: 'http_requests_total', windowMs: 5 * 60_000 }
 * const rule = defineAlertRule({
 *   name: 'APIHighErrorRate',
 *   severity: 'high',
 *   expr: measure.ratio(
 *     measure.increase({ ...requests, where: { status: { matches: '5..' } } }),
 *     measure.increase(requests),
 *   ),
 *   op: '>',
 *   threshold: 0.05,
 *   minSamples: 20,
 *   forMs: 2 * 60_000,
 *   runbookUrl: 'https://runbooks.example/api-high-error-rate',
 *   summary: 'More than 5 % of the requests fail.',
 * })
 * console.log(rule.keepFiringForMs) // 0
 * ```
 */
export function defineAlertRule(options: AlertRuleOptions): AlertRule {
  requires(isPlain(options), 'options', 'an object')
  const { name, severity, runbookUrl, summary, description } = options
  const { forMs = 0, keepFiringForMs = 0, labels = {}, and = [], or = [] } = options

  requires(typeof name === 'string' && NAME.test(name), 'name', NAMED)
  requires(SEVERITIES.includes(severity), 'severity', '`critical`, `high`, `medium` or `low`')
  requires(isDuration(forMs), 'forMs', DURATION)
  requires(isDuration(keepFiringForMs), 'keepFiringForMs', DURATION)
  requires(isHttpUrl(runbookUrl), 'runbookUrl', 'an http or https address')
  requires(isText(summary) && summary !== '', 'summary', 'a text')
  requires(description === undefined || isText(description), 'description', 'a text')
  requires(isPlain(labels), 'labels', 'an object of texts')
  for (const [label, value] of Object.entries(labels)) {
    requires(LABEL_NAME.test(label), 'labels', 'named with letters, digits and `_`')
    requires(label !== 'alertname' && label !== 'severity', 'labels', OWN_LABELS)
    requires(isText(value) && value !== '', 'labels', 'texts that are not empty')
  }

  requires(Array.isArray(and), 'and', CONDITIONS)
  requires(Array.isArray(or), 'or', CONDITIONS)

  return freezeThrough(
    structuredClone({
      name,
      severity,
      ...toCondition(options, 'expr'),
      and: and.map((each) => toCondition(each, 'and')),
      or: or.map((each) => toCondition(each, 'or')),
      forMs,
      keepFiringForMs,
      runbookUrl,
      summary,
      description,
      labels,
    }),
  )
}

const NAMED = 'letters, digits and `_`, and not begin with a digit'
const OWN_LABELS = 'others than `alertname` and `severity`, which every alert has'
const CONDITIONS = 'a list of conditions'
const DURATION = 'whole milliseconds, at least 0 and at most 366 days'

function toCondition(options: AlertConditionOptions, option: string): AlertCondition {
  requires(isPlain(options), option, CONDITIONS)
  const { expr, op, threshold, minSamples = 0 } = options
  assertAlertExpression(expr, option)
  requires(OPERATORS.includes(op), 'op', '`>`, `>=`, `<`, `<=`, `==` or `!=`')
  requires(Number.isFinite(threshold), 'threshold', 'a finite number')
  requires(Number.isSafeInteger(minSamples) && minSamples >= 0, 'minSamples', 'a whole number')
  if (minSamples > 0) {
    requires(countOfExpression(expr) !== undefined, 'minSamples', 'left out: nothing is counted')
  }
  // Anything else would hold for ever or never: while there are series, Prometheus has no value here.
  if (expr.kind === 'absent') requires(op === '==' && threshold === 1, option, 'equal to 1')
  return { expr, op, threshold, minSamples }
}

function requires(holds: boolean, option: string, requirement: string): void {
  if (!holds) throw new InvalidOptionError('defineAlertRule', option, requirement)
}

function isDuration(ms: number): boolean {
  return Number.isInteger(ms) && ms >= 0 && ms <= DURATION_MAX_MS
}

/** Half a surrogate pair is no text to YAML. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed()
}

function isHttpUrl(value: unknown): boolean {
  return isText(value) && /^https?:$/.test(URL.parse(value)?.protocol ?? '')
}

function freezeThrough<Value extends object>(value: Value): Value {
  for (const inner of Object.values(value)) {
    if (typeof inner === 'object' && inner !== null) freezeThrough(inner)
  }
  return Object.freeze(value)
}
