/** What moves a watermark. */
export interface WatermarkFacts {
  /** The watermark so far; `null` before the first page. */
  readonly before: number | null
  /** How far the events that were read have come; `null` while that cannot be told. */
  readonly backlogTime: number | null
  /** Up to when the source is read; `null` while more is waiting there. */
  readonly completeUpTo: number | null
  readonly now: number
  readonly allowedLatenessMs: number
}

/**
 * The moment up to which all events have been delivered, unless one is later than it may be.
 *
 * While a backlog is read only the events themselves tell how far it has come, most of them together
 * and no single one. Once it is read the source tells it exactly, and time goes on without events. One
 * millisecond is held back, so that events of the same moment may stand on two pages. It never goes
 * back.
 *
 * @returns epoch milliseconds; `null` while nothing is known
 */
export function nextWatermark({
  before,
  backlogTime,
  completeUpTo,
  now,
  allowedLatenessMs,
}: WatermarkFacts): number | null {
  const reached = completeUpTo ?? backlogTime
  if (reached === null) return before
  const watermark = Math.min(reached, now) - allowedLatenessMs - 1
  return before === null ? watermark : Math.max(before, watermark)
}

/** From when on a source that is complete brings the watermark so far. The inverse of the above. */
export function momentOf(
  watermark: number,
  { allowedLatenessMs }: Pick<WatermarkFacts, 'allowedLatenessMs'>,
): number {
  return watermark + allowedLatenessMs + 1
}
