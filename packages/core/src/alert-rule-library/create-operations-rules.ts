import type { AlertRule } from '../alert-rules/alert-rule.ts'
import { createApiRules } from './api-rules.ts'
import { createBurnRateRules } from './burn-rate-rules.ts'
import { createChainRules } from './chain-rules.ts'
import { createDatabaseRules } from './database-rules.ts'
import { createObjectiveRules } from './objective-rules.ts'
import { createRuleContext } from './rule-context.ts'
import { type MetricNames, namesOfMetrics } from './rule-metrics.ts'
import { createSystemRules } from './system-rules.ts'

/** Options of {@link createOperationsRules}. */
export interface OperationsRulesOptions {
  /**
   * The scrape job of the API servers. Default `api`. `null` leaves out the rules about whether
   * Prometheus can reach them: where you have none, and for evaluation in process, where nothing
   * measures that.
   */
  readonly apiJob?: string | null | undefined
  /** The scrape job of the oracle services, or `null` likewise. Default `oracle`. */
  readonly oracleJob?: string | null | undefined
  /** Metrics that your exporters name otherwise; see `operationsMetrics` for the defaults. */
  readonly metricNames?: Partial<MetricNames> | undefined
  /** The page that has a heading for each alert. Default: the one in Assay's documentation. */
  readonly runbookBaseUrl?: string | undefined
}

const RUNBOOKS_URL = 'https://github.com/assay-dev/assay/blob/main/docs/alerts.md'

/**
 * The alert rules of the operations guides, ready to evaluate in process or to export: services that
 * are down, errors, latency, pools, disks, memory, slots, settlements, randomness, the table of
 * objectives, and burn rates of the error budgets.
 *
 * @returns the rules, in the order of their domains; filter by name or label what you do not run
 * @throws {InvalidOptionError} `INVALID_OPTION` for a metric name or an address that cannot be one, or a
 * key of `metricNames` that is none
 *
 * @example
 * ```ts
 * import { createOperationsRules, toPrometheusRules } from '@assay/core'
 *
 * const rules = createOperationsRules({ apiJob: 'payments-api' })
 * console.log(rules[0]?.name, rules[0]?.severity) // APIServerDown critical
 * console.log(toPrometheusRules(rules).includes('payments-api')) // true
 * ```
 *
 * @example In process, without Prometheus
 * ```ts
 * import { createOperationsRules } from '@assay/core'
 *
 * const rules = createOperationsRules({ apiJob: null, oracleJob: null })
 * console.log(rules[0]?.name) // APIHighErrorRate
 * ```
 */
export function createOperationsRules({
  apiJob = 'api',
  oracleJob = 'oracle',
  metricNames,
  runbookBaseUrl = RUNBOOKS_URL,
}: OperationsRulesOptions = {}): readonly AlertRule[] {
  const jobs = { api: apiJob, oracle: oracleJob }
  const names = namesOfMetrics('createOperationsRules', metricNames)
  const context = createRuleContext(names, jobs, runbookBaseUrl)
  return [
    createApiRules,
    createChainRules,
    createDatabaseRules,
    createSystemRules,
    createObjectiveRules,
    createBurnRateRules,
  ].flatMap((createRules) => createRules(context))
}
