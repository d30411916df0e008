import { InvalidOptionError } from '@assay/core'

import { readReachMs, type WindowFarEnd } from '../window/window-reach.ts'

/** What can be set of the rule on duplicate scans. */
export interface DuplicateScanOptions {
  /** Whose data it is, where findings of several tenants meet. Part of every fingerprint. */
  readonly tenant?: string | null | undefined
  /** How far apart two scans of a card are duplicates, in milliseconds. Default 5,000. */
  readonly windowMs?: number | undefined
  /**
   * Whether scans that lie exactly `windowMs` apart are duplicates. `exclusive` is for parity with
   * queries that ask for less. Default `inclusive`.
   */
  readonly farEnd?: WindowFarEnd | undefined
  /**
   * Which scans are one burst. `neighbours`: each lies at most `windowMs` after the one before it.
   * `two-minutes` is for parity: all scans of a card within the same two minutes since the epoch, and only
   * while the last lies at most `windowMs` after the first. Default `neighbours`.
   */
  readonly grouping?: 'neighbours' | 'two-minutes' | undefined
}

/** What the rule on duplicate scans is set to. */
export interface DuplicateScanConfig {
  readonly tenant: string | null
  readonly windowMs: number
  /** The most milliseconds by which duplicates lie apart. */
  readonly reachMs: number
  readonly grouping: 'neighbours' | 'two-minutes'
}

/**
 * Checks options and fills in what they leave out.
 *
 * @param options durations in milliseconds
 * @returns the settings of `duplicateScanDetector`
 * @throws `INVALID_OPTION` for an option that is out of range
 *
 * @example
 * ```ts
 * import { readDuplicateScanConfig } from '@assay/detectors'
 *
 * console.log(readDuplicateScanConfig({ farEnd: 'exclusive' }).reachMs) // 4999
 * ```
 */
export function readDuplicateScanConfig({
  tenant = null,
  windowMs = 5_000,
  farEnd = 'inclusive',
  grouping = 'neighbours',
}: DuplicateScanOptions = {}): DuplicateScanConfig {
  if (grouping !== 'neighbours' && grouping !== 'two-minutes') {
    throw new InvalidOptionError(FACTORY, 'grouping', '`neighbours` or `two-minutes`')
  }
  return {
    tenant,
    windowMs,
    reachMs: readReachMs(FACTORY, 'windowMs', windowMs, farEnd),
    grouping,
  }
}

const FACTORY = 'readDuplicateScanConfig'
