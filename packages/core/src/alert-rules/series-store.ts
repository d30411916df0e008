import type { MetricFamily } from '../metrics/metric-sample.ts'
import {
  beginRow,
  clearColumn,
  createSampleTable,
  enterSample,
  resizeTable,
  type SampleTable,
} from './sample-table.ts'
import type { TickTimes } from './tick-times.ts'

/** One series, and where its samples are. */
export interface StoredSeries {
  readonly labels: Readonly<Record<string, string>>
  /** Its column of the table; of a histogram the first, with one for each bucket. */
  readonly column: number
  /** The upper bounds of the buckets; empty for a value. */
  readonly bounds: readonly number[]
}

/** The series of one metric, with samples as far back as rules look. */
export interface SeriesStore {
  readonly series: readonly StoredSeries[]
  readonly table: SampleTable
  /** Changes whenever a series comes or goes. */
  readonly version: number
  /** When the newest of the samples was taken that were lost for want of room; `-Infinity`: none was. */
  readonly lostAt: number
  /** When a series was last refused for want of room. */
  readonly refusedAt: number
  /** Makes room for the samples of the next tick, at `time` in epoch milliseconds. */
  beginTick(time: number): void
  /** Enters the samples of the tick. */
  enter(family: MetricFamily): void
  /** Drops the series whose newest sample is too old to be read. */
  dropStale(time: number): void
}

/** How many samples may be kept in all, and who hears of each that was not. */
export interface SampleBudget {
  left: number
  onDropped(count: number): void
}

/** What a {@link SeriesStore} is made of. */
export interface SeriesStoreOptions {
  readonly isHistogram: boolean
  /** How old a sample may be when it is read, in milliseconds. */
  readonly retentionMs: number
  readonly times: TickTimes
  readonly budget: SampleBudget
}

type Sample = MetricFamily['series'][number]

const NEVER = Number.NEGATIVE_INFINITY

/** Makes an empty store for one metric. */
export function createSeriesStore({
  isHistogram,
  retentionMs,
  times,
  budget,
}: SeriesStoreOptions): SeriesStore {
  const table = createSampleTable()
  const byKey = new Map<string, StoredSeries>()
  /** A registry gives the same object for the same series, which saves making a key. */
  const byLabels = new WeakMap<object, StoredSeries>()
  let series: StoredSeries[] = []
  /** The series at each place of the last collection: a registry lists them in the same order. */
  let order: (StoredSeries | undefined)[] = []
  let version = 0
  let columnCount = 0
  let lostAt = NEVER
  let refusedAt = NEVER
  /** Places of dropped series, by how many columns they had. */
  const freeColumns = new Map<number, number[]>()

  function find(sample: Sample): StoredSeries | undefined {
    const known = byLabels.get(sample.labels)
    if (known !== undefined && hasBuckets(known, sample)) return known
    const key = keyOf(sample.labels)
    const existing = byKey.get(key)
    if (existing !== undefined && hasBuckets(existing, sample)) return existing
    // A histogram whose buckets changed is another one.
    if (existing !== undefined) drop((each) => each === existing)
    return add(sample, key)
  }

  function add({ labels, ...sample }: Sample, key: string): StoredSeries | undefined {
    const bounds = 'histogram' in sample ? sample.histogram.buckets.map(({ le }) => le) : []
    const column = takeColumns(Math.max(1, bounds.length))
    if (column === undefined) return undefined
    const added = { labels, column, bounds }
    byKey.set(key, added)
    byLabels.set(labels, added)
    series.push(added)
    version += 1
    return added
  }

  function takeColumns(width: number): number | undefined {
    const free = freeColumns.get(width)?.pop()
    if (free !== undefined) return free
    const needed = columnCount + width
    if (needed > table.columnCapacity) {
      const wider = Math.max(needed, table.columnCapacity * 2)
      if (!resize(table.rowCapacity, wider) && !resize(table.rowCapacity, needed)) return undefined
    }
    columnCount = needed
    return needed - width
  }

  function resize(rows: number, columns: number): boolean {
    const cost = rows * columns - table.rowCapacity * table.columnCapacity
    if (cost > budget.left) return false
    budget.left -= cost
    resizeTable(table, rows, columns)
    return true
  }

  function drop(isDropped: (each: StoredSeries) => boolean): void {
    for (const each of series.filter(isDropped)) {
      byKey.delete(keyOf(each.labels))
      byLabels.delete(each.labels)
      const width = Math.max(1, each.bounds.length)
      for (let place = 0; place < width; place += 1) clearColumn(table, each.column + place)
      freeColumns.set(width, [...(freeColumns.get(width) ?? []), each.column])
    }
    if (byKey.size === series.length) return
    version += 1
    order = []
    series = [...byKey.values()]
  }

  /** The time of a tick that is forgotten is unknown, but long ago. */
  function isNeeded(tick: number, time: number): boolean {
    return tick >= times.start && times.at(tick) >= time - retentionMs
  }

  return {
    table,
    get series() {
      return series
    },
    get version() {
      return version
    },
    get lostAt() {
      return lostAt
    },
    get refusedAt() {
      return refusedAt
    },
    beginTick(time) {
      const isFull = table.endTick - table.startTick === table.rowCapacity
      if (isFull && isNeeded(table.startTick, time)) {
        if (!resize(table.rowCapacity * 2, table.columnCapacity)) {
          budget.onDropped(columnCount)
          lostAt = times.at(table.startTick)
        }
      }
      beginRow(table)
    },
    enter(family) {
      if ((family.type === 'histogram') !== isHistogram) return
      for (let index = 0; index < family.series.length; index += 1) {
        const sample = family.series[index]!
        let stored = order[index]
        if (stored?.labels !== sample.labels || !hasBuckets(stored, sample)) {
          stored = find(sample)
          order[index] = stored
        }
        if (stored === undefined) {
          budget.onDropped(1)
          refusedAt = times.at(times.end - 1)
        } else if ('value' in sample) enterSample(table, stored.column, sample.value)
        else {
          const { buckets } = sample.histogram
          for (let place = 0; place < buckets.length; place += 1) {
            enterSample(table, stored.column + place, buckets[place]!.count)
          }
        }
      }
    },
    dropStale(time) {
      drop(({ column }) => !isNeeded(table.lastTick[column]!, time))
      if (lostAt < time - retentionMs) lostAt = NEVER
      if (refusedAt < time - retentionMs) refusedAt = NEVER
    },
  }
}

function hasBuckets({ bounds }: StoredSeries, sample: Sample): boolean {
  return bounds.length === ('histogram' in sample ? sample.histogram.buckets.length : 0)
}

function keyOf(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
