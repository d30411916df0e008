import {
  type BalanceRowOptions,
  readBalanceRowConfig,
} from '../balance-discrepancies/balance-row-config.ts'
import { balanceRowDetector } from '../balance-discrepancies/balance-row-detector.ts'
import { configureDetector } from '../detector/combine-detectors.ts'
import {
  type DuplicateScanOptions,
  readDuplicateScanConfig,
} from '../duplicate-scans/duplicate-scan-config.ts'
import { duplicateScanDetector } from '../duplicate-scans/duplicate-scan-detector.ts'
import {
  type RaceConditionOptions,
  readRaceConditionConfig,
} from '../race-conditions/race-condition-config.ts'
import { raceConditionDetector } from '../race-conditions/race-condition-detector.ts'
import {
  type FailureRateOptions,
  readFailureRateConfig,
} from '../transaction-failures/failure-rate-config.ts'
import { failureRateDetector } from '../transaction-failures/failure-rate-detector.ts'
import {
  readTransactionFailureConfig,
  type TransactionFailureOptions,
} from '../transaction-failures/transaction-failure-config.ts'
import { transactionFailureDetector } from '../transaction-failures/transaction-failure-detector.ts'
import type { MonitoredDetector } from './monitor-detectors.ts'
import { defaultMonitorSchedule, type MonitorSchedule } from './monitor-schedule.ts'

/** How the detectors of a monitor judge, and how often. */
export interface MonitoredDetectorOptions {
  /** Whose data it is, where findings of several tenants meet. Part of every fingerprint. */
  readonly tenant?: string | undefined
  readonly schedule?: MonitorSchedule | undefined
  readonly transactionFailures?: TransactionFailureOptions | undefined
  readonly failureRate?: FailureRateOptions | undefined
  readonly balances?: BalanceRowOptions | undefined
  readonly duplicateScans?: DuplicateScanOptions | undefined
  readonly raceConditions?: RaceConditionOptions | undefined
}

/**
 * All detectors on events, for a monitor. Those of one cadence read and judge each event together.
 *
 * @param options how each judges; and how often, by default every 15 seconds
 *
 * @example
 * ```ts
 * import { createMonitoredDetectors, festivalMonitorSchedule } from '@assay/detectors'
 *
 * const detectors = createMonitoredDetectors({ schedule: festivalMonitorSchedule })
 * console.log(detectors.map(({ everyMs }) => everyMs)) // [ 30000, 30000, 30000, 120000, 120000 ]
 * ```
 */
export function createMonitoredDetectors({
  tenant,
  schedule = defaultMonitorSchedule,
  transactionFailures,
  failureRate,
  balances,
  duplicateScans,
  raceConditions,
}: MonitoredDetectorOptions = {}): readonly MonitoredDetector[] {
  const failures = readTransactionFailureConfig({ tenant, ...transactionFailures })
  const rate = readFailureRateConfig({ tenant, ...failureRate })
  const rows = readBalanceRowConfig({ tenant, ...balances })
  const scans = readDuplicateScanConfig({ tenant, ...duplicateScans })
  const races = readRaceConditionConfig({ tenant, ...raceConditions })
  return [
    {
      detector: configureDetector(transactionFailureDetector, failures),
      everyMs: schedule.transactionFailures,
    },
    {
      detector: configureDetector(failureRateDetector, rate),
      everyMs: schedule.transactionFailures,
    },
    {
      detector: configureDetector(balanceRowDetector, rows),
      everyMs: schedule.balanceDiscrepancies,
    },
    {
      detector: configureDetector(duplicateScanDetector, scans),
      everyMs: schedule.duplicateScans,
    },
    {
      detector: configureDetector(raceConditionDetector, races),
      everyMs: schedule.raceConditions,
    },
  ]
}
