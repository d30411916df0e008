import type { LeafExpression } from './alert-expression.ts'
import type { WindowEdge } from './alert-rule-source.ts'
import { extrapolatedIncrease, type TickWindow } from './extrapolated-increase.ts'
import { createGroupedReader, createQuantileReader, type GroupedReader } from './group-series.ts'
import { compileMatches, equalitiesOf } from './label-match.ts'
import { createLabelSet, type RuleVector } from './rule-vector.ts'
import { findSpan, isPresent, sampleAt, type SampleTable, type TickSpan } from './sample-table.ts'
import type { SeriesStore, StoredSeries } from './series-store.ts'
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
  const matches = compileMatches(leaf.where, edge)
  const findMembers = () => store.series.filter(({ labels }) => matches(labels))
  const { table } = store

  const windowAt = (to: number, windowMs: number): TickWindow => ({
    from: to - windowMs,
    to,
    firstTick: edge === 'closed' ? times.firstFrom(to - windowMs) : times.firstAfter(to - windowMs),
    endTick: times.firstAfter(to),
  })
  /** When the newest sample was taken that is missing. A refused series says nothing of the others. */
  const missingAt = (): number =>
    'by' in leaf && leaf.by === null ? store.lostAt : Math.max(store.lostAt, store.refusedAt)

  const atInstant = (read: (tick: number) => RuleVector): LeafReader => {
    return (at) => {
      const { firstTick, endTick } = windowAt(at, LOOKBACK_MS)
      // Of the last tick: a series that was not there when the others were last sampled is gone.
      const tick = endTick > firstTick ? endTick - 1 : -1
      return marked(read(tick), tick >= 0 && missingAt() >= times.at(tick))
    }
  }
  const overWindow = (windowMs: number, read: (window: TickWindow) => RuleVector): LeafReader => {
    return (at) => {
      const window = windowAt(at, windowMs)
      const { from } = window
      return marked(read(window), edge === 'closed' ? missingAt() >= from : missingAt() > from)
    }
  }
  const timed = { table, times }
  const estimate = {
    limitsToZeroFirst: edge === 'closed',
    seconds: leaf.kind === 'rate' || leaf.kind === 'quantile' ? leaf.windowMs / 1_000 : 1,
  }
  const increases = (read: GroupedReader, windowMs: number): LeafReader =>
    overWindow(windowMs, (window) =>
      read((column) => extrapolatedIncrease(timed, column, window, estimate)),
    )

  switch (leaf.kind) {
    case 'gauge':
    case 'streak': {
      const read = createGroupedReader(leaf, { store, findMembers, columnOf })
      return atInstant((tick) =>
        read((column) =>
          isPresent(table, column, tick) ? sampleAt(table, column, tick) : undefined,
        ),
      )
    }
    case 'absent': {
      const labelSets = [createLabelSet(equalitiesOf(leaf.where))]
      return atInstant((tick) => {
        const isThere = findMembers().some(({ column }) => isPresent(table, column, tick))
        return { labelSets, values: [isThere ? 0 : 1] }
      })
    }
    case 'average': {
      const read = createGroupedReader(leaf, { store, findMembers, columnOf })
      return overWindow(leaf.windowMs, (window) =>
        read((column) => meanOver(table, column, window)),
      )
    }
    case 'increase':
    case 'rate':
      return increases(createGroupedReader(leaf, { store, findMembers, columnOf }), leaf.windowMs)
    case 'observations': {
      const columnOfBound = columnOfBucket(leaf.atMost ?? Number.POSITIVE_INFINITY)
      const read = createGroupedReader(leaf, { store, findMembers, columnOf: columnOfBound })
      return increases(read, leaf.windowMs)
    }
    case 'quantile':
      return increases(createQuantileReader(leaf, { store, findMembers }), leaf.windowMs)
  }
}

function marked(vector: RuleVector, isIncomplete: boolean): RuleVector {
  return isIncomplete ? { ...vector, isIncomplete } : vector
}

function columnOf({ column }: StoredSeries): number {
  return column
}

function columnOfBucket(bound: number): (series: StoredSeries) => number | undefined {
  return ({ column, bounds }) => {
    const place = bounds.indexOf(bound)
    return place < 0 ? undefined : column + place
  }
}

const span: TickSpan = { first: 0, last: 0, count: 0 }

/** With the rounding errors of the sum made good, as `sum_over_time` of Prometheus (Neumaier). */
function meanOver(
  table: SampleTable,
  column: number,
  { firstTick, endTick }: TickWindow,
): number | undefined {
  findSpan(table, column, firstTick, endTick, span)
  const { first, last, count } = span
  if (count === 0) return undefined
  let sum = 0
  let lost = 0
  for (let tick = first; tick <= last; tick += 1) {
    if (!isPresent(table, column, tick)) continue
    const value = sampleAt(table, column, tick)
    const next = sum + value
    lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum
    sum = next
  }
  return (Number.isFinite(sum) ? sum + lost : sum) / count
}
