/**
 * A moment as RFC 3339 writes it, in UTC with milliseconds.
 *
 * @param epochMs milliseconds since the Unix epoch
 * @returns such as `2026-05-01T09:30:00.000Z`
 * @throws RangeError where the calendar has no such moment
 */
export function formatTimestamp(epochMs: number): string {
  return new Date(epochMs).toISOString()
}
