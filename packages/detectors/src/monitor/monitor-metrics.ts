import type { Counter, Gauge, Histogram, Metrics } from '@assay/core'

import type { RuleSummary } from '../detector/detect-over-accounts.ts'
import type { RunnerStep } from '../detector/detector-runner.ts'
import type { MonitorCommit } from './monitor-store.ts'

/** Counter by `pass`: rows that were read. */
export const MONITOR_EVENTS_READ_TOTAL = 'monitor_events_read_total'
/** Counter by `rule`: verdicts that were given. */
export const MONITOR_EVALUATED_TOTAL = 'monitor_evaluated_total'
/** Counter by `rule` and `reason`: verdicts that could not be given. */
export const MONITOR_NOT_EVALUABLE_TOTAL = 'monitor_not_evaluable_total'
/** Counter by `pass`: events that came later than allowed. */
export const MONITOR_LATE_EVENTS_TOTAL = 'monitor_late_events_total'
/** Counter by `pass`: late events that could not be judged any more. */
export const MONITOR_NOT_REJUDGED_TOTAL = 'monitor_not_rejudged_total'
/** Counter by `pass`: rows that were set aside. */
export const MONITOR_SET_ASIDE_TOTAL = 'monitor_set_aside_total'
/** Counter by `rule` and `action`: findings that were handed to the store. */
export const MONITOR_FINDINGS_TOTAL = 'monitor_findings_total'
/** Gauge by `pass`: how far the watermark is behind the clock. */
export const MONITOR_LAG_SECONDS = 'monitor_lag_seconds'
/** Histogram by `pass`: how long a cycle takes. */
export const MONITOR_CYCLE_SECONDS = 'monitor_cycle_seconds'

/** What of the events was judged, and what was not: in the metrics of one monitor. */
export interface MonitorMetrics {
  ofPass(pass: string): MonitorCoverage
}

/** The counts of one pass. */
export interface MonitorCoverage {
  /** Only what was committed counts, so that a page that is lost does not count twice. */
  judged(rows: number, step: Pick<RunnerStep, 'evaluated' | 'notEvaluable' | 'late'>): void
  /** Accounts of a page were reconciled, or could not be. */
  reconciled(rows: number, ruleId: string, verdicts: Omit<RuleSummary, 'findings'>): void
  committed(commit: MonitorCommit): void
  notRejudged(events: number): void
  lag(seconds: number): void
  cycle(seconds: number): void
}

/** Registers the metrics of a monitor. */
export function createMonitorMetrics(metrics: Metrics): MonitorMetrics {
  const read = metrics.counter({
    name: MONITOR_EVENTS_READ_TOTAL,
    help: 'Events that were read.',
    labelNames: ['pass'],
  })
  const evaluated = metrics.counter({
    name: MONITOR_EVALUATED_TOTAL,
    help: 'Verdicts of the rules.',
    labelNames: ['rule'],
  })
  const notEvaluable = metrics.counter({
    name: MONITOR_NOT_EVALUABLE_TOTAL,
    help: 'Where a rule could give no verdict.',
    labelNames: ['rule', 'reason'],
  })
  const late = metrics.counter({
    name: MONITOR_LATE_EVENTS_TOTAL,
    help: 'Events that came later than allowed.',
    labelNames: ['pass'],
  })
  const notRejudged = metrics.counter({
    name: MONITOR_NOT_REJUDGED_TOTAL,
    help: 'Late events that could not be judged any more.',
    labelNames: ['pass'],
  })
  const aside = metrics.counter({
    name: MONITOR_SET_ASIDE_TOTAL,
    help: 'Rows that were set aside.',
    labelNames: ['pass'],
  })
  const findings = metrics.counter({
    name: MONITOR_FINDINGS_TOTAL,
    help: 'Findings that were handed to the store.',
    labelNames: ['rule', 'action'],
  })
  const lag = metrics.gauge({
    name: MONITOR_LAG_SECONDS,
    help: 'How far the watermark is behind the clock.',
    labelNames: ['pass'],
  })
  const cycle = metrics.histogram({
    name: MONITOR_CYCLE_SECONDS,
    help: 'How long a cycle takes.',
    labelNames: ['pass'],
  })
  return {
    ofPass: (pass) =>
      createCoverage(pass, {
        read,
        evaluated,
        notEvaluable,
        late,
        notRejudged,
        aside,
        findings,
        lag,
        cycle,
      }),
  }
}

interface Families {
  readonly read: Counter<'pass'>
  readonly evaluated: Counter<'rule'>
  readonly notEvaluable: Counter<'rule' | 'reason'>
  readonly late: Counter<'pass'>
  readonly notRejudged: Counter<'pass'>
  readonly aside: Counter<'pass'>
  readonly findings: Counter<'rule' | 'action'>
  readonly lag: Gauge<'pass'>
  readonly cycle: Histogram<'pass'>
}

function createCoverage(pass: string, families: Families): MonitorCoverage {
  const { evaluated, notEvaluable, findings } = families
  const read = families.read.labels({ pass })
  const late = families.late.labels({ pass })
  const aside = families.aside.labels({ pass })
  return {
    judged(rows, step) {
      read.inc(rows)
      late.inc(step.late.length)
      for (const [rule, count] of Object.entries(step.evaluated)) {
        if (count > 0) evaluated.labels({ rule }).inc(count)
      }
      for (const { ruleId: rule, reason } of step.notEvaluable) {
        notEvaluable.labels({ rule, reason }).inc()
      }
    },
    reconciled(rows, rule, verdicts) {
      read.inc(rows)
      evaluated.labels({ rule }).inc(verdicts.evaluated)
      for (const [reason, count = 0] of Object.entries(verdicts.notEvaluable)) {
        notEvaluable.labels({ rule, reason }).inc(count)
      }
    },
    committed(commit) {
      aside.inc(commit.setAside.length)
      for (const { ruleId: rule, action } of commit.findings)
        findings.labels({ rule, action }).inc()
    },
    notRejudged: (events) => families.notRejudged.labels({ pass }).inc(events),
    lag: (seconds) => families.lag.labels({ pass }).set(seconds),
    cycle: (seconds) => families.cycle.labels({ pass }).observe(seconds),
  }
}
