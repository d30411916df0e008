import type { LeafExpression } from './alert-expression.ts'
import type { WindowEdge } from './alert-rule-source.ts'
import { extrapolatedIncrease, extrapolatedRate, type TickWindow } from './extrapolated-increase.ts'
import { createGroupedReader, createQuantileReader } from './group-series.ts'
import { compileMatches, equalitiesOf } from './label-match.ts'
import { createLabelSet, type RuleVector } from './rule-vector.ts'
import { positionOfTick, type SampleRing, tickAt, valueAt } from './sample-ring.ts'
import type { SeriesStore } from './series-store.ts'
import type { TickTimes } from './tick-times.ts'

/** How old the latest value of a gauge may be, in milliseconds, as in Prometheus. */
export const LOOKBACK_MS: number = 5 * 60_000

/** Measures one leaf as of a moment, in epoch milliseconds. */
export type LeafReader = (at: number) => RuleVector

/** The kept samples that a leaf is measured on. */
export interface LeafReaderOptions {
  readonly store: SeriesStore
  readonly times: TickTimes
  readonly edge: WindowEdge
}

/** Makes the function that measures a leaf on kept samples. */
export function createLeafReader(
  leaf: LeafExpression,
  { store, times, edge }: LeafReaderOptions,
): LeafReader {
  const matches = compileMatches(leaf.where)
  const findMembers = () => store.series.filter(({ labels }) => matches(labels))
  const limitsToZeroFirst = edge === 'closed'

  const windowAt = (to: number, windowMs: number): TickWindow => ({
    from: to - windowMs,
    to,
    firstTick: edge === 'closed' ? times.firstFrom(to - windowMs) : times.firstAfter(to - windowMs),
    endTick: times.firstAfter(to),
  })
  /** A series that was not there when the others were last sampled is gone. */
  const instantTick = (at: number): number => {
    const { firstTick, endTick } = windowAt(at, LOOKBACK_MS)
    return endTick > firstTick ? endTick - 1 : -1
  }

  switch (leaf.kind) {
    case 'gauge':
    case 'streak': {
      const read = createGroupedReader(leaf, store, findMembers)
      return (at) => {
        const tick = instantTick(at)
        return read(({ rings: [ring] }) => valueOfTick(ring!, tick))
      }
    }
    case 'absent': {
      const labelSets = [createLabelSet(equalitiesOf(leaf.where))]
      return (at) => {
        const tick = instantTick(at)
        const isThere = findMembers().some(
          ({ rings: [ring] }) => valueOfTick(ring!, tick) !== undefined,
        )
        return { labelSets, values: [isThere ? 0 : 1] }
      }
    }
    case 'average': {
      const read = createGroupedReader(leaf, store, findMembers)
      return (at) => {
        const window = windowAt(at, leaf.windowMs)
        return read(({ rings: [ring] }) => meanOver(ring!, window))
      }
    }
    case 'increase':
    case 'rate': {
      const read = createGroupedReader(leaf, store, findMembers)
      const estimate = leaf.kind === 'rate' ? extrapolatedRate : extrapolatedIncrease
      return (at) => {
        const window = windowAt(at, leaf.windowMs)
        return read(({ rings: [ring] }) => estimate(ring!, times, window, limitsToZeroFirst))
      }
    }
    case 'observations': {
      const bound = leaf.atMost ?? Number.POSITIVE_INFINITY
      const read = createGroupedReader(leaf, store, findMembers)
      return (at) => {
        const window = windowAt(at, leaf.windowMs)
        return read(({ rings, bounds }) => {
          const ring = rings[bounds.indexOf(bound)]
          return ring && extrapolatedIncrease(ring, times, window, limitsToZeroFirst)
        })
      }
    }
    case 'quantile': {
      const read = createQuantileReader(leaf, store, findMembers)
      return (at) => {
        const window = windowAt(at, leaf.windowMs)
        return read((ring) => extrapolatedRate(ring, times, window, limitsToZeroFirst))
      }
    }
  }
}

function valueOfTick(ring: SampleRing, tick: number): number | undefined {
  const position = positionOfTick(ring, tick)
  const isThere = position < ring.end && tickAt(ring, position) === tick
  return isThere ? valueAt(ring, position) : undefined
}

/** With the rounding errors of the sum made good, as `sum_over_time` of Prometheus (Neumaier). */
function meanOver(ring: SampleRing, { firstTick, endTick }: TickWindow): number | undefined {
  const first = positionOfTick(ring, firstTick)
  const end = positionOfTick(ring, endTick)
  if (end <= first) return undefined
  let sum = 0
  let lost = 0
  for (let position = first; position < end; position += 1) {
    const value = valueAt(ring, position)
    const next = sum + value
    lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum
    sum = next
  }
  return (Number.isFinite(sum) ? sum + lost : sum) / (end - first)
}
