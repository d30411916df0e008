import type { AlertRule } from '../alert-rules/alert-rule.ts'
import type { AlertRuleOptions } from '../alert-rules/define-alert-rule.ts'
import { defineAlertRule } from '../alert-rules/define-alert-rule.ts'
import type { MetricNames } from './rule-metrics.ts'

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

/** What part of the system an alert is about. The default policy routes by it. */
export type AlertComponent =
  | 'api'
  | 'contract'
  | 'database'
  | 'oracle'
  | 'redis'
  | 'solana'
  | 'system'

/** A rule of the library, without what all of them share. */
export type LibraryRuleOptions = Omit<AlertRuleOptions, 'runbookUrl' | 'labels'> & {
  readonly component: AlertComponent
}

/** What the rules of the library are made with. */
export interface RuleContext {
  readonly names: MetricNames
  /** The scrape jobs whose `up` says whether a service is there; `null` where nobody scrapes it. */
  readonly jobs: { readonly api: string | null; readonly oracle: string | null }
  /** Defines a rule with its runbook and its `component` label. */
  define(this: void, options: LibraryRuleOptions): AlertRule
}

/** What is made for a scrape job: nothing where nobody scrapes it. */
export function ifScraped<Made>(job: string | null, make: (job: string) => Made): readonly Made[] {
  return job === null ? [] : [make(job)]
}

/** @param runbookBaseUrl the page that has a heading for each alert */
export function createRuleContext(
  names: MetricNames,
  jobs: RuleContext['jobs'],
  runbookBaseUrl: string,
): RuleContext {
  return {
    names,
    jobs,
    define: ({ component, ...options }) =>
      defineAlertRule({
        ...options,
        runbookUrl: `${runbookBaseUrl}#${options.name.toLowerCase()}`,
        labels: { component },
      }),
  }
}
