/**
 * The values of a metric's labels. A label never holds an address, a card, a user or anything else
 * that grows with the business: each combination of values is a time series that lives for ever.
 */
export type Labels<Name extends string> = Readonly<Record<Name, string>>

/**
 * What names a metric. The name is an exported constant in capitals, so that code, alert rules and
 * documentation mean the same metric, and a search for the constant finds all three.
 *
 * @example
 * ```ts
 * import { createMetrics } from '@assay/core'
 *
 * const PAYOUTS_TOTAL = 'payouts_total'
 *
 * const payouts = createMetrics().counter({
 *   name: PAYOUTS_TOTAL,
 *   help: 'Payouts by outcome.',
 *   labelNames: ['outcome'],
 * })
 * payouts.labels({ outcome: 'sent' }).inc()
 * ```
 */
export interface MetricOptions<Name extends string = never> {
  /** Prometheus name with its base unit: `…_total`, `…_seconds`, `…_bytes`. */
  readonly name: string
  /** One sentence for whoever reads the scrape. */
  readonly help: string
  /** Default: none, so that the metric has one series, `labels({})`. */
  readonly labelNames?: readonly Name[]
}

/** What names a histogram. */
export interface HistogramOptions<Name extends string = never> extends MetricOptions<Name> {
  /** Upper bounds, ascending, without `+Inf`. Default: `DEFAULT_HISTOGRAM_BUCKETS`, for seconds. */
  readonly buckets?: readonly number[]
}

/** One time series of a counter. Keep it: looking it up costs more than counting. */
export interface CounterSeries {
  /** @param amount at least 0, default 1; anything else is refused without throwing */
  inc(amount?: number): void
}

/** One time series of a gauge. */
export interface GaugeSeries {
  /** Takes the place of a function that was set before. `NaN` says that there is no value. */
  set(value: number): void
  inc(amount?: number): void
  dec(amount?: number): void
  /** From now on the value is what `read` returns when the metrics are scraped. */
  setFunction(read: () => number): void
}

/** One time series of a histogram. */
export interface HistogramSeries {
  /** @param value finite; anything else is refused without throwing */
  observe(value: number): void
}

/** A number that only grows, for each combination of label values. */
export interface Counter<Name extends string = never> {
  /** The series with these label values; the same values give the same series. */
  labels(values: Labels<Name>): CounterSeries
}

/** A number that goes up and down, for each combination of label values. */
export interface Gauge<Name extends string = never> {
  /** The series with these label values; the same values give the same series. */
  labels(values: Labels<Name>): GaugeSeries
}

/** How values are distributed, for each combination of label values. */
export interface Histogram<Name extends string = never> {
  /** The series with these label values; the same values give the same series. */
  labels(values: Labels<Name>): HistogramSeries
}

/**
 * Where measurements go. Asking twice for a name returns the same metric, so two breakers share
 * `circuit_breaker_state`. Making a metric or looking up a series may throw, because a wrong name
 * or label is a bug; measuring never does. Implementations: {@link noMetrics}, `createMetrics`, and
 * `@assay/core/prometheus`.
 */
export interface Metrics {
  counter<Name extends string = never>(options: MetricOptions<Name>): Counter<Name>
  gauge<Name extends string = never>(options: MetricOptions<Name>): Gauge<Name>
  histogram<Name extends string = never>(options: HistogramOptions<Name>): Histogram<Name>
}
