import type { CounterSeries, GaugeSeries, HistogramSeries, Metrics } from './metrics.ts'

/** A series of any kind that measures nothing. */
export const noSeries: CounterSeries & GaugeSeries & HistogramSeries = {
  inc() {},
  dec() {},
  set() {},
  setFunction() {},
  observe() {},
}

const metric = { labels: () => noSeries }

/** Measures nothing: the default everywhere. */
export const noMetrics: Metrics = {
  counter: () => metric,
  gauge: () => metric,
  histogram: () => metric,
}
