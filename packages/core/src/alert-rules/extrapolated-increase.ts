import { findSpan, isPresent, sampleAt, type SampleTable, type TickSpan } from './sample-table.ts'
import type { TickTimes } from './tick-times.ts'

/** A window over ticks. */
export interface TickWindow {
  /** Where it begins and ends, in epoch milliseconds. */
  readonly from: number
  readonly to: number
  /** The first tick in it, and the first one behind it. */
  readonly firstTick: number
  readonly endTick: number
}

/** The samples of a metric, and when they were taken. */
export interface TimedTable {
  readonly table: SampleTable
  readonly times: TickTimes
}

/** A series is extrapolated to an edge when its sample is less than this many intervals away. */
const EDGE_DISTANCE_MAX = 1.1

/** Filled anew by each call: an object for each of millions of measurements would be felt. */
const span: TickSpan = { first: 0, last: 0, count: 0 }

/**
 * By how much a counter grew over a window, estimated as `increase` of Prometheus does: what the
 * samples show, stretched towards the edges of the window. Towards an edge that is farther than 1.1
 * sampling intervals it is stretched by half an interval, because the series seems to begin or end
 * there; towards the beginning never beyond the moment at which the counter would have been 0.
 *
 * @param limitsToZeroFirst whether the last of these is settled before the distance to the edge is
 *   judged, as Prometheus did up to 2.51
 * @param seconds what the estimate is divided by: the length of the window for a rate, else 1
 * @returns `undefined` where fewer than two samples are in the window
 * @see https://prometheus.io/docs/prometheus/latest/querying/functions/#increase
 */
export function extrapolatedIncrease(
  { table, times }: TimedTable,
  column: number,
  window: TickWindow,
  { limitsToZeroFirst, seconds }: { limitsToZeroFirst: boolean; seconds: number },
): number | undefined {
  findSpan(table, column, window.firstTick, window.endTick, span)
  const { first, last, count } = span
  if (count < 2) return undefined

  const firstValue = sampleAt(table, column, first)
  let growth = sampleAt(table, column, last) - firstValue
  if (table.resetTick[column]! > first) growth = addResets(table, column, first, last, growth)

  const firstTime = times.at(first)
  const lastTime = times.at(last)
  const sampled = (lastTime - firstTime) / 1_000
  const interval = sampled / (count - 1)
  const edgeDistanceMax = interval * EDGE_DISTANCE_MAX
  const toEnd = (window.to - lastTime) / 1_000
  const toStart = (firstTime - window.from) / 1_000
  const toZero =
    growth > 0 && firstValue >= 0 ? sampled * (firstValue / growth) : Number.POSITIVE_INFINITY

  let before = limitsToZeroFirst ? Math.min(toStart, toZero) : toStart
  if (before >= edgeDistanceMax) before = interval / 2
  if (!limitsToZeroFirst) before = Math.min(before, toZero)
  const after = toEnd < edgeDistanceMax ? toEnd : interval / 2
  // In this order, so that the last bit is as in Prometheus.
  return growth * ((sampled + before + after) / sampled / seconds)
}

/** Adds what a counter had reached before each time that it began anew. */
function addResets(
  table: SampleTable,
  column: number,
  first: number,
  last: number,
  growth: number,
): number {
  let corrected = growth
  let previous = sampleAt(table, column, first)
  for (let tick = first + 1; tick <= last; tick += 1) {
    if (!isPresent(table, column, tick)) continue
    const value = sampleAt(table, column, tick)
    if (value < previous) corrected += previous
    previous = value
  }
  return corrected
}
