const DAY_MS = 86_400_000

/**
 * The last whole day by UTC that was over at `at`, for repositories and gauges that count by calendar
 * day, such as the users of yesterday. A rule compares it with the days before by
 * `measure.comparedWithDaysBefore`.
 *
 * @param at in epoch milliseconds
 * @returns its first moment, and the first moment of the day after it, in epoch milliseconds
 *
 * @example
 * ```ts
 * import { lastUtcDay } from '@assay/core'
 *
 * const { from, to } = lastUtcDay(Date.UTC(2026, 2, 1, 0, 0, 0))
 * console.log(new Date(from).toISOString()) // 2026-02-28T00:00:00.000Z
 * console.log(to === Date.UTC(2026, 2, 1)) // true
 * ```
 */
export function lastUtcDay(at: number): { readonly from: number; readonly to: number } {
  const to = Math.floor(at / DAY_MS) * DAY_MS
  return { from: to - DAY_MS, to }
}
