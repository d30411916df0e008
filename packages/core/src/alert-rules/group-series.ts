import type { LeafExpression, QuantileExpression, SeriesFold } from './alert-expression.ts'
import { histogramQuantile } from './histogram-quantile.ts'
import { createLabelSet, type LabelSet, type RuleVector } from './rule-vector.ts'
import type { SeriesStore, StoredSeries } from './series-store.ts'

/** Measures the series in one column of a table; `undefined` where there is nothing to measure. */
type MeasureColumn = (column: number) => number | undefined

/** Measures each series of a leaf, and makes one value of those that share their `by` labels. */
export type GroupedReader = (measure: MeasureColumn) => RuleVector

/** Where a grouped reader finds its series. */
export interface GroupedReaderOptions {
  readonly store: SeriesStore
  readonly findMembers: () => readonly StoredSeries[]
}

/** Makes a reader of values. Its groups are found again whenever series come or go. */
export function createGroupedReader(
  { by, fold }: Exclude<LeafExpression, { kind: 'absent' | 'quantile' }>,
  {
    store,
    findMembers,
    columnOf,
  }: GroupedReaderOptions & { readonly columnOf: (series: StoredSeries) => number | undefined },
): GroupedReader {
  let version = -1
  let groups: Groups = { labelSets: [], places: new Int32Array(0) }
  let columns = new Int32Array(0)
  let withoutBucket: readonly LabelSet[] = []

  return (measure) => {
    if (version !== store.version) {
      version = store.version
      const found = findMembers()
      const members = found.filter((series) => columnOf(series) !== undefined)
      groups = groupSeries(members, by)
      withoutBucket = members.length === found.length ? [] : groupsBeside(groups, found, by)
      columns = Int32Array.from(members, (series) => columnOf(series)!)
    }
    const { labelSets, places } = groups
    const values = new Float64Array(labelSets.length)
    const isThere = new Uint8Array(labelSets.length)
    for (let index = 0; index < columns.length; index += 1) {
      const value = measure(columns[index]!)
      if (value === undefined) continue
      const place = places[index]!
      values[place] = isThere[place] === 1 ? foldTwo(fold, values[place]!, value) : value
      isThere[place] = 1
    }
    const vector = withoutMissing(labelSets, values, isThere)
    return withoutBucket.length === 0 ? vector : { ...vector, withoutBucket }
  }
}

/** Makes a reader of quantiles: it adds up the buckets of each group's histograms. */
export function createQuantileReader(
  { quantile, by }: QuantileExpression,
  { store, findMembers }: GroupedReaderOptions,
): GroupedReader {
  let version = -1
  let groups: Groups = { labelSets: [], places: new Int32Array(0) }
  let members: readonly StoredSeries[] = []
  let boundsOf: readonly (readonly number[])[] = []

  return (measure) => {
    if (version !== store.version) {
      version = store.version
      members = findMembers()
      groups = groupSeries(members, by)
      boundsOf = boundsOfGroups(members, groups)
    }
    const { labelSets, places } = groups
    const sums = boundsOf.map((bounds) => bounds.map((): number | undefined => undefined))
    for (let index = 0; index < members.length; index += 1) {
      const place = places[index]!
      addBuckets(sums[place]!, boundsOf[place]!, members[index]!, measure)
    }
    const isThere = Uint8Array.from(sums, (sum) => Number(sum.some(isMeasured)))
    const values = Float64Array.from(sums, (sum, place) => {
      if (sum.every(isMeasured)) return histogramQuantile(quantile, boundsOf[place]!, sum)
      const bounds = boundsOf[place]!.filter((_, bucket) => sum[bucket] !== undefined)
      return histogramQuantile(quantile, bounds, sum.filter(isMeasured))
    })
    return withoutMissing(labelSets, values, isThere)
  }
}

interface Groups {
  readonly labelSets: readonly LabelSet[]
  /** For each member, the place of its group. */
  readonly places: Int32Array<ArrayBuffer>
}

function groupSeries(members: readonly StoredSeries[], by: readonly string[] | null): Groups {
  const placeByKey = new Map<string, number>()
  const labelSets: LabelSet[] = []
  const places = Int32Array.from(members, ({ labels }) => {
    const labelSet = createLabelSet(labels, by)
    const place = placeByKey.get(labelSet.key) ?? labelSets.push(labelSet) - 1
    placeByKey.set(labelSet.key, place)
    return place
  })
  return { labelSets, places }
}

/** The groups of series that have none among those groups. */
function groupsBeside(
  { labelSets }: Groups,
  series: readonly StoredSeries[],
  by: readonly string[] | null,
): readonly LabelSet[] {
  const keys = new Set(labelSets.map(({ key }) => key))
  return groupSeries(series, by).labelSets.filter(({ key }) => !keys.has(key))
}

/** What is no number is neither the largest nor the smallest, as long as there is a number. */
export function foldTwo(fold: SeriesFold, left: number, right: number): number {
  if (fold === 'sum') return left + right
  const isTaken = fold === 'max' ? left < right : left > right
  return isTaken || Number.isNaN(left) ? right : left
}

/** All bounds of a group's histograms, ascending. */
function boundsOfGroups(
  members: readonly StoredSeries[],
  { labelSets, places }: Groups,
): readonly (readonly number[])[] {
  const sets = labelSets.map(() => new Set<number>())
  for (const [index, { bounds }] of members.entries()) {
    for (const bound of bounds) sets[places[index]!]!.add(bound)
  }
  return sets.map((set) => [...set].toSorted((left, right) => left - right))
}

function addBuckets(
  sum: (number | undefined)[],
  groupBounds: readonly number[],
  { column, bounds }: StoredSeries,
  measure: MeasureColumn,
): void {
  for (let bucket = 0; bucket < bounds.length; bucket += 1) {
    const value = measure(column + bucket)
    if (value === undefined) continue
    // Histograms of one metric mostly have the same buckets.
    const isSame = groupBounds[bucket] === bounds[bucket]
    const place = isSame ? bucket : groupBounds.indexOf(bounds[bucket]!)
    sum[place] = (sum[place] ?? 0) + value
  }
}

function isMeasured(value: number | undefined): value is number {
  return value !== undefined
}

function withoutMissing(
  labelSets: readonly LabelSet[],
  values: Float64Array,
  isThere: Uint8Array,
): RuleVector {
  if (!isThere.includes(0)) return { labelSets, values }
  return {
    labelSets: labelSets.filter((_, place) => isThere[place] === 1),
    values: values.filter((_, place) => isThere[place] === 1),
  }
}
