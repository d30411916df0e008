import type {
  AbsentExpression,
  AlertExpression,
  ArithmeticExpression,
  AverageExpression,
  ComparedExpression,
  GaugeExpression,
  IncreaseExpression,
  ObservationsExpression,
  QuantileExpression,
  RateExpression,
  RatioExpression,
  SeriesFold,
  StreakExpression,
} from './alert-expression.ts'
import type { LabelMatches } from './label-match.ts'

/** Which series an expression reads. */
export interface SeriesOptions {
  /** Name of the metric, best the exported constant; of a histogram without `_bucket`. */
  readonly metric: string
  /** Which of its series. Default: all. */
  readonly where?: LabelMatches | undefined
}

/** How the series of a gauge become fewer. */
export interface GaugeOptions extends SeriesOptions {
  /** The labels that remain. Default: all, so that every series stands by itself. */
  readonly by?: readonly string[] | undefined
  /** How series with equal `by` labels become one. Default `max`. */
  readonly fold?: SeriesFold | undefined
}

/** A gauge over a window. */
export interface GaugeWindowOptions extends GaugeOptions {
  readonly windowMs: number
}

/** A counter or a histogram over a window. */
export interface WindowOptions extends SeriesOptions {
  readonly windowMs: number
  /** The labels that remain when series are added up. Default: none, so that all become one. */
  readonly by?: readonly string[] | undefined
}

/** The values of a histogram over a window. */
export interface ObservationsOptions extends WindowOptions {
  /** The upper bound of one of the histogram's buckets. Default: all values count. */
  readonly atMost?: number | undefined
}

/** A quantile of a histogram over a window. */
export interface QuantileOptions extends WindowOptions {
  /** Between 0 and 1: 0.95 for p95. */
  readonly quantile: number
}

/** The share of slow or large values of a histogram over a window. */
export interface ShareAboveOptions extends WindowOptions {
  /** The upper bound of one of the histogram's buckets. */
  readonly bound: number
}

/**
 * What alert rules can look at: a closed set, so that each expression means the same in process, in
 * Prometheus and on a dashboard.
 *
 * @example
 * ```ts
 * import { measure } from '@assay/core'
 *
 * const failedShare = measure.ratio(
 *   measure.increase({ metric: 'payouts_total', where: { outcome: 'failed' }, windowMs: 300_000 }),
 *   measure.increase({ metric: 'payouts_total', windowMs: 300_000 }),
 * )
 * console.log(failedShare.kind) // ratio
 * ```
 */
export const measure = {
  /** The latest value of a gauge, at most five minutes old. */
  gauge: (options: GaugeOptions): GaugeExpression => ({ kind: 'gauge', ...gaugeParts(options) }),

  /** How many of the last attempts in a row failed, from a gauge or counted by a repository. */
  streak: (options: GaugeOptions): StreakExpression => ({ kind: 'streak', ...gaugeParts(options) }),

  /** The mean of a gauge over a window: of `up`, the share of the time that a target was up. */
  average: (options: GaugeWindowOptions): AverageExpression => ({
    kind: 'average',
    ...gaugeParts(options),
    windowMs: options.windowMs,
  }),

  /** By how much a counter grew over a window. */
  increase: (options: WindowOptions): IncreaseExpression => ({
    kind: 'increase',
    ...windowParts(options),
  }),

  /** By how much a counter grew for each second of a window. */
  rate: (options: WindowOptions): RateExpression => ({ kind: 'rate', ...windowParts(options) }),

  /** How many values a histogram saw over a window, all or up to a bound. */
  observations: (options: ObservationsOptions): ObservationsExpression => ({
    kind: 'observations',
    ...windowParts(options),
    atMost: options.atMost ?? null,
  }),

  /** A quantile of what a histogram saw over a window, interpolated as Prometheus does. */
  quantile: ({
    metric,
    where = {},
    windowMs,
    by = [],
    quantile,
  }: QuantileOptions): QuantileExpression => ({
    kind: 'quantile',
    metric,
    where,
    by,
    windowMs,
    quantile,
  }),

  /** The share of a histogram's values over a window that were above a bound. */
  shareAbove: ({ bound, ...options }: ShareAboveOptions): RatioExpression => {
    const all = measure.observations(options)
    const atMost = measure.observations({ ...options, atMost: bound })
    return measure.ratio(measure.difference(all, atMost), all)
  },

  /** 1 while no such series is there. Compared with `op: '=='` and `threshold: 1`. */
  absent: ({ metric, where = {} }: SeriesOptions): AbsentExpression => ({
    kind: 'absent',
    metric,
    where,
  }),

  /**
   * A part of a whole, for each label set of the whole. A part that counts events is 0 where its
   * counter has not begun; where the whole is 0 there is no data, whatever the part is.
   */
  ratio: (part: AlertExpression, whole: AlertExpression): RatioExpression => ({
    kind: 'ratio',
    part,
    whole,
  }),

  /** Two measurements added up, for each label set that both have. */
  sum: (left: AlertExpression, right: AlertExpression): ArithmeticExpression => ({
    kind: 'sum',
    left,
    right,
  }),

  /** The second measurement taken from the first, for each label set that both have. */
  difference: (left: AlertExpression, right: AlertExpression): ArithmeticExpression => ({
    kind: 'difference',
    left,
    right,
  }),

  /**
   * A measurement as a multiple of its mean on the `days` days before, each read at this time of
   * day. For whole UTC days it reads a gauge of the last whole day; see `lastUtcDay`. Where the mean
   * was 0, whatever there is now is infinitely more: ask for a minimum as well, in `and`.
   */
  comparedWithDaysBefore: (of: AlertExpression, days: number): ComparedExpression => ({
    kind: 'compared',
    of,
    days,
  }),
}

function gaugeParts({ metric, where = {}, by, fold = 'max' }: GaugeOptions) {
  return { metric, where, by: by ?? null, fold }
}

function windowParts({ metric, where = {}, by = [], windowMs }: WindowOptions) {
  return { metric, where, by, fold: 'sum' as const, windowMs }
}
