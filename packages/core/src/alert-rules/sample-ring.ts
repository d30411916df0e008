import type { MetricFamily } from '../metrics/metric-sample.ts'
import type { LeafExpression } from './alert-expression.ts'
import type { AlertRuleReadings } from './alert-rule-source.ts'
import { LOOKBACK_MS } from './leaf-reader.ts'
import { createSeriesStore, type SampleBudget, type SeriesStore } from './series-store.ts'
import { createTickTimes, type TickTimes } from './tick-times.ts'

/** The metrics that are sampled at the same moments, as far back as their leaves look. */
export interface SampleRing {
  readonly times: TickTimes
  readonly stores: readonly SeriesStore[]
  storeOf(leaf: LeafExpression): SeriesStore
  /** Begins a sampling, unless the last one was too short a while ago. */
  begin(at: number): boolean
  /** Enters what one metric shows in the sampling that was begun. */
  enter(family: MetricFamily): void
  /** Forgets what no leaf can look back at from here. */
  forgetBefore(at: number): void
}

/** What a {@link SampleRing} is made of. */
export interface SampleRingOptions {
  readonly leaves: AlertRuleReadings['leaves']
  /** How long one sampling is after another at least, in milliseconds. */
  readonly intervalMs: number
  readonly budget: SampleBudget
}

/** Makes a ring without samples, with one store for each metric of its leaves. */
export function createSampleRing({ leaves, intervalMs, budget }: SampleRingOptions): SampleRing {
  const times = createTickTimes()
  const storesByMetric = new Map<string, SeriesStore[]>()
  const storeByKey = new Map<string, SeriesStore>()
  let retentionMaxMs = 0
  for (const [key, group] of Map.groupBy(leaves, ({ leaf }) => keyOf(leaf))) {
    const { leaf } = group[0]!
    const retentionMs = Math.max(
      ...group.map((each) => each.offsetMaxMs + (windowOf(each.leaf) ?? LOOKBACK_MS)),
    )
    const isHistogram = isHistogramLeaf(leaf)
    const store = createSeriesStore({ isHistogram, retentionMs, times, budget })
    retentionMaxMs = Math.max(retentionMaxMs, retentionMs)
    storeByKey.set(key, store)
    storesByMetric.set(leaf.metric, [...(storesByMetric.get(leaf.metric) ?? []), store])
  }
  const stores = [...storeByKey.values()]

  return {
    times,
    stores,
    storeOf: (leaf) => storeByKey.get(keyOf(leaf))!,
    begin(at) {
      if (times.end > times.start && at < times.at(times.end - 1) + intervalMs) return false
      for (const store of stores) store.beginTick(at)
      times.append(at)
      return true
    },
    enter(family) {
      for (const store of storesByMetric.get(family.name) ?? []) store.enter(family)
    },
    forgetBefore(at) {
      for (const store of stores) store.dropStale(at)
      times.forgetBefore(at - retentionMaxMs)
    },
  }
}

function windowOf(leaf: LeafExpression): number | undefined {
  return 'windowMs' in leaf ? leaf.windowMs : undefined
}

function isHistogramLeaf(leaf: LeafExpression): boolean {
  return leaf.kind === 'quantile' || leaf.kind === 'observations'
}

function keyOf(leaf: LeafExpression): string {
  return `${isHistogramLeaf(leaf) ? 'histogram' : 'value'} ${leaf.metric}`
}
