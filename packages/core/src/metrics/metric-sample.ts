/** The value of one counter or gauge series at one moment. */
export interface ValueSample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** The state of one histogram series at one moment. */
export interface HistogramSample {
  readonly labels: Readonly<Record<string, string>>
  readonly histogram: {
    /** How many values were at most `le`, ascending and cumulative; the last `le` is `Infinity`. */
    readonly buckets: readonly { readonly le: number; readonly count: number }[]
    readonly sum: number
    readonly count: number
  }
}

interface FamilyOf<Type extends string, Sample> {
  readonly name: string
  readonly help: string
  readonly type: Type
  readonly labelNames: readonly string[]
  readonly series: readonly Sample[]
}

/** A metric and all its series at one moment. A later measurement does not change it. */
export type MetricFamily =
  | FamilyOf<'counter', ValueSample>
  | FamilyOf<'gauge', ValueSample>
  | FamilyOf<'histogram', HistogramSample>
