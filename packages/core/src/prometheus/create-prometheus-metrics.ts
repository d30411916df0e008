import { type CollectableMetrics, createMetrics } from '../metrics/create-metrics.ts'
import type { LiveFamily } from '../metrics/live-family.ts'
import { MetricConflictError } from '../metrics/metric-conflict-error.ts'
import type { HistogramSample, MetricFamily } from '../metrics/metric-sample.ts'

/** The piece of a metric that the registries of prom-client and `@prometheus-io/client` ask for. */
export interface PrometheusMetric {
  get(): Promise<object>
  reset(): void
}

/** The piece of such a registry that is needed here. */
export interface PrometheusRegistry {
  registerMetric(metric: PrometheusMetric): void
}

/** Options of {@link createPrometheusMetrics}. */
export interface PrometheusMetricsOptions {
  /** `register`, or any other `Registry` of prom-client 15 or `@prometheus-io/client`. */
  readonly registry: PrometheusRegistry
  /** How many series one metric may have; `Infinity` for no limit. Default 10,000. */
  readonly seriesMax?: number | undefined
}

/**
 * Metrics that appear in the registry that the host scrapes already. They are kept as `createMetrics`
 * keeps them, and read by the registry at each scrape; neither client is imported. In a cluster the
 * clients add up the series of all workers, gauges too, as they do with their own metrics.
 *
 * Make one for each registry and share it: a second one would claim the same names. After
 * `registry.clear()` make a new one.
 *
 * @param options.registry the host's registry
 * @param options.seriesMax how many series one metric may have; default 10,000
 * @returns metrics that alert rules can also collect
 * @throws `INVALID_OPTION` and `METRIC_CONFLICT` as `createMetrics` does, and `METRIC_CONFLICT` where
 * the registry holds a metric of that name which was not made here
 *
 * @example
 * ```ts
 * import { createPrometheusMetrics } from '@assay/core/prometheus'
 * import { register } from 'prom-client'
 *
 * const metrics = createPrometheusMetrics({ registry: register })
 * metrics.counter({ name: 'payouts_total', help: 'Payouts.' }).labels({}).inc()
 * console.log(await register.getSingleMetricAsString('payouts_total'))
 * // # HELP payouts_total Payouts.
 * // # TYPE payouts_total counter
 * // payouts_total 1
 * ```
 */
export function createPrometheusMetrics({
  registry,
  seriesMax,
}: PrometheusMetricsOptions): CollectableMetrics {
  return createMetrics({
    seriesMax,
    onFamily: (family) => {
      try {
        registry.registerMetric(toPrometheusMetric(family))
      } catch (error) {
        const reason = 'the registry that was handed in holds another metric of that name.'
        throw new MetricConflictError(family.name, reason, error)
      }
    },
  })
}

/** A value as both clients write it; `metricName` where it is not the name of the metric. */
interface PrometheusValue {
  readonly value: number
  readonly labels: Readonly<Record<string, string | number>>
  readonly metricName?: string
}

/** What both registries read, found in `lib/registry.js` and `lib/metricAggregators.js` of each. */
interface RegisteredMetric extends PrometheusMetric {
  /** Written by a registry that speaks OpenMetrics: it takes `_total` away, and adds it in the text. */
  name: string
  readonly help: string
  readonly type: MetricFamily['type']
  readonly aggregator: 'sum'
}

function toPrometheusMetric(family: LiveFamily): RegisteredMetric {
  const { help, type } = family
  const metric: RegisteredMetric = {
    name: family.name,
    help,
    type,
    aggregator: 'sum',
    get: async () => ({
      name: metric.name,
      help,
      type,
      aggregator: 'sum',
      values: toValues(family.collect()),
    }),
    reset: () => family.reset(),
  }
  return metric
}

function toValues(family: MetricFamily): readonly PrometheusValue[] {
  if (family.type !== 'histogram') return family.series
  return family.series.flatMap((sample) => toHistogramValues(family.name, sample))
}

function toHistogramValues(
  name: string,
  { labels, histogram }: HistogramSample,
): PrometheusValue[] {
  return [
    ...histogram.buckets.map(({ le, count }) => ({
      metricName: `${name}_bucket`,
      labels: { le: le === Number.POSITIVE_INFINITY ? '+Inf' : le, ...labels },
      value: count,
    })),
    { metricName: `${name}_sum`, labels, value: histogram.sum },
    { metricName: `${name}_count`, labels, value: histogram.count },
  ]
}
