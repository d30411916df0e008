import { assertWholeNumber } from '@assay/core'

import { createMonitoredDetectors } from '../../monitor/create-monitored-detectors.ts'
import { groupDetectors, type MonitoredDetector } from '../../monitor/monitor-detectors.ts'
import type { FestivalSimulationOptions } from '../festival/festival-plan.ts'
import { createFestivalSimulation } from '../festival/festival-simulation.ts'
import { type AccuracyExample, createAccuracyTally, type RuleAccuracy } from './accuracy-tally.ts'
import { monitorDay, RECONCILIATION_RULE_ID } from './monitor-day.ts'

/** What {@link measureAccuracy} simulates, and who judges it. */
export interface MeasureAccuracyOptions extends FestivalSimulationOptions {
  /** Default: all detectors of a monitor as they are set by default. */
  readonly detectors?: readonly MonitoredDetector[] | undefined
  /** How often rows are read, in milliseconds. Default 15,000. */
  readonly pollEveryMs?: number | undefined
  /** How late a row may come and be judged in its place, in milliseconds. Default 10,000. */
  readonly allowedLatenessMs?: number | undefined
  /** After how many polls the monitor dies and another one takes over. Default 200. */
  readonly restartEveryPolls?: number | undefined
  /**
   * Which of the detectors: those that judge account by account, to which the audit of each day's
   * ledger belongs, or those that judge the whole system. Default: both.
   */
  readonly scope?: 'account' | 'system' | undefined
  /** Called after each day. */
  readonly onDay?: ((progress: AccuracyProgress) => void) | undefined
}

/** How much was simulated, so far or in all. */
export interface AccuracyProgress {
  readonly days: number
  readonly accounts: number
  readonly transactions: number
  readonly scans: number
  /** Rows that arrived a second time. */
  readonly redelivered: number
  /** Rows that arrived later than allowed, in each pass of the monitor. */
  readonly late: number
}

/** How well detectors do. Plain data, as JSON writes it. */
export interface AccuracyReport extends AccuracyProgress {
  readonly seed: number
  readonly rules: readonly RuleAccuracy[]
  /** The first faults that were missed, at most 20. */
  readonly missed: readonly AccuracyExample[]
  /** The first findings that nothing explains, at most 20. */
  readonly unexplained: readonly AccuracyExample[]
}

/**
 * Measures detectors on a simulated festival: how many of the planted faults they find, and how often
 * they find one where none is. The rows arrive out of order, late and twice, and are read, judged and
 * stored as a monitor does.
 *
 * @param options the festival, and the detectors
 * @throws `INVALID_OPTION` for an option that is out of range
 *
 * @example
 * ```ts
 * import { measureAccuracy } from '@assay/detectors/testing'
 *
 * const { rules } = await measureAccuracy({ seed: 7, participants: 100 })
 * console.log(rules.every(({ unexplained }) => unexplained === 0)) // true
 * ```
 */
export async function measureAccuracy({
  detectors = createMonitoredDetectors(),
  pollEveryMs = 15_000,
  allowedLatenessMs = 10_000,
  restartEveryPolls = 200,
  scope,
  onDay,
  ...festival
}: MeasureAccuracyOptions): Promise<AccuracyReport> {
  assertWholeNumber('measureAccuracy', 'pollEveryMs', pollEveryMs, { min: 1 })
  assertWholeNumber('measureAccuracy', 'allowedLatenessMs', allowedLatenessMs, { min: 0 })
  assertWholeNumber('measureAccuracy', 'restartEveryPolls', restartEveryPolls, { min: 1 })
  const measured = detectors.filter(
    ({ detector }) => scope === undefined || detector.rules.scope === scope,
  )
  const groups = groupDetectors(measured)
  const isReconciled = scope !== 'system'
  const ruleIds = groups.flatMap(({ detector }) => Object.values(detector.rules.ruleIds).flat())
  const tally = createAccuracyTally([...ruleIds, ...(isReconciled ? [RECONCILIATION_RULE_ID] : [])])
  const progress = { days: 0, accounts: 0, transactions: 0, scans: 0, redelivered: 0, late: 0 }
  const options = { groups, pollEveryMs, allowedLatenessMs, restartEveryPolls, isReconciled }

  for (const day of createFestivalSimulation(festival).days()) {
    const monitored = await monitorDay(day, options)
    progress.days += 1
    progress.accounts += monitored.accounts
    progress.transactions += monitored.transactions
    progress.scans += monitored.scans
    progress.redelivered += monitored.redelivered
    progress.late += monitored.late
    tally.add(progress.days, day, monitored)
    onDay?.({ ...progress })
  }
  const { missed, unexplained } = tally
  return { seed: festival.seed, ...progress, rules: tally.rules(), missed, unexplained }
}
