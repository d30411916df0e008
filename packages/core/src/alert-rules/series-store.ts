import type { MetricFamily } from '../metrics/metric-sample.ts'
import {
  appendSample,
  createSampleRing,
  growRing,
  isFull,
  RING_CAPACITY_MIN,
  type SampleRing,
  tickAt,
} from './sample-ring.ts'
import type { TickTimes } from './tick-times.ts'

/** The kept samples of one series. */
export interface StoredSeries {
  readonly labels: Readonly<Record<string, string>>
  /** One ring for a value; one for each bucket of a histogram. */
  readonly rings: readonly SampleRing[]
  /** The upper bounds of the buckets; empty for a value. */
  readonly bounds: readonly number[]
}

/** The kept series of one metric. */
export interface SeriesStore {
  readonly series: readonly StoredSeries[]
  /** Changes whenever a series comes or goes. */
  readonly version: number
  append(family: MetricFamily, tick: number, time: number): void
  /** Drops series whose newest sample is too old to be read. */
  dropStale(time: number): void
  clear(): void
}

/** How many samples may be kept in all, and how many were not. */
export interface SampleBudget {
  left: number
  onDropped(): void
}

export interface SeriesStoreOptions {
  readonly isHistogram: boolean
  /** How old a sample may be when it is read, in milliseconds. */
  readonly retentionMs: number
  readonly times: TickTimes
  readonly budget: SampleBudget
}

/** Keeps the samples of one metric, for as long as rules look back. */
export function createSeriesStore({
  isHistogram,
  retentionMs,
  times,
  budget,
}: SeriesStoreOptions): SeriesStore {
  const byKey = new Map<string, StoredSeries>()
  /** A registry gives the same object for the same series, which saves making a key. */
  const byLabels = new WeakMap<object, StoredSeries>()
  let series: StoredSeries[] = []
  /** The series at each place of the last collection: a registry lists them in the same order. */
  let order: (StoredSeries | undefined)[] = []
  let version = 0

  function find({ labels, ...sample }: MetricFamily['series'][number]): StoredSeries | undefined {
    const bounds = 'histogram' in sample ? sample.histogram.buckets.map(({ le }) => le) : []
    const key = JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    const existing = byKey.get(key)
    // A histogram whose buckets changed is another one.
    if (existing?.bounds.length === bounds.length) return existing
    if (existing !== undefined) drop((each) => each === existing)

    const ringCount = isHistogram ? bounds.length : 1
    if (budget.left < ringCount * RING_CAPACITY_MIN) return undefined
    budget.left -= ringCount * RING_CAPACITY_MIN
    const created = { labels, bounds, rings: Array.from({ length: ringCount }, createSampleRing) }
    byKey.set(key, created)
    byLabels.set(labels, created)
    series.push(created)
    version += 1
    return created
  }

  function append(ring: SampleRing, tick: number, value: number, time: number): void {
    if (isFull(ring) && isNeeded(tickAt(ring, ring.start), time)) {
      const room = ring.values.length
      if (budget.left >= room) {
        budget.left -= room
        growRing(ring)
      } else {
        budget.onDropped()
      }
    }
    appendSample(ring, tick, value)
  }

  /** The time of a tick that is forgotten is unknown, but long ago. */
  function isNeeded(tick: number, time: number): boolean {
    return tick >= times.start && times.at(tick) >= time - retentionMs
  }

  function drop(isDropped: (each: StoredSeries) => boolean): void {
    const sizeBefore = byKey.size
    for (const [key, each] of byKey) {
      if (!isDropped(each)) continue
      byKey.delete(key)
      byLabels.delete(each.labels)
      for (const ring of each.rings) budget.left += ring.values.length
    }
    if (byKey.size === sizeBefore) return
    version += 1
    order = []
    series = [...byKey.values()]
  }

  return {
    get series() {
      return series
    },
    get version() {
      return version
    },
    append(family, tick, time) {
      if ((family.type === 'histogram') !== isHistogram) return
      for (const [index, sample] of family.series.entries()) {
        let stored = order[index]
        if (stored?.labels !== sample.labels) {
          stored = byLabels.get(sample.labels) ?? find(sample)
          order[index] = stored
        }
        if (stored === undefined) budget.onDropped()
        else if ('value' in sample) append(stored.rings[0]!, tick, sample.value, time)
        else {
          const { buckets } = sample.histogram
          for (const [place, ring] of stored.rings.entries()) {
            append(ring, tick, buckets[place]!.count, time)
          }
        }
      }
    },
    dropStale(time) {
      drop(({ rings: [ring] }) => !isNeeded(tickAt(ring!, ring!.end - 1), time))
    },
    clear: () => drop(() => true),
  }
}
