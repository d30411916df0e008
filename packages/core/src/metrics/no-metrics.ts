import type { Metrics } from './metrics.ts'

const series = { inc() {}, dec() {}, set() {}, setFunction() {}, observe() {} }
const metric = { labels: () => series }

/** Measures nothing: the default everywhere. */
export const noMetrics: Metrics = {
  counter: () => metric,
  gauge: () => metric,
  histogram: () => metric,
}
