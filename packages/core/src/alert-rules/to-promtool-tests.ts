import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import type { AlertRule } from './alert-rule.ts'
import { assertAlertRules } from './assert-alert-rules.ts'
import { formatPrometheusDuration } from './format-prometheus-duration.ts'
import { formatYaml } from './format-yaml.ts'
import { labelsOfRule } from './to-prometheus-rules.ts'

/** Samples, and the alerts that they must lead to. */
export interface PromtoolScenario {
  readonly name: string
  /** Time between two samples, in milliseconds. The first is at 0. */
  readonly intervalMs: number
  readonly series: readonly PromtoolSeries[]
  readonly expectations: readonly PromtoolExpectation[]
}

/** The samples of one series as a scrape would find them. */
export interface PromtoolSeries {
  /** The name of the series: of a histogram with `_bucket` and a label `le`. */
  readonly metric: string
  readonly labels: Readonly<Record<string, string>>
  /** One for each interval: `null` where nothing was scraped, `stale` where the series was gone. */
  readonly values: readonly (number | null | 'stale')[]
}

/** All alerts that are pending or firing at one time. */
export interface PromtoolExpectation {
  /** Time since the first sample in milliseconds, a multiple of the evaluation interval. */
  readonly atMs: number
  readonly alerts: readonly {
    /** Name of one of the rules. */
    readonly rule: string
    readonly state: 'pending' | 'firing'
    /** Those of the series; those of the rule are added. */
    readonly labels: Readonly<Record<string, string>>
  }[]
}

/** Options of {@link toPromtoolTests}. */
export interface PromtoolTestsOptions {
  /** Where `toPrometheusRules` was written to, relative to the test file. Default `rules.yml`. */
  readonly ruleFile?: string | undefined
  /** How often the rules are evaluated, in milliseconds. Default 60,000. */
  readonly evaluationIntervalMs?: number | undefined
}

/**
 * Writes scenarios as a test file for `promtool test rules`, which holds Prometheus to what a rule is
 * meant to do. Each expectation lists every alert that is pending or firing at its time, of all rules
 * in the rule file.
 *
 * Keep a scenario within 36 hours. In a longer one promtool moves samples to a block while it evaluates,
 * and now and again loses one of a series that is new just then (prometheus/prometheus#8365).
 *
 * @param rules those in the rule file
 * @param scenarios samples and what they must lead to
 * @returns the file, in YAML
 * @throws `INVALID_OPTION` when two rules have the same name, one is not made by `defineAlertRule`, or an
 * expectation names a rule that is not there
 *
 * @example
 * ```ts
 * import { defineAlertRule, measure, toPromtoolTests } from '@assay/core'
 *
 * const down = defineAlertRule({
 *   name: 'APIServerDown',
 *   severity: 'critical',
 *   expr: measure.gauge({ metric: 'up' }),
 *   op: '==',
 *   threshold: 0,
 *   runbookUrl: 'https://runbooks.example/api-server-down',
 *   summary: 'The API server does not answer.',
 * })
 * const file = toPromtoolTests([down], [
 *   {
 *     name: 'the server goes away',
 *     intervalMs: 60_000,
 *     series: [{ metric: 'up', labels: { job: 'api' }, values: [1, 0] }],
 *     expectations: [
 *       { atMs: 60_000, alerts: [{ rule: 'APIServerDown', state: 'firing', labels: { job: 'api' } }] },
 *     ],
 *   },
 * ])
 * console.log(file.includes(`series: 'up{job="api"}'`)) // true
 * ```
 */
export function toPromtoolTests(
  rules: readonly AlertRule[],
  scenarios: readonly PromtoolScenario[],
  { ruleFile = 'rules.yml', evaluationIntervalMs = 60_000 }: PromtoolTestsOptions = {},
): string {
  assertAlertRules('toPromtoolTests', rules)
  const ruleByName = new Map(rules.map((rule) => [rule.name, rule]))

  const sampleOf = ({ rule: name, state, labels }: PromtoolExpectation['alerts'][number]) => {
    const rule = ruleByName.get(name)
    if (rule === undefined) {
      throw new InvalidOptionError('toPromtoolTests', 'scenarios', 'about rules that are there')
    }
    const all = { ...labels, ...labelsOfRule(rule), alertname: name, alertstate: state }
    return { labels: formatSeries('ALERTS', all), value: 1 }
  }

  return formatYaml({
    rule_files: [ruleFile],
    evaluation_interval: formatPrometheusDuration(evaluationIntervalMs),
    tests: scenarios.map(({ name, intervalMs, series, expectations }) => ({
      name,
      interval: formatPrometheusDuration(intervalMs),
      input_series: series.map(toInputSeries),
      promql_expr_test: expectations.map(({ atMs, alerts }) => ({
        expr: 'ALERTS',
        eval_time: formatPrometheusDuration(atMs),
        exp_samples: alerts.map(sampleOf),
      })),
    })),
  })
}

/** A series as promtool reads it. */
export function toInputSeries({ metric, labels, values }: PromtoolSeries): {
  series: string
  values: string
} {
  return { series: formatSeries(metric, labels), values: values.map(formatSample).join(' ') }
}

/** A series' name and labels as Prometheus writes them. */
export function formatSeries(metric: string, labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return pairs.length === 0 ? metric : `${metric}{${pairs.join(',')}}`
}

function formatSample(value: number | null | 'stale'): string {
  if (value === null) return '_'
  if (value === Number.POSITIVE_INFINITY) return 'Inf'
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value)
}
