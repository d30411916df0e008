/**
 * Counts of events by kind in a window that slides over event time, inclusive at both ends: with a
 * reach of W, an event at t still counts at t + W and no longer at t + W + 1. Plain data.
 *
 * What has entered is held as one count for each distinct moment. Beyond `momentsMax` moments those
 * within a second become one, which then leaves with its last event, up to a second late; should that
 * not halve them, two seconds, four, and so on. What enters afterwards is exact again, so a window that
 * is less busy for its own length is exact throughout.
 */
export interface SlidingWindow {
  /** How many events of each kind are in the window. */
  readonly totals: number[]
  /** Distinct moments in epoch milliseconds, oldest first; those before `first` have left. */
  moments: number[]
  /** For each moment one count for each kind, side by side. */
  counts: number[]
  /** Where in `moments` the oldest one stands that is in the window. */
  first: number
  readonly momentsMax: number
  /** Up to here moments stand for several; `null` while all are exact. */
  coarseUpTo: number | null
  /** What `coarseUpTo` refers to: how long the span is that became one moment. */
  coarseMs: number
}

/** The most distinct moments that a window holds one by one unless it is told otherwise. */
const MOMENTS_MAX = 10_000

/** The shortest span that becomes one moment. */
const COARSE_MS = 1_000

/** How many places of moments that have left are put up with before they are cut off. */
const SLACK = 64

/**
 * Makes a window in which nothing is.
 *
 * @param kinds how many kinds of events are told apart; they are numbered from 0
 * @param momentsMax the most distinct moments that are held one by one, at least 2
 */
export function createSlidingWindow(
  kinds: number,
  momentsMax: number = MOMENTS_MAX,
): SlidingWindow {
  return {
    totals: Array.from({ length: kinds }, () => 0),
    moments: [],
    counts: [],
    first: 0,
    momentsMax,
    coarseUpTo: null,
    coarseMs: COARSE_MS,
  }
}

/**
 * Counts an event.
 *
 * @param at when it happened, in epoch milliseconds; not before the event that entered last
 * @param kind its number
 */
export function enterWindow(window: SlidingWindow, at: number, kind: number): void {
  const { moments, totals } = window
  if (moments.length === window.first || moments[moments.length - 1] !== at) {
    if (moments.length - window.first >= window.momentsMax) makeCoarse(window)
    window.moments.push(at)
    for (let each = 0; each < totals.length; each += 1) window.counts.push(0)
  }
  const { counts } = window
  const place = counts.length - totals.length + kind
  counts[place] = counts[place]! + 1
  totals[kind] = totals[kind]! + 1
}

/**
 * Lets events leave that are further back than the window reaches.
 *
 * @param now the window's near end, in epoch milliseconds
 * @param reachMs the most that an event may lie before it
 */
export function leaveWindow(window: SlidingWindow, now: number, reachMs: number): void {
  const { moments, counts, totals } = window
  while (window.first < moments.length && now - moments[window.first]! > reachMs) {
    const place = window.first * totals.length
    for (let kind = 0; kind < totals.length; kind += 1) {
      totals[kind] = totals[kind]! - counts[place + kind]!
    }
    window.first += 1
  }
  if (window.first >= SLACK && window.first * 2 >= moments.length) cutOff(window)
}

/** When the oldest event leaves, in epoch milliseconds; infinite when nothing is in the window. */
export function nextLeaveAt({ moments, first }: SlidingWindow, reachMs: number): number {
  return first < moments.length ? moments[first]! + reachMs + 1 : Number.POSITIVE_INFINITY
}

/** How exactly the window is held: 1, or the span in milliseconds that became one moment. */
export function resolutionMsOf({ moments, first, coarseUpTo, coarseMs }: SlidingWindow): number {
  const isCoarse = coarseUpTo !== null && first < moments.length && moments[first]! <= coarseUpTo
  return isCoarse ? coarseMs : 1
}

function cutOff(window: SlidingWindow): void {
  window.counts = window.counts.slice(window.first * window.totals.length)
  window.moments = window.moments.slice(window.first)
  window.first = 0
}

/** Makes one moment of those that lie in the same span, until at most half of the places are taken. */
function makeCoarse(window: SlidingWindow): void {
  cutOff(window)
  // Spans that were made before are not divided again.
  let spanMs = resolutionMsOf(window) === 1 ? COARSE_MS : window.coarseMs
  joinSpans(window, spanMs)
  while (window.moments.length * 2 > window.momentsMax) {
    spanMs *= 2
    joinSpans(window, spanMs)
  }
  window.coarseMs = spanMs
  window.coarseUpTo = window.moments.at(-1) ?? null
}

function joinSpans(window: SlidingWindow, spanMs: number): void {
  const { moments, counts, totals } = window
  const kinds = totals.length
  let joined = 0
  let span = Number.NEGATIVE_INFINITY
  // In place: what is written never lies ahead of what is still to be read.
  for (const [index, moment] of moments.entries()) {
    const spanOfMoment = Math.floor(moment / spanMs)
    const isNew = spanOfMoment !== span
    if (isNew) joined += 1
    span = spanOfMoment
    moments[joined - 1] = moment
    for (let kind = 0; kind < kinds; kind += 1) {
      const place = (joined - 1) * kinds + kind
      counts[place] = (isNew ? 0 : counts[place]!) + counts[index * kinds + kind]!
    }
  }
  moments.length = joined
  counts.length = joined * kinds
}
