import { assertWholeNumber } from '../errors/invalid-option-error.ts'
import type { CollectableMetrics } from '../metrics/create-metrics.ts'
import type { LeafExpression } from './alert-expression.ts'
import type { AlertRuleReader, AlertRuleReadings, AlertRuleSource } from './alert-rule-source.ts'
import { createLeafReader, type LeafReader, LOOKBACK_MS } from './leaf-reader.ts'
import { createSampleRing, type SampleRing } from './sample-ring.ts'
import type { SampleBudget } from './series-store.ts'

/** Counter: samples that alert rules needed and that were not kept, because `samplesMax` was reached. */
export const ALERT_RULE_SAMPLES_DROPPED_TOTAL = 'assay_alert_rule_samples_dropped_total'

/** Options of {@link createRegistrySource}. */
export interface RegistrySourceOptions {
  /**
   * How many samples may be kept in all, at 9 bytes each. Past it a metric loses its oldest, and a
   * new series is not kept: rules that need them have no data, for the reason `window_not_covered`.
   * Default 4,000,000.
   */
  readonly samplesMax?: number | undefined
  /**
   * How many samples of a counter or histogram lie in a window of more than two hours, where ticks are
   * closer together. Default 500.
   */
  readonly longWindowSamples?: number | undefined
}

const SWEEP_EVERY_MS = 60_000
/** Up to here, 500 samples are all that ticks of 15 seconds bring. */
const LONG_WINDOW_MS = 2 * 3_600_000

/**
 * Measures alert rules on the metrics of this process, as Prometheus would on a scrape of them. At
 * each tick the metrics that rules look at are sampled; the samples are kept as long as a rule looks
 * back. `increase` and `rate` are estimated from them by the method of Prometheus.
 *
 * What is counted over more than two hours is sampled less often, as if Prometheus scraped it 500
 * times in the window: over three days once in nine minutes. So the window of a rule may be long
 * where series are many, and what it says is late by no more than two of these samplings.
 *
 * When the wall clock is set back, nothing is sampled until it has caught up; when it is set back by
 * more than five minutes, all samples are forgotten.
 *
 * @param metrics made by `createMetrics`
 * @param options.samplesMax how many samples may be kept in all; default 4,000,000
 * @param options.longWindowSamples how many samples of a counter lie in a window of more than two
 * hours; default 500
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
  { samplesMax = 4_000_000, longWindowSamples = 500 }: RegistrySourceOptions = {},
): AlertRuleSource {
  assertWholeNumber('createRegistrySource', 'samplesMax', samplesMax, { min: 1 })
  assertWholeNumber('createRegistrySource', 'longWindowSamples', longWindowSamples, { min: 2 })
  const dropped = metrics
    .counter({
      name: ALERT_RULE_SAMPLES_DROPPED_TOTAL,
      help: 'Samples that alert rules needed and that were not kept.',
    })
    .labels({})
  return {
    open: (readings) =>
      createRegistryReader(metrics, readings, {
        longWindowSamples,
        budget: { left: samplesMax, onDropped: (count) => dropped.inc(count) },
      }),
  }
}

function createRegistryReader(
  metrics: CollectableMetrics,
  { edge, leaves }: AlertRuleReadings,
  {
    longWindowSamples,
    budget,
  }: { readonly longWindowSamples: number; readonly budget: SampleBudget },
): AlertRuleReader {
  const byInterval = Map.groupBy(leaves, ({ leaf }) => samplingIntervalOf(leaf, longWindowSamples))
  const readers = new Map<LeafExpression, LeafReader>()
  const rings = Array.from(byInterval, ([intervalMs, group]): SampleRing => {
    const ring = createSampleRing({ leaves: group, intervalMs, budget })
    for (const { leaf } of group) {
      const store = ring.storeOf(leaf)
      readers.set(leaf, createLeafReader(leaf, { store, times: ring.times, edge }))
    }
    return ring
  })
  let sampledAt = Number.NEGATIVE_INFINITY
  let sweptAt = Number.NEGATIVE_INFINITY

  function sample(at: number): void {
    if (at <= sampledAt) {
      if (sampledAt - at <= LOOKBACK_MS) return
      forgetBefore(Number.POSITIVE_INFINITY)
      sweptAt = Number.NEGATIVE_INFINITY
    }
    sampledAt = at
    const begun = rings.filter((ring) => ring.begin(at))
    if (begun.length > 0) {
      for (const family of metrics.collect()) {
        for (const ring of begun) ring.enter(family)
      }
    }
    if (at - sweptAt < SWEEP_EVERY_MS) return
    sweptAt = at
    forgetBefore(at)
  }

  function forgetBefore(at: number): void {
    for (const ring of rings) ring.forgetBefore(at)
  }

  return { sample, read: (leaf, at) => readers.get(leaf)!(at) }
}

/** How far apart the samples of a leaf may be, in milliseconds. */
function samplingIntervalOf(leaf: LeafExpression, longWindowSamples: number): number {
  // The mean of a gauge needs all, and what is there now has no window.
  if (!('windowMs' in leaf) || leaf.kind === 'average') return 0
  return leaf.windowMs > LONG_WINDOW_MS ? leaf.windowMs / longWindowSamples : 0
}
