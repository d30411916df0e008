import type { HistogramSample, ValueSample } from './metric-sample.ts'
import type { CounterSeries, GaugeSeries, HistogramSeries } from './metrics.ts'

/** What every series that is being measured can do beside measuring. */
export interface LiveSeries {
  /** `undefined` when it has no value to show, as when a gauge's function throws. */
  sample(): ValueSample | HistogramSample | undefined
  /** Back to zero, in place, so that whoever keeps the series keeps measuring. */
  reset(): void
}

/** The metric of a series. It hears of values that are refused. */
export interface SeriesOwner {
  refuseValue(): void
}

type SeriesLabels = Readonly<Record<string, string>>

interface CounterState {
  readonly labels: SeriesLabels
  readonly owner: SeriesOwner
  value: number
}

interface GaugeState extends CounterState {
  read: (() => number) | undefined
}

interface HistogramState {
  readonly labels: SeriesLabels
  readonly owner: SeriesOwner
  readonly bounds: readonly number[]
  /** One for each bound, and one more for what is above them all; not cumulative. */
  readonly counts: number[]
  sum: number
}

// Counting stands on paths that are run millions of times: the series of a kind share these methods,
// and a measurement is an addition to a field. `Number.isFinite` also turns away what is no number.

const counterMethods = {
  inc(this: CounterState, amount = 1): void {
    if (Number.isFinite(amount) && amount >= 0) this.value += amount
    else this.owner.refuseValue()
  },
  sample(this: CounterState): ValueSample {
    return { labels: this.labels, value: this.value }
  },
  reset(this: CounterState): void {
    this.value = 0
  },
}

const gaugeMethods = {
  set(this: GaugeState, value: number): void {
    if (typeof value !== 'number') {
      this.owner.refuseValue()
      return
    }
    this.value = value
    this.read = undefined
  },
  inc(this: GaugeState, amount = 1): void {
    if (Number.isFinite(amount)) this.value += amount
    else this.owner.refuseValue()
  },
  dec(this: GaugeState, amount = 1): void {
    if (Number.isFinite(amount)) this.value -= amount
    else this.owner.refuseValue()
  },
  setFunction(this: GaugeState, read: () => number): void {
    this.read = read
  },
  sample(this: GaugeState): ValueSample | undefined {
    const value = this.read === undefined ? this.value : readNumber(this.read)
    if (value !== undefined) return { labels: this.labels, value }
    this.owner.refuseValue()
    return undefined
  },
  reset(this: GaugeState): void {
    this.value = 0
  },
}

const histogramMethods = {
  observe(this: HistogramState, value: number): void {
    if (!Number.isFinite(value)) {
      this.owner.refuseValue()
      return
    }
    const { bounds, counts } = this
    let index = 0
    while (index < bounds.length && value > bounds[index]!) index += 1
    counts[index]! += 1
    this.sum += value
  },
  sample(this: HistogramState): HistogramSample {
    let count = 0
    const buckets = this.counts.map((countOfBucket, index) => {
      count += countOfBucket
      return { le: this.bounds[index] ?? Number.POSITIVE_INFINITY, count }
    })
    return { labels: this.labels, histogram: { buckets, sum: this.sum, count } }
  },
  reset(this: HistogramState): void {
    this.counts.fill(0)
    this.sum = 0
  },
}

export function createCounterSeries(
  labels: SeriesLabels,
  owner: SeriesOwner,
): CounterSeries & LiveSeries {
  return withMethods(counterMethods, { labels, owner, value: 0 })
}

export function createGaugeSeries(
  labels: SeriesLabels,
  owner: SeriesOwner,
): GaugeSeries & LiveSeries {
  return withMethods(gaugeMethods, { labels, owner, value: 0, read: undefined })
}

export function createHistogramSeries(
  labels: SeriesLabels,
  owner: SeriesOwner,
  bounds: readonly number[],
): HistogramSeries & LiveSeries {
  const counts = Array.from({ length: bounds.length + 1 }, () => 0)
  return withMethods(histogramMethods, { labels, owner, bounds, counts, sum: 0 })
}

function withMethods<Methods extends object, State extends object>(
  methods: Methods,
  state: State,
): Methods & State {
  return Object.assign(Object.create(methods) as Methods, state)
}

function readNumber(read: () => unknown): number | undefined {
  try {
    const value = read()
    return typeof value === 'number' ? value : undefined
  } catch {
    return undefined
  }
}
