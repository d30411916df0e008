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
 * Reads the cadences that the festival's monitoring took from its environment: critical for failures and
 * balances, medium for scans and races, health. What the environment leaves out is as in the preset, so
 * an empty one changes nothing. Hand the cadences to `createMonitor` as its `schedule`, and leave its
 * `detectors` out or make them with the same schedule: then all of it has effect.
 *
 * @param environment `MONITORING_INTERVAL_CRITICAL`, `MONITORING_INTERVAL_MEDIUM` and
 *   `MONITORING_INTERVAL_HEALTH`, in milliseconds; such as `process.env`
 * @param preset what holds where the environment says nothing. Default {@link defaultMonitorSchedule};
 *   `festivalMonitorSchedule` has the festival's own
 * @throws `INVALID_OPTION` when one is no whole number from 1 to 9,999,999,999, without a unit, and for
 *   any other variable that begins with `MONITORING_INTERVAL_`
 *
 * @example
 * ```ts
 * import { readMonitorSchedule } from '@assay/detectors'
 *
 * const schedule = readMonitorSchedule({ MONITORING_INTERVAL_CRITICAL: '10000' })
 * console.log(schedule.transactionFailures, schedule.duplicateScans) // 10000 15000
 * ```
 */
export function readMonitorSchedule(
  environment: Readonly<Record<string, string | undefined>>,
  preset: MonitorSchedule = defaultMonitorSchedule,
): MonitorSchedule {
  assertNames(environment)
  const critical = readInterval(environment, CRITICAL)
  const medium = readInterval(environment, MEDIUM)
  return {
    transactionFailures: critical ?? preset.transactionFailures,
    balanceDiscrepancies: critical ?? preset.balanceDiscrepancies,
    duplicateScans: medium ?? preset.duplicateScans,
    raceConditions: medium ?? preset.raceConditions,
    systemHealth: readInterval(environment, HEALTH) ?? preset.systemHealth,
  }
}

const PREFIX = 'MONITORING_INTERVAL_'
const CRITICAL = `${PREFIX}CRITICAL`
const MEDIUM = `${PREFIX}MEDIUM`
const HEALTH = `${PREFIX}HEALTH`
const NAMES: readonly string[] = [CRITICAL, MEDIUM, HEALTH]

type Environment = Parameters<typeof readMonitorSchedule>[0]

/** A name that is mistyped would be a cadence that nobody set. */
function assertNames(environment: Environment): void {
  const unknown = Object.keys(environment).find(
    (name) => name.startsWith(PREFIX) && environment[name] !== undefined && !NAMES.includes(name),
  )
  if (unknown === undefined) return
  const mustBe = `left out: the variables are ${NAMES.join(', ')}`
  throw new InvalidOptionError('readMonitorSchedule', unknown, mustBe)
}

function readInterval(environment: Environment, name: string): number | undefined {
  const text = environment[name]
  if (text === undefined || text === '') return undefined
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text)
  throw new InvalidOptionError('readMonitorSchedule', name, WHAT_IT_MUST_BE)
}

const WHAT_IT_MUST_BE =
  'a whole number of milliseconds without a unit, such as 30000, from 1 to 9999999999'
