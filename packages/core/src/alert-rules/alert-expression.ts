import type { LabelMatches } from './label-match.ts'

/** How series that share their `by` labels become one. */
export type SeriesFold = 'sum' | 'max' | 'min'

interface Selection {
  /** Name of the metric, best the exported constant. */
  readonly metric: string
  /** Which of its series; `{}` for all. */
  readonly where: LabelMatches
}

interface Grouping {
  /** The labels that remain; `null` leaves every series by itself. */
  readonly by: readonly string[] | null
  readonly fold: SeriesFold
}

/** The latest value of a gauge. */
export interface GaugeExpression extends Selection, Grouping {
  readonly kind: 'gauge'
}

/** How many of the last attempts in a row failed: a gauge, or an exact count by a repository. */
export interface StreakExpression extends Selection, Grouping {
  readonly kind: 'streak'
}

/** The mean of the samples of a gauge over a window. */
export interface AverageExpression extends Selection, Grouping {
  readonly kind: 'average'
  readonly windowMs: number
}

/** By how much a counter grew over a window. */
export interface IncreaseExpression extends Selection, Grouping {
  readonly kind: 'increase'
  readonly windowMs: number
}

/** By how much a counter grew for each second of a window. */
export interface RateExpression extends Selection, Grouping {
  readonly kind: 'rate'
  readonly windowMs: number
}

/** How many values a histogram saw over a window; with `atMost`, those up to that bucket's bound. */
export interface ObservationsExpression extends Selection, Grouping {
  readonly kind: 'observations'
  /** The upper bound of one of the histogram's buckets; `null` counts all. */
  readonly atMost: number | null
  readonly windowMs: number
}

/** A quantile of what a histogram saw over a window. */
export interface QuantileExpression extends Selection {
  readonly kind: 'quantile'
  /** Between 0 and 1: 0.95 for p95. */
  readonly quantile: number
  readonly windowMs: number
  readonly by: readonly string[]
}

/** 1 while no series is there, and nothing while one is. */
export interface AbsentExpression extends Selection {
  readonly kind: 'absent'
}

/** What a source measures. Everything else is computed from these. */
export type LeafExpression =
  | GaugeExpression
  | StreakExpression
  | AverageExpression
  | IncreaseExpression
  | RateExpression
  | ObservationsExpression
  | QuantileExpression
  | AbsentExpression

/** A part of a whole, for each label set that both have. */
export interface RatioExpression {
  readonly kind: 'ratio'
  readonly part: AlertExpression
  readonly whole: AlertExpression
}

/** Two measurements added or subtracted, for each label set that both have. */
export interface ArithmeticExpression {
  readonly kind: 'sum' | 'difference'
  readonly left: AlertExpression
  readonly right: AlertExpression
}

/** A measurement now, divided by the mean of the same at this time on each of the days before. */
export interface ComparedExpression {
  readonly kind: 'compared'
  readonly of: AlertExpression
  readonly days: number
}

/** What an alert rule looks at. Made by the functions of `measure`. */
export type AlertExpression =
  | LeafExpression
  | RatioExpression
  | ArithmeticExpression
  | ComparedExpression

/** Whether a source measures it, rather than that it is computed from what a source measures. */
export function isLeafExpression(expr: AlertExpression): expr is LeafExpression {
  return !['ratio', 'sum', 'difference', 'compared'].includes(expr.kind)
}
