import { assertWholeNumber } from '../errors/invalid-option-error.ts'
import type { CollectableMetrics } from '../metrics/create-metrics.ts'
import type { LeafExpression } from './alert-expression.ts'
import type { AlertRuleReader, AlertRuleReadings, AlertRuleSource } from './alert-rule-source.ts'
import { createLeafReader, type LeafReader, LOOKBACK_MS } from './leaf-reader.ts'
import { createSeriesStore, type SampleBudget, type SeriesStore } from './series-store.ts'
import { createTickTimes, type TickTimes } from './tick-times.ts'

/** Counter: samples that alert rules needed and that were not kept, because `samplesMax` was reached. */
export const ALERT_RULE_SAMPLES_DROPPED_TOTAL = 'assay_alert_rule_samples_dropped_total'

/** Options of {@link createRegistrySource}. */
export interface RegistrySourceOptions {
  /**
   * How many samples may be kept in all, at 9 bytes each. Past it a metric loses its oldest, and a
   * new series is not kept. Default 4,000,000.
   */
  readonly samplesMax?: number | undefined
}

const SWEEP_EVERY_MS = 60_000

/**
 * Measures alert rules on the metrics of this process, as Prometheus would on a scrape of them. At
 * each tick the metrics that rules look at are sampled; the samples are kept as long as a rule looks
 * back. `increase` and `rate` are estimated from them by the method of Prometheus.
 *
 * When the wall clock is set back, nothing is sampled until it has caught up; when it is set back by
 * more than five minutes, all samples are forgotten.
 *
 * @param metrics made by `createMetrics`
 * @param options.samplesMax how many samples may be kept in all; default 4,000,000
 * @throws `INVALID_OPTION`
 *
 * @example
 * ```ts
 * import { createMetrics, createRegistrySource } from '@assay/core'
 *
 * const source = createRegistrySource(createMetrics())
 * console.log(typeof source.open) // function
 * ```
 */
export function createRegistrySource(
  metrics: CollectableMetrics,
  { samplesMax = 4_000_000 }: RegistrySourceOptions = {},
): AlertRuleSource {
  assertWholeNumber('createRegistrySource', 'samplesMax', samplesMax, { min: 1 })
  const dropped = metrics
    .counter({
      name: ALERT_RULE_SAMPLES_DROPPED_TOTAL,
      help: 'Samples that alert rules needed and that were not kept.',
    })
    .labels({})
  return {
    open: (readings) =>
      createRegistryReader(metrics, readings, {
        left: samplesMax,
        onDropped: (count) => dropped.inc(count),
      }),
  }
}

function createRegistryReader(
  metrics: CollectableMetrics,
  { edge, leaves }: AlertRuleReadings,
  budget: SampleBudget,
): AlertRuleReader {
  const times = createTickTimes()
  const stores = createStores(leaves, times, budget)
  const readers = new Map<LeafExpression, LeafReader>(
    leaves.map(({ leaf }) => {
      const { store } = stores.get(storeKey(leaf))!
      return [leaf, createLeafReader(leaf, { store, times, edge })]
    }),
  )
  const byName = Map.groupBy(stores.values(), ({ metric }) => metric)
  const retentionMaxMs = Math.max(
    0,
    ...Array.from(stores.values(), ({ retentionMs }) => retentionMs),
  )
  let sweptAt = Number.NEGATIVE_INFINITY

  function sample(at: number): void {
    const sampledAt = times.end === times.start ? Number.NEGATIVE_INFINITY : times.at(times.end - 1)
    if (at <= sampledAt) {
      if (sampledAt - at <= LOOKBACK_MS) return
      forgetBefore(Number.POSITIVE_INFINITY)
      sweptAt = Number.NEGATIVE_INFINITY
    }
    for (const { store } of stores.values()) store.beginTick(at)
    times.append(at)
    for (const family of metrics.collect()) {
      for (const { store } of byName.get(family.name) ?? []) store.enter(family)
    }
    if (at - sweptAt < SWEEP_EVERY_MS) return
    sweptAt = at
    forgetBefore(at)
  }

  function forgetBefore(at: number): void {
    for (const { store } of stores.values()) store.dropStale(at)
    times.forgetBefore(at - retentionMaxMs)
  }

  return { sample, read: (leaf, at) => readers.get(leaf)!(at) }
}

interface MetricStore {
  readonly metric: string
  readonly retentionMs: number
  readonly store: SeriesStore
}

function isHistogramLeaf(leaf: LeafExpression): boolean {
  return leaf.kind === 'quantile' || leaf.kind === 'observations'
}

function storeKey(leaf: LeafExpression): string {
  return `${isHistogramLeaf(leaf) ? 'histogram' : 'value'} ${leaf.metric}`
}

/** One store for each metric, which keeps samples for as long as any leaf looks back. */
function createStores(
  leaves: AlertRuleReadings['leaves'],
  times: TickTimes,
  budget: SampleBudget,
): Map<string, MetricStore> {
  const stores = new Map<string, MetricStore>()
  for (const [key, group] of Map.groupBy(leaves, ({ leaf }) => storeKey(leaf))) {
    const { leaf } = group[0]!
    const retentionMs = Math.max(
      ...group.map(
        ({ leaf: each, offsetMaxMs }) =>
          offsetMaxMs + ('windowMs' in each ? each.windowMs : LOOKBACK_MS),
      ),
    )
    const store = createSeriesStore({
      isHistogram: isHistogramLeaf(leaf),
      retentionMs,
      times,
      budget,
    })
    stores.set(key, { metric: leaf.metric, retentionMs, store })
  }
  return stores
}
