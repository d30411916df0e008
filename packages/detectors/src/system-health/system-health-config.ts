import { assertWholeNumber, InvalidOptionError } from '@assay/core'

import type { Finding } from '../detector/finding.ts'
import type { Share } from '../transaction-failures/failure-rate-config.ts'
import type { SystemHealthRuleId } from './system-health.ts'

/** Which window, and what is healthy. */
export interface SystemHealthOptions {
  /** Transactions from this moment count, in epoch milliseconds. */
  readonly fromMs: number
  /** Transactions up to this moment count, itself included, in epoch milliseconds. */
  readonly toMs: number
  /** Whose data it is, where findings of several tenants meet. Part of the fingerprint. */
  readonly tenant?: string | null | undefined
  /** Degraded when a greater share of transactions fails; exactly that much is healthy. Default 5 of 100. */
  readonly failuresAbove?: Share | undefined
  /** Degraded when the 95th percentile of processing times is longer, in milliseconds. Default 5,000. */
  readonly slowAboveMs?: number | undefined
  /** Degraded when more accounts hold less than nothing. Default: any number is healthy. */
  readonly negativeAbove?: number | undefined
  /** How many transactions must have completed or failed for a status, at least 1. Default 1. */
  readonly sampleMin?: number | undefined
  /**
   * The status when too few transactions completed or failed. `degraded` is for parity with monitors
   * that warn when nobody pays. Default `unknown`.
   */
  readonly idleStatus?: 'unknown' | 'degraded' | undefined
  /** The most processing times of which each is kept, for exact percentiles. Default 100,000. */
  readonly samplesMax?: number | undefined
  /** What an earlier measurement found and is not resolved yet. Default: nothing. */
  readonly openFinding?: Pick<Finding<SystemHealthRuleId>, 'fingerprint'> | null | undefined
}

/** {@link SystemHealthOptions} with nothing left out. */
export interface SystemHealthConfig {
  readonly fromMs: number
  readonly toMs: number
  readonly tenant: string | null
  readonly failuresAbove: Share
  readonly slowAboveMs: number
  readonly negativeAbove: number
  readonly sampleMin: number
  readonly idleStatus: 'unknown' | 'degraded'
  readonly samplesMax: number
  readonly openFinding: Pick<Finding<SystemHealthRuleId>, 'fingerprint'> | null
}

/** Checks options and fills in what they leave out. */
export function readSystemHealthConfig({
  fromMs,
  toMs,
  tenant = null,
  failuresAbove = { failed: 5, of: 100 },
  slowAboveMs = 5_000,
  negativeAbove = Number.POSITIVE_INFINITY,
  sampleMin = 1,
  idleStatus = 'unknown',
  samplesMax = 100_000,
  openFinding = null,
}: SystemHealthOptions): SystemHealthConfig {
  assertWholeNumber(FUNCTION, 'fromMs', fromMs, { min: Number.MIN_SAFE_INTEGER })
  assertWholeNumber(FUNCTION, 'toMs', toMs, { min: fromMs })
  assertShare(failuresAbove)
  assertWholeNumber(FUNCTION, 'slowAboveMs', slowAboveMs, { min: 0, allowInfinity: true })
  assertWholeNumber(FUNCTION, 'negativeAbove', negativeAbove, { min: 0, allowInfinity: true })
  assertWholeNumber(FUNCTION, 'sampleMin', sampleMin, { min: 1 })
  assertWholeNumber(FUNCTION, 'samplesMax', samplesMax, { min: 0 })
  if (idleStatus !== 'unknown' && idleStatus !== 'degraded') {
    throw new InvalidOptionError(FUNCTION, 'idleStatus', '`unknown` or `degraded`')
  }
  return {
    fromMs,
    toMs,
    tenant,
    failuresAbove,
    slowAboveMs,
    negativeAbove,
    sampleMin,
    idleStatus,
    samplesMax,
    openFinding,
  }
}

const FUNCTION = 'measureSystemHealth'

function assertShare({ failed, of }: Share): void {
  const isShare = Number.isSafeInteger(failed) && Number.isSafeInteger(of)
  if (isShare && failed >= 0 && failed < of && of <= 1_000_000) return
  const requirement = 'two whole numbers with 0 ≤ failed < of ≤ 1,000,000'
  throw new InvalidOptionError(FUNCTION, 'failuresAbove', requirement)
}
