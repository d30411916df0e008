import type { SlidingWindow } from './sliding-window.ts'

/**
 * Counts an event that comes after later ones, in its place. Where the window is full, or moments of its
 * span have become one, it is counted with the next moment and leaves with that one.
 *
 * @param at when it happened, in epoch milliseconds; still within the window's reach
 * @param kind its number
 */
export function enterWindowLate(window: SlidingWindow, at: number, kind: number): void {
  const { moments, counts, totals } = window
  const kinds = totals.length
  let index = moments.length
  while (index > window.first && moments[index - 1]! >= at) index -= 1
  if (!joinsMoment(window, index, at)) {
    moments.splice(index, 0, at)
    counts.splice(index * kinds, 0, ...totals.map(() => 0))
  }
  const place = index * kinds + kind
  counts[place] = counts[place]! + 1
  totals[kind] = totals[kind]! + 1
}

function joinsMoment(
  { moments, first, momentsMax, coarseUpTo, coarseMs }: SlidingWindow,
  index: number,
  at: number,
): boolean {
  const next = moments[index]
  if (next === undefined) return false
  if (next === at || moments.length - first >= momentsMax) return true
  if (coarseUpTo === null || next > coarseUpTo) return false
  return Math.floor(next / coarseMs) === Math.floor(at / coarseMs)
}
