import { InvalidOptionError } from '@assay/core'

import { readReachMs, type WindowFarEnd } from '../window/window-reach.ts'

/** What can be set of the rule on concurrent requests. */
export interface RaceConditionOptions {
  /** Whose data it is, where findings of several tenants meet. Part of every fingerprint. */
  readonly tenant?: string | null | undefined
  /** How far apart two requests of an account are concurrent, in milliseconds. Default 2,000. */
  readonly windowMs?: number | undefined
  /**
   * Whether requests that lie exactly `windowMs` apart are concurrent. `exclusive` is for parity with
   * queries that ask for less. Default `inclusive`.
   */
  readonly farEnd?: WindowFarEnd | undefined
  /**
   * Which requests are concurrent. `neighbours`: each lies at most `windowMs` after the one before it.
   * `calendar-seconds` is for parity: those within the same second since the epoch, whatever
   * `windowMs` says. Default `neighbours`.
   */
  readonly grouping?: 'neighbours' | 'calendar-seconds' | undefined
}

/** What the rule on concurrent requests is set to. */
export interface RaceConditionConfig {
  readonly tenant: string | null
  readonly windowMs: number
  /** The most milliseconds by which concurrent requests lie apart. */
  readonly reachMs: number
  readonly grouping: 'neighbours' | 'calendar-seconds'
}

/**
 * Checks options and fills in what they leave out.
 *
 * @param options durations in milliseconds
 * @returns the settings of `raceConditionDetector`
 * @throws `INVALID_OPTION` for an option that is out of range
 *
 * @example
 * ```ts
 * import { readRaceConditionConfig } from '@assay/detectors'
 *
 * console.log(readRaceConditionConfig({ grouping: 'calendar-seconds' }).reachMs) // 999
 * ```
 */
export function readRaceConditionConfig({
  tenant = null,
  windowMs = 2_000,
  farEnd = 'inclusive',
  grouping = 'neighbours',
}: RaceConditionOptions = {}): RaceConditionConfig {
  if (grouping !== 'neighbours' && grouping !== 'calendar-seconds') {
    throw new InvalidOptionError(FACTORY, 'grouping', '`neighbours` or `calendar-seconds`')
  }
  const reachMs = readReachMs(FACTORY, 'windowMs', windowMs, farEnd)
  if (grouping === 'neighbours') return { tenant, windowMs, reachMs, grouping }
  return { tenant, windowMs: SECOND_MS, reachMs: SECOND_MS - 1, grouping }
}

const FACTORY = 'readRaceConditionConfig'

/** How long a calendar second is. */
export const SECOND_MS = 1_000
