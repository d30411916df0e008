import { assertWholeNumber, InvalidOptionError } from '@assay/core'

import { readReachMs } from '../window/window-reach.ts'

/** A share as a ratio of whole numbers, so that exactly that much can be told from more. */
export interface Share {
  /** So many failed… */
  readonly failed: number
  /** …of so many, at most 1,000,000. */
  readonly of: number
}

/** What can be set of the rule on the failure rate of the whole system. */
export interface FailureRateOptions {
  /** Whose data it is, where findings of several tenants meet. Part of every fingerprint. */
  readonly tenant?: string | null | undefined
  /** An episode begins when a greater share fails; exactly that much is silent. Default 5 of 100. */
  readonly opensAbove?: Share | undefined
  /** An episode ends when no greater share fails. At most `opensAbove`. Default 4 of 100. */
  readonly clearsAt?: Share | undefined
  /** The window over which transactions are counted, in milliseconds. Default 15 min. */
  readonly windowMs?: number | undefined
  /**
   * Whether a transaction that is exactly `windowMs` old counts. `exclusive` is for parity with
   * queries such as `created_at > now() - interval '15 minutes'`. Default `inclusive`.
   */
  readonly farEnd?: 'inclusive' | 'exclusive' | undefined
  /**
   * How many transactions must be in the window for an episode to begin, at least 1. Default 40: a
   * festival of 6,000 transactions a day sees 63 to 125 in 15 minutes.
   */
  readonly sampleMin?: number | undefined
  /**
   * How improbable so many failures must be if `opensAbove` were the true share, above 0 and below 1:
   * a one-sided exact binomial test at this level. `null` asks for none. Default `null`. The guide
   * says how many false alarms each level leads to.
   */
  readonly significance?: number | null | undefined
  /** By how much an episode's peak must grow to be told again, in hundredths of a percent. Default 500. */
  readonly peakStepBps?: number | undefined
  /** The most distinct milliseconds that are counted one by one; beyond, seconds are. Default 2,000. */
  readonly momentsMax?: number | undefined
  /**
   * The most counted transactions of the window that are known by name. While there are no more,
   * every one that is decided late is told from one that comes again. Default 1,000.
   */
  readonly knownMax?: number | undefined
  /**
   * The most pending transactions of the window that are known by name: they are counted when they are
   * decided, however many were counted since. Beyond, the oldest is forgotten. Default 10,000.
   */
  readonly pendingMax?: number | undefined
  /**
   * Whether pending transactions count as not failed, for parity. One that is pending and then decided
   * counts twice where both are delivered. Default false.
   */
  readonly countsPending?: boolean | undefined
}

/** What the rule on the failure rate is set to. */
export interface FailureRateConfig {
  readonly tenant: string | null
  readonly opensAbove: Share
  readonly clearsAt: Share
  readonly windowMs: number
  /** The most milliseconds by which a transaction may lie back. */
  readonly reachMs: number
  readonly sampleMin: number
  readonly significance: number | null
  readonly peakStepBps: number
  readonly momentsMax: number
  readonly knownMax: number
  readonly pendingMax: number
  readonly countsPending: boolean
}

/**
 * Checks options and fills in what they leave out.
 *
 * @param options durations in milliseconds, shares as ratios of whole numbers
 * @returns the settings of `failureRateDetector`
 * @throws `INVALID_OPTION` for an option that is out of range
 *
 * @example
 * ```ts
 * import { readFailureRateConfig } from '@assay/detectors'
 *
 * console.log(readFailureRateConfig({ significance: 0.001 }).sampleMin) // 40
 * ```
 */
export function readFailureRateConfig({
  tenant = null,
  opensAbove = { failed: 5, of: 100 },
  clearsAt = { failed: 4, of: 100 },
  windowMs = 900_000,
  farEnd = 'inclusive',
  sampleMin = 40,
  significance = null,
  peakStepBps = 500,
  momentsMax = 2_000,
  knownMax = 1_000,
  pendingMax = 10_000,
  countsPending = false,
}: FailureRateOptions = {}): FailureRateConfig {
  assertShare('opensAbove', opensAbove)
  assertShare('clearsAt', clearsAt)
  if (clearsAt.failed * opensAbove.of > opensAbove.failed * clearsAt.of) {
    throw new InvalidOptionError(FACTORY, 'clearsAt', 'at most `opensAbove`')
  }
  assertWholeNumber(FACTORY, 'sampleMin', sampleMin, { min: 1 })
  assertWholeNumber(FACTORY, 'peakStepBps', peakStepBps, { min: 1 })
  assertWholeNumber(FACTORY, 'momentsMax', momentsMax, { min: 2 })
  assertWholeNumber(FACTORY, 'knownMax', knownMax, { min: 0 })
  assertWholeNumber(FACTORY, 'pendingMax', pendingMax, { min: 0 })
  if (significance !== null && !(significance > 0 && significance < 1)) {
    throw new InvalidOptionError(FACTORY, 'significance', 'above 0 and below 1, or null')
  }
  return {
    tenant,
    opensAbove,
    clearsAt,
    windowMs,
    reachMs: readReachMs(FACTORY, 'windowMs', windowMs, farEnd),
    sampleMin,
    significance,
    peakStepBps,
    momentsMax,
    knownMax,
    pendingMax,
    countsPending,
  }
}

const FACTORY = 'readFailureRateConfig'

function assertShare(option: string, { failed, of }: Share): void {
  const isShare = Number.isSafeInteger(failed) && Number.isSafeInteger(of)
  if (isShare && failed > 0 && failed < of && of <= 1_000_000) return
  const requirement = 'two whole numbers with 0 < failed < of ≤ 1,000,000'
  throw new InvalidOptionError(FACTORY, option, requirement)
}
