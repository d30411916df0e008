import { positionOfTick, type SampleRing, tickAt, valueAt } from './sample-ring.ts'
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

/** A series is extrapolated to an edge when its sample is this much of the usual distance away. */
const EDGE_DISTANCE_MAX = 1.1

/**
 * By how much a counter grew over a window, estimated as `increase` of Prometheus does: what the
 * samples show, stretched towards the edges of the window. Towards an edge that is farther than 1.1
 * sampling intervals it is stretched by half an interval, because the series seems to begin or end
 * there; towards the beginning never beyond the moment at which the counter would have been 0.
 *
 * @param limitsToZeroFirst whether the last of these is settled before the distance to the edge is
 *   judged, as Prometheus did up to 2.51
 * @returns `undefined` where fewer than two samples are in the window
 * @see https://prometheus.io/docs/prometheus/latest/querying/functions/#increase
 */
export function extrapolatedIncrease(
  ring: SampleRing,
  times: TickTimes,
  window: TickWindow,
  limitsToZeroFirst: boolean,
): number | undefined {
  const factor = extrapolation(ring, times, window, limitsToZeroFirst)
  return factor === undefined ? undefined : growth * factor
}

/** {@link extrapolatedIncrease}, for each second of the window. */
export function extrapolatedRate(
  ring: SampleRing,
  times: TickTimes,
  window: TickWindow,
  limitsToZeroFirst: boolean,
): number | undefined {
  const factor = extrapolation(ring, times, window, limitsToZeroFirst)
  // In this order, so that the last bit is as in Prometheus.
  return factor === undefined ? undefined : growth * (factor / ((window.to - window.from) / 1_000))
}

/** What the samples of the last window showed: a second result of {@link extrapolation}. */
let growth = 0

function extrapolation(
  ring: SampleRing,
  times: TickTimes,
  window: TickWindow,
  limitsToZeroFirst: boolean,
): number | undefined {
  const first = positionOfTick(ring, window.firstTick)
  const last = positionOfTick(ring, window.endTick) - 1
  if (last <= first) return undefined

  const firstValue = valueAt(ring, first)
  growth = valueAt(ring, last) - firstValue
  if (ring.resetAt > first) addWhatResetsLost(ring, first, last)

  const firstTime = times.at(tickAt(ring, first))
  const lastTime = times.at(tickAt(ring, last))
  const sampled = (lastTime - firstTime) / 1_000
  const interval = sampled / (last - first)
  const edgeDistanceMax = interval * EDGE_DISTANCE_MAX
  const toEnd = (window.to - lastTime) / 1_000
  const toStart = (firstTime - window.from) / 1_000
  const toZero = growth > 0 && firstValue >= 0 ? sampled * (firstValue / growth) : Infinity

  let before = limitsToZeroFirst ? Math.min(toStart, toZero) : toStart
  if (before >= edgeDistanceMax) before = interval / 2
  if (!limitsToZeroFirst) before = Math.min(before, toZero)
  const after = toEnd < edgeDistanceMax ? toEnd : interval / 2
  return (sampled + before + after) / sampled
}

/** One by one, so that the last bit is as in Prometheus. */
function addWhatResetsLost(ring: SampleRing, first: number, last: number): void {
  let previous = valueAt(ring, first)
  for (let position = first + 1; position <= last; position += 1) {
    const value = valueAt(ring, position)
    if (value < previous) growth += previous
    previous = value
  }
}
