import { assertWholeNumber } from '../errors/invalid-option-error.ts'
import { createLiveFamily, type LabelledFamily, type LiveFamily } from './live-family.ts'
import {
  createCounterSeries,
  createGaugeSeries,
  createHistogramSeries,
  type LiveSeries,
  type SeriesOwner,
} from './live-series.ts'
import { MetricConflictError } from './metric-conflict-error.ts'
import {
  assertMetricDefinition,
  differenceBetween,
  type MetricDefinition,
  sampleNamesOf,
} from './metric-definition.ts'
import type { MetricFamily } from './metric-sample.ts'
import type { Labels, Metrics } from './metrics.ts'

/** Counter by `metric`: how often a series was asked for past the limit of that metric. */
export const METRICS_SERIES_REFUSED_TOTAL = 'assay_metrics_series_refused_total'
/**
 * Counter by `metric`: values that were not measured, because a counter would have gone down, a
 * number was not finite, or the function of a gauge threw or returned no number.
 */
export const METRICS_VALUES_REFUSED_TOTAL = 'assay_metrics_values_refused_total'

/** Upper bounds in seconds for a call over a network: those that Prometheus' own clients use. */
export const DEFAULT_HISTOGRAM_BUCKETS: readonly number[] = Object.freeze([
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
])

/** Options of {@link createMetrics}. */
export interface MetricsOptions {
  /** How many series one metric may have; `Infinity` for no limit. Default 10,000. */
  readonly seriesMax?: number | undefined
  /**
   * Called once for each new metric, before it is given out: a binding to another registry enters it
   * there. When this throws, the metric is not made.
   */
  readonly onFamily?: ((family: LiveFamily) => void) | undefined
}

/** {@link Metrics} that can be read back. */
export interface CollectableMetrics extends Metrics {
  /** Every metric with its series as they are now, in the order in which the metrics were made. */
  collect(): readonly MetricFamily[]
}

/**
 * Keeps measurements in this process, for alert rules to sample and for a binding to show.
 *
 * Measuring never throws into the code that is measured. An increment of a counter that is negative
 * or not a finite number is dropped and counted in {@link METRICS_VALUES_REFUSED_TOTAL}, so a counter
 * never goes down. A function of a gauge that throws leaves its series out of that collection, and is
 * counted there too. Past `seriesMax`, `labels()` returns a series that measures nothing, counted in
 * {@link METRICS_SERIES_REFUSED_TOTAL}. These two counters have one series a metric and no limit.
 *
 * @param options.seriesMax how many series one metric may have; default 10,000
 * @param options.onFamily called with each new metric
 * @returns metrics that can be collected
 * @throws `INVALID_OPTION` here, and later from a metric whose name, help, labels or buckets
 * Prometheus could not show
 * @throws `METRIC_CONFLICT` later, from a metric whose name already stands for another type, other
 * labels or other buckets
 *
 * @example
 * ```ts
 * import { createMetrics } from '@assay/core'
 *
 * const PAYOUTS_TOTAL = 'payouts_total'
 *
 * const metrics = createMetrics()
 * const sent = metrics
 *   .counter({ name: PAYOUTS_TOTAL, help: 'Payouts by outcome.', labelNames: ['outcome'] })
 *   .labels({ outcome: 'sent' })
 * sent.inc()
 * sent.inc(2)
 *
 * const payouts = metrics.collect().find(({ name }) => name === PAYOUTS_TOTAL)
 * console.log(payouts?.series) // [ { labels: { outcome: 'sent' }, value: 3 } ]
 * ```
 */
export function createMetrics({
  seriesMax = 10_000,
  onFamily,
}: MetricsOptions = {}): CollectableMetrics {
  assertWholeNumber('createMetrics', 'seriesMax', seriesMax, { min: 1, allowInfinity: true })
  const metricsByName = new Map<string, Metric>()
  const metricBySampleName = new Map<string, string>()

  const seriesRefused = getOrMake(
    {
      type: 'counter',
      name: METRICS_SERIES_REFUSED_TOTAL,
      help: 'Series asked for past the limit of their metric, which were not measured.',
      labelNames: ['metric'],
      buckets: [],
    },
    createCounterSeries,
    Number.POSITIVE_INFINITY,
  )
  const valuesRefused = getOrMake(
    {
      type: 'counter',
      name: METRICS_VALUES_REFUSED_TOTAL,
      help: 'Values that could not be measured.',
      labelNames: ['metric'],
      buckets: [],
    },
    createCounterSeries,
    Number.POSITIVE_INFINITY,
  )

  function getOrMake<Series extends LiveSeries>(
    definition: MetricDefinition,
    createSeries: (labels: Labels<string>, owner: SeriesOwner) => Series,
    limit = seriesMax,
  ): LabelledFamily<Series> {
    assertMetricDefinition(definition)
    const { name } = definition
    const existing = metricsByName.get(name)
    if (existing === undefined) return make(definition, createSeries, limit)

    const difference = differenceBetween(existing.definition, definition)
    if (difference !== undefined) throw new MetricConflictError(name, difference)
    // The same type makes the same series.
    return existing.family as LabelledFamily<Series>
  }

  function make<Series extends LiveSeries>(
    definition: MetricDefinition,
    createSeries: (labels: Labels<string>, owner: SeriesOwner) => Series,
    limit: number,
  ): LabelledFamily<Series> {
    const { name, help, type, labelNames } = definition
    const sampleNames = sampleNamesOf(definition)
    const other = sampleNames.map((sample) => metricBySampleName.get(sample)).find(Boolean)
    if (other !== undefined) {
      throw new MetricConflictError(name, `its series would mix with those of "${other}".`)
    }

    const family = createLiveFamily({
      name,
      help,
      type,
      labelNames,
      seriesMax: limit,
      createSeries,
      onSeriesRefused: () => seriesRefused.labels({ metric: name }).inc(),
      onValueRefused: () => valuesRefused.labels({ metric: name }).inc(),
    })
    onFamily?.(family)
    metricsByName.set(name, { definition, family })
    for (const sample of sampleNames) metricBySampleName.set(sample, name)
    return family
  }

  return {
    counter: ({ name, help, labelNames = [] }) =>
      getOrMake(
        { type: 'counter', name, help, labelNames: [...labelNames], buckets: [] },
        createCounterSeries,
      ),
    gauge: ({ name, help, labelNames = [] }) =>
      getOrMake(
        { type: 'gauge', name, help, labelNames: [...labelNames], buckets: [] },
        createGaugeSeries,
      ),
    histogram: ({ name, help, labelNames = [], buckets = DEFAULT_HISTOGRAM_BUCKETS }) => {
      const bounds = [...buckets]
      return getOrMake(
        { type: 'histogram', name, help, labelNames: [...labelNames], buckets: bounds },
        (labels, owner) => createHistogramSeries(labels, owner, bounds),
      )
    },
    collect: () => Array.from(metricsByName.values(), ({ family }) => family.collect()),
  }
}

interface Metric {
  readonly definition: MetricDefinition
  readonly family: LabelledFamily<LiveSeries>
}
