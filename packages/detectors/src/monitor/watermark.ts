/** What moves a watermark. */
export interface WatermarkFacts {
  /** The watermark so far; `null` before the first page. */
  readonly before: number | null
  /** The greatest event time of the page; `null` for a page without events. */
  readonly eventTimeMax: number | null
  /** Up to when the source is read; `null` while more is waiting there. */
  readonly completeUpTo: number | null
  readonly now: number
  readonly allowedLatenessMs: number
}

/**
 * The moment up to which all events have been delivered, unless one is later than it may be.
 *
 * While a backlog is read only the events themselves tell how far it has come; once it is read, time
 * goes on without them. One millisecond is held back, so that events of the same moment may stand on
 * two pages. It never goes back.
 *
 * @returns epoch milliseconds; `null` while nothing is known
 */
export function nextWatermark({
  before,
  eventTimeMax,
  completeUpTo,
  now,
  allowedLatenessMs,
}: WatermarkFacts): number | null {
  const reached = [
    ...(eventTimeMax === null ? [] : [Math.min(eventTimeMax, now)]),
    ...(completeUpTo === null ? [] : [Math.min(completeUpTo, now)]),
  ].map((moment) => moment - allowedLatenessMs - 1)
  if (before !== null) reached.push(before)
  return reached.length === 0 ? null : Math.max(...reached)
}

/** From when on a source that is complete brings the watermark so far. The inverse of the above. */
export function momentOf(
  watermark: number,
  { allowedLatenessMs }: Pick<WatermarkFacts, 'allowedLatenessMs'>,
): number {
  return watermark + allowedLatenessMs + 1
}
