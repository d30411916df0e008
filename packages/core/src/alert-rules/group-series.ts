import type { LeafExpression, QuantileExpression } from './alert-expression.ts'
import { histogramQuantile } from './histogram-quantile.ts'
import { createLabelSet, type LabelSet, type RuleVector } from './rule-vector.ts'
import type { SampleRing } from './sample-ring.ts'
import type { SeriesStore, StoredSeries } from './series-store.ts'

interface Groups {
  readonly version: number
  readonly members: readonly StoredSeries[]
  /** The group of each member. */
  readonly groupOf: Int32Array
  readonly labelSets: readonly LabelSet[]
}

/** Measures series one by one and makes one value of those that share their `by` labels. */
export function createGroupedReader(
  leaf: Exclude<LeafExpression, { kind: 'absent' | 'quantile' }>,
  store: SeriesStore,
  findMembers: () => readonly StoredSeries[],
): (valueOf: (series: StoredSeries) => number | undefined) => RuleVector {
  let groups: Groups | undefined

  return (valueOf) => {
    if (groups?.version !== store.version) groups = group(findMembers(), leaf.by, store.version)
    const { members, groupOf, labelSets } = groups
    const values = new Float64Array(labelSets.length)
    const isThere = new Uint8Array(labelSets.length)
    let thereCount = 0
    for (let index = 0; index < members.length; index += 1) {
      const value = valueOf(members[index]!)
      if (value === undefined) continue
      const place = groupOf[index]!
      if (isThere[place] === 1) {
        values[place] = foldTwo(leaf.fold, values[place]!, value)
      } else {
        values[place] = value
        isThere[place] = 1
        thereCount += 1
      }
    }
    return thereCount === labelSets.length
      ? { labelSets, values }
      : keep(labelSets, values, isThere)
  }
}

function group(
  members: readonly StoredSeries[],
  by: readonly string[] | null,
  version: number,
): Groups {
  const placeByKey = new Map<string, number>()
  const labelSets: LabelSet[] = []
  const groupOf = Int32Array.from(members, ({ labels }) => {
    const labelSet = createLabelSet(labels, by)
    const place = placeByKey.get(labelSet.key) ?? labelSets.push(labelSet) - 1
    placeByKey.set(labelSet.key, place)
    return place
  })
  return { version, members, groupOf, labelSets }
}

/** What is no number is not the largest nor the smallest, as long as there is a number. */
export function foldTwo(fold: 'sum' | 'max' | 'min', left: number, right: number): number {
  if (fold === 'sum') return left + right
  const isTaken = fold === 'max' ? left < right : left > right
  return isTaken || Number.isNaN(left) ? right : left
}

function keep(
  labelSets: readonly LabelSet[],
  values: Float64Array,
  isThere: Uint8Array,
): RuleVector {
  return {
    labelSets: labelSets.filter((_, place) => isThere[place] === 1),
    values: values.filter((_, place) => isThere[place] === 1),
  }
}

/** Adds up the buckets of the histograms of each group, and finds the quantile in the sums. */
export function createQuantileReader(
  { quantile, by }: QuantileExpression,
  store: SeriesStore,
  findMembers: () => readonly StoredSeries[],
): (rateOf: (ring: SampleRing) => number | undefined) => RuleVector {
  let groups: Groups | undefined

  return (rateOf) => {
    if (groups?.version !== store.version) groups = group(findMembers(), by, store.version)
    const { members, groupOf, labelSets } = groups
    const sums = labelSets.map(() => new Map<number, number>())
    for (const [index, { rings, bounds }] of members.entries()) {
      const sumByBound = sums[groupOf[index]!]!
      for (const [place, ring] of rings.entries()) {
        const rate = rateOf(ring)
        const bound = bounds[place]!
        if (rate !== undefined) sumByBound.set(bound, (sumByBound.get(bound) ?? 0) + rate)
      }
    }
    const isThere = Uint8Array.from(sums, ({ size }) => (size > 0 ? 1 : 0))
    const values = Float64Array.from(sums, (sumByBound) => quantileOf(quantile, sumByBound))
    return keep(labelSets, values, isThere)
  }
}

function quantileOf(quantile: number, sumByBound: ReadonlyMap<number, number>): number {
  const buckets = [...sumByBound].toSorted(([a], [b]) => a - b)
  return histogramQuantile(
    quantile,
    buckets.map(([bound]) => bound),
    buckets.map(([, sum]) => sum),
  )
}
