import { InvalidOptionError } from '@assay/core'

/** How often each detector runs, and how often health is measured, in milliseconds. */
export interface MonitorSchedule {
  readonly transactionFailures: number
  /** Also how often accounts are reconciled. */
  readonly balanceDiscrepancies: number
  readonly duplicateScans: number
  readonly raceConditions: number
  /** How often the job of `createSystemHealthJob` runs. */
  readonly systemHealth: number
}

/** Every 15 seconds, so that a critical finding is there within 30; health every 5 minutes. */
export const defaultMonitorSchedule: MonitorSchedule = {
  transactionFailures: 15_000,
  balanceDiscrepancies: 15_000,
  duplicateScans: 15_000,
  raceConditions: 15_000,
  systemHealth: 300_000,
}

/** The cadences of the festival's monitoring: critical 30 s, medium 2 min, health 5 min. */
export const festivalMonitorSchedule: MonitorSchedule = {
  transactionFailures: 30_000,
  balanceDiscrepancies: 30_000,
  duplicateScans: 120_000,
  raceConditions: 120_000,
  systemHealth: 300_000,
}

/**
 * The festival's cadences, as far as the environment does not set its own. Hand them to `createMonitor`
 * as its `schedule`, and leave its `detectors` out or make them with the same schedule: then all of it
 * has effect.
 *
 * @param environment `MONITORING_INTERVAL_CRITICAL`, `MONITORING_INTERVAL_MEDIUM` and
 *   `MONITORING_INTERVAL_HEALTH`, in milliseconds; such as `process.env`
 * @throws `INVALID_OPTION` when one is no whole number from 1 to 9,999,999,999, without a unit
 *
 * @example
 * ```ts
 * import { readMonitorSchedule } from '@assay/detectors'
 *
 * const schedule = readMonitorSchedule({ MONITORING_INTERVAL_CRITICAL: '10000' })
 * console.log(schedule.transactionFailures, schedule.duplicateScans) // 10000 120000
 * ```
 */
export function readMonitorSchedule(
  environment: Readonly<Record<string, string | undefined>>,
): MonitorSchedule {
  const preset = festivalMonitorSchedule
  const read = (name: string, fallback: number): number => {
    const text = environment[name]
    if (text === undefined || text === '') return fallback
    if (/^[1-9]\d{0,9}$/.test(text)) return Number(text)
    throw new InvalidOptionError('readMonitorSchedule', name, WHAT_IT_MUST_BE)
  }
  const critical = read('MONITORING_INTERVAL_CRITICAL', preset.transactionFailures)
  const medium = read('MONITORING_INTERVAL_MEDIUM', preset.duplicateScans)
  return {
    transactionFailures: critical,
    balanceDiscrepancies: critical,
    duplicateScans: medium,
    raceConditions: medium,
    systemHealth: read('MONITORING_INTERVAL_HEALTH', preset.systemHealth),
  }
}

const WHAT_IT_MUST_BE =
  'a whole number of milliseconds without a unit, such as 30000, from 1 to 9999999999'
