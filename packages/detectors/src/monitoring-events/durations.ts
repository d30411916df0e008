/** Events are counted by hour, in milliseconds. */
export const HOUR_MS = 3_600_000

/** Events are kept for days, in milliseconds. */
export const DAY_MS = 24 * HOUR_MS
