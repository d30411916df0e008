/**
 * The values of a metric's labels. A label never holds an address, a card, a user or anything else
 * that grows with the business: each combination of values is a time series that lives for ever.
 */
export type Labels<Name extends string> = Readonly<Record<Name, string>>

/** What names a metric. */
export interface MetricOptions<Name extends string = never> {
  /** Prometheus name with its base unit: `…_total`, `…_seconds`, `…_bytes`. */
  readonly name: string
  readonly help: string
  readonly labelNames?: readonly Name[]
}

export interface HistogramOptions<Name extends string = never> extends MetricOptions<Name> {
  /** Upper bounds, ascending, without `+Inf`. */
  readonly buckets?: readonly number[]
}

/** One time series of a counter. Keep it: looking it up costs more than counting. */
export interface CounterSeries {
  /** @param amount at least 0, default 1 */
  inc(amount?: number): void
}

/** One time series of a gauge. */
export interface GaugeSeries {
  set(value: number): void
  inc(amount?: number): void
  dec(amount?: number): void
  /** From now on the value is what `read` returns when the metrics are scraped. */
  setFunction(read: () => number): void
}

/** One time series of a histogram. */
export interface HistogramSeries {
  observe(value: number): void
}

export interface Counter<Name extends string = never> {
  /** The series with these label values; the same values give the same series. */
  labels(values: Labels<Name>): CounterSeries
}

export interface Gauge<Name extends string = never> {
  labels(values: Labels<Name>): GaugeSeries
}

export interface Histogram<Name extends string = never> {
  labels(values: Labels<Name>): HistogramSeries
}

/**
 * Where measurements go. Asking twice for a name returns the same metric, so two breakers share
 * `circuit_breaker_state`. Implementations: {@link noMetrics}, `createMetrics`, and
 * `@assay/core/prometheus`.
 */
export interface Metrics {
  counter<Name extends string = never>(options: MetricOptions<Name>): Counter<Name>
  gauge<Name extends string = never>(options: MetricOptions<Name>): Gauge<Name>
  histogram<Name extends string = never>(options: HistogramOptions<Name>): Histogram<Name>
}
