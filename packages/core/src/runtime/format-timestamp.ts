/**
 * A moment as RFC 3339 writes it, in UTC with milliseconds.
 *
 * @param epochMs milliseconds since the Unix epoch
 * @returns such as `2026-05-01T09:30:00.000Z`
 * @throws RangeError where the calendar has no such moment
 *
 * @example
 * ```ts
 * import { formatTimestamp } from '@assay/core'
 *
 * console.log(formatTimestamp(1_777_627_800_000)) // 2026-05-01T09:30:00.000Z
 * ```
 */
export function formatTimestamp(epochMs: number): string {
  return new Date(epochMs).toISOString()
}
