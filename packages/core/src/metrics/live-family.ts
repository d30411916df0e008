import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import type { LiveSeries, SeriesOwner } from './live-series.ts'
import type { MetricFamily } from './metric-sample.ts'
import type { Labels } from './metrics.ts'
import { noSeries } from './no-metrics.ts'

/** A metric of `createMetrics`, as a binding to another registry sees it. */
export interface LiveFamily {
  readonly name: string
  readonly help: string
  readonly type: MetricFamily['type']
  readonly labelNames: readonly string[]
  /** Its series as they are now. Never throws. */
  collect(): MetricFamily
  /** Sets its series back to zero. Whoever keeps one keeps measuring into it. */
  reset(): void
}

/** A {@link LiveFamily}, as the metrics that own it see it. */
export interface LabelledFamily<Series> extends LiveFamily {
  /** The series with these label values; past the limit, one that measures nothing. */
  labels(values: Labels<string>): Series | typeof noSeries
}

export interface LiveFamilyOptions<Series extends LiveSeries> {
  readonly name: string
  readonly help: string
  readonly type: MetricFamily['type']
  readonly labelNames: readonly string[]
  readonly seriesMax: number
  readonly createSeries: (labels: Labels<string>, owner: SeriesOwner) => Series
  readonly onSeriesRefused: () => void
  readonly onValueRefused: () => void
}

/** Makes a metric. Its series are made as they are asked for. */
export function createLiveFamily<Series extends LiveSeries>({
  name,
  help,
  type,
  labelNames,
  seriesMax,
  createSeries,
  onSeriesRefused,
  onValueRefused,
}: LiveFamilyOptions<Series>): LabelledFamily<Series> {
  const root: SeriesNode<Series> = { series: undefined, children: undefined }
  const all: Series[] = []
  const owner: SeriesOwner = { refuseValue: onValueRefused }

  return {
    name,
    help,
    type,
    labelNames,
    labels(values) {
      const existing = findSeries(root, labelNames, values)
      if (existing !== undefined && Object.keys(values).length === labelNames.length) {
        return existing
      }
      assertLabels(name, labelNames, values)
      if (all.length >= seriesMax) {
        onSeriesRefused()
        return noSeries
      }
      const labels = Object.fromEntries(labelNames.map((label) => [label, values[label] ?? '']))
      const series = createSeries(Object.freeze(labels), owner)
      insertSeries(root, Object.values(labels), series)
      all.push(series)
      return series
    },
    collect() {
      const samples = all.map((each) => each.sample())
      const series = samples.filter((sample) => sample !== undefined)
      // The type of a metric decides which samples its series give.
      return { name, help, type, labelNames, series } as MetricFamily
    },
    reset() {
      for (const series of all) series.reset()
    },
  }
}

/**
 * A series is found by one step for each label. Keys joined from the values would take more than
 * twice as long to find, and would need an escape so that no value could pretend to be two.
 */
interface SeriesNode<Series> {
  series: Series | undefined
  children: Map<string, SeriesNode<Series>> | undefined
}

function findSeries<Series>(
  root: SeriesNode<Series>,
  labelNames: readonly string[],
  values: Labels<string>,
): Series | undefined {
  let node: SeriesNode<Series> | undefined = root
  for (const label of labelNames) node = node?.children?.get(values[label]!)
  return node?.series
}

function insertSeries<Series>(
  root: SeriesNode<Series>,
  values: readonly string[],
  series: Series,
): void {
  let node = root
  for (const value of values) {
    node.children ??= new Map()
    const child = node.children.get(value) ?? { series: undefined, children: undefined }
    node.children.set(value, child)
    node = child
  }
  node.series = series
}

function assertLabels(name: string, labelNames: readonly string[], values: Labels<string>): void {
  const isComplete = labelNames.every((label) => typeof values[label] === 'string')
  if (isComplete && Object.keys(values).length === labelNames.length) return
  const requirement =
    labelNames.length === 0
      ? 'empty: this metric has no labels'
      : `an object of strings, exactly ${labelNames.join(', ')}`
  throw new InvalidOptionError(`labels of ${name}`, 'values', requirement)
}
