import { describe, expect, it } from 'vitest'

import { createMetrics } from '../metrics/create-metrics.ts'
import type { MetricFamily } from '../metrics/metric-sample.ts'
import type { AlertExpression, LeafExpression } from './alert-expression.ts'
import type { AlertRuleReader, WindowEdge } from './alert-rule-source.ts'
import { ALERT_RULE_SAMPLES_DROPPED_TOTAL, createRegistrySource } from './create-registry-source.ts'
import { measure } from './measure.ts'

const SIGNAL = new AbortController().signal
const MINUTE = 60_000

/** A reader of one leaf, over metrics whose values a test sets. */
function open(
  leaf: LeafExpression,
  {
    edge = 'left-open',
    samplesMax = 10_000,
    offsetMaxMs = 0,
  }: { edge?: WindowEdge; samplesMax?: number; offsetMaxMs?: number } = {},
) {
  const metrics = createMetrics()
  const readings = { edge, leaves: [{ leaf, offsetMaxMs }] }
  const reader: AlertRuleReader = createRegistrySource(metrics, { samplesMax }).open(readings)
  return {
    metrics,
    sample: (at: number) => reader.sample(at),
    /** Values by label set. */
    read: (at: number): Record<string, number> => {
      const vector = reader.read(leaf, at, SIGNAL)
      if (vector instanceof Promise) throw new Error('A registry answers at once.')
      const entries = vector.labelSets.map(({ labels }, index) => [
        Object.values(labels).join(),
        vector.values[index]!,
      ])
      return Object.fromEntries(entries)
    },
  }
}

const NAMES = { help: 'Of a test.', labelNames: ['kind'] } as const
const increase = (windowMs: number) => measure.increase({ metric: 'events_total', windowMs })

describe('createRegistrySource', () => {
  it.each([
    ['left-open', 'the sample at its beginning is outside', 5],
    ['closed', 'the sample at its beginning is inside', 8],
  ] as const)('over a window that is %s %s', (edge, _, expected) => {
    // The mean of 5 alone, or of 11 and 5.
    const { metrics, sample, read } = open(measure.average({ metric: 'depth', windowMs: MINUTE }), {
      edge,
    })
    const gauge = metrics.gauge({ name: 'depth', help: 'Depth.' }).labels({})
    gauge.set(11)
    sample(0)
    gauge.set(5)
    sample(MINUTE)
    expect(read(MINUTE)).toEqual({ '': expected })
  })

  it('estimates the increase of each group of series', () => {
    const leaf = measure.increase({ metric: 'events_total', windowMs: 2 * MINUTE, by: ['kind'] })
    const { metrics, sample, read } = open(leaf)
    const counter = metrics.counter({
      name: 'events_total',
      help: 'x',
      labelNames: ['kind', 'node'],
    })
    for (let at = 0; at <= 3 * MINUTE; at += MINUTE) {
      counter.labels({ kind: 'a', node: '1' }).inc(10)
      counter.labels({ kind: 'a', node: '2' }).inc(5)
      counter.labels({ kind: 'b', node: '1' }).inc(1)
      sample(at)
    }
    expect(read(3 * MINUTE)).toEqual({ a: 30, b: 2 })
  })

  it.each([
    ['sum', { '': 12 }],
    ['max', { '': 8 }],
    ['min', { '': 4 }],
  ] as const)('folds gauges by %s', (fold, expected) => {
    const { metrics, sample, read } = open(measure.gauge({ metric: 'depth', by: [], fold }))
    const gauge = metrics.gauge({ name: 'depth', ...NAMES })
    gauge.labels({ kind: 'a' }).set(8)
    gauge.labels({ kind: 'b' }).set(4)
    sample(0)
    expect(read(0)).toEqual(expected)
  })

  it.each(['max', 'min'] as const)('by %s takes the number where another is none', (fold) => {
    const { metrics, sample, read } = open(measure.gauge({ metric: 'depth', by: [], fold }))
    const gauge = metrics.gauge({ name: 'depth', ...NAMES })
    gauge.labels({ kind: 'a' }).set(Number.NaN)
    gauge.labels({ kind: 'b' }).set(4)
    gauge.labels({ kind: 'c' }).set(Number.NaN)
    sample(0)
    expect(read(0)).toEqual({ '': 4 })
  })

  it('reads a gauge for five minutes after it was last sampled', () => {
    const leaf = measure.gauge({ metric: 'depth' })
    for (const [edge, atFive] of [
      ['left-open', {}],
      ['closed', { '': 7 }],
    ] as const) {
      const { metrics, sample, read } = open(leaf, { edge })
      metrics.gauge({ name: 'depth', help: 'x' }).labels({}).set(7)
      sample(0)
      expect(read(5 * MINUTE - 1)).toEqual({ '': 7 })
      expect(read(5 * MINUTE)).toEqual(atFive)
      expect(read(5 * MINUTE + 1)).toEqual({})
    }
  })

  it('takes a series for gone as soon as it is missing where others were sampled', () => {
    const { metrics, sample, read } = open(measure.gauge({ metric: 'depth' }))
    const gauge = metrics.gauge({ name: 'depth', ...NAMES })
    let isThere = true
    gauge.labels({ kind: 'a' }).setFunction(() => (isThere ? 1 : (undefined as never)))
    gauge.labels({ kind: 'b' }).set(2)
    sample(0)
    isThere = false
    sample(1_000)
    expect(read(1_000)).toEqual({ b: 2 })
    expect(read(999)).toEqual({ a: 1, b: 2 })
    isThere = true
    sample(2_000)
    expect(read(2_000)).toEqual({ a: 1, b: 2 })
  })

  it('is 1 where nothing matches, with the labels that were asked for', () => {
    const leaf = measure.absent({ metric: 'up', where: { kind: 'api', zone: { not: 'x' } } })
    const { metrics, sample, read } = open(leaf)
    const gauge = metrics.gauge({ name: 'up', ...NAMES })
    gauge.labels({ kind: 'web' }).set(1)
    sample(0)
    expect(read(0)).toEqual({ api: 1 })
    gauge.labels({ kind: 'api' }).set(0)
    sample(1)
    expect(read(1)).toEqual({ api: 0 })
  })

  it('finds a quantile of the histograms of a group together', () => {
    const leaf = measure.quantile({ metric: 'seconds', windowMs: 10 * MINUTE, quantile: 0.5 })
    const { metrics, sample, read } = open(leaf)
    const histogram = metrics.histogram({ name: 'seconds', ...NAMES, buckets: [1, 2] })
    histogram.labels({ kind: 'a' })
    histogram.labels({ kind: 'b' })
    sample(0)
    for (let count = 0; count < 10; count += 1) histogram.labels({ kind: 'a' }).observe(0.5)
    for (let count = 0; count < 30; count += 1) histogram.labels({ kind: 'b' }).observe(1.5)
    sample(MINUTE)
    // The 20th of 40: a third through the bucket from 1 to 2.
    expect(read(MINUTE)['']).toBeCloseTo(1 + 1 / 3, 10)
  })

  it.each([
    [1, 10],
    [2, 40],
    [null, 41],
  ])('counts what was observed up to %s', (atMost, expected) => {
    const options = { metric: 'seconds', windowMs: MINUTE, ...(atMost !== null && { atMost }) }
    const { metrics, sample, read } = open(measure.observations(options), { edge: 'closed' })
    const series = metrics.histogram({ name: 'seconds', help: 'x', buckets: [1, 2] }).labels({})
    sample(0)
    for (let count = 0; count < 10; count += 1) series.observe(0.5)
    for (let count = 0; count < 30; count += 1) series.observe(1.5)
    series.observe(100)
    sample(MINUTE)
    expect(read(MINUTE)[''] ?? 0).toBeCloseTo(expected, 10)
  })

  it('has nothing to say about a bound that no bucket has', () => {
    const { metrics, sample, read } = open(
      measure.observations({ metric: 'seconds', windowMs: MINUTE, atMost: 1.5 }),
    )
    metrics.histogram({ name: 'seconds', help: 'x', buckets: [1, 2] }).labels({})
    sample(0)
    sample(1_000)
    expect(read(1_000)).toEqual({})
  })

  it('takes neither a histogram for a counter nor a counter for a histogram', () => {
    const ofHistogram = open(increase(MINUTE))
    ofHistogram.metrics.histogram({ name: 'events_total', help: 'x' }).labels({})
    ofHistogram.sample(0)
    ofHistogram.sample(1_000)
    expect(ofHistogram.read(1_000)).toEqual({})
    const ofCounter = open(measure.quantile({ metric: 'c', windowMs: MINUTE, quantile: 0.5 }))
    ofCounter.metrics.counter({ name: 'c', help: 'x' }).labels({})
    ofCounter.sample(0)
    ofCounter.sample(1_000)
    expect(ofCounter.read(1_000)).toEqual({})
  })

  it('keeps samples for as long as a rule looks back, over days too', () => {
    const day = 86_400_000
    const { metrics, sample, read } = open(measure.gauge({ metric: 'depth' }), {
      offsetMaxMs: 2 * day,
    })
    const gauge = metrics.gauge({ name: 'depth', help: 'x' }).labels({})
    for (let minute = 0; minute <= 3 * 1_440; minute += 1) {
      gauge.set(minute)
      sample(minute * MINUTE)
    }
    expect(read(3 * day)).toEqual({ '': 3 * 1_440 })
    expect(read(1 * day)).toEqual({ '': 1_440 })
    expect(read(0.9 * day)).toEqual({})
  })

  it('loses the oldest samples at the limit, counts them, and goes on', () => {
    const { metrics, sample, read } = open(increase(60 * MINUTE), { samplesMax: 16 })
    const counter = metrics.counter({ name: 'events_total', help: 'x' }).labels({})
    for (let minute = 0; minute <= 40; minute += 1) {
      counter.inc()
      sample(minute * MINUTE)
    }
    // Sixteen samples show 15, and half an interval more on the far side.
    expect(read(40 * MINUTE)['']).toBeCloseTo(15.5, 10)
    expect(droppedIn(metrics.collect())).toBe(41 - 16)
  })

  it('does not keep a series that finds no room, and counts it', () => {
    const { metrics, sample, read } = open(measure.gauge({ metric: 'depth' }), { samplesMax: 16 })
    const gauge = metrics.gauge({ name: 'depth', ...NAMES })
    for (const kind of ['a', 'b', 'c']) gauge.labels({ kind }).set(1)
    sample(0)
    expect(read(0)).toEqual({ a: 1, b: 1 })
    expect(droppedIn(metrics.collect())).toBe(1)
  })

  it('makes room for new series when old ones are gone for longer than rules look back', () => {
    const metrics = createMetrics()
    let family: MetricFamily = createFamily('a')
    const source = createRegistrySource({ ...metrics, collect: () => [family] }, { samplesMax: 8 })
    const leaf = measure.gauge({ metric: 'depth' })
    const reader = source.open({ edge: 'left-open', leaves: [{ leaf, offsetMaxMs: 0 }] })
    reader.sample(0)
    family = createFamily('b')
    reader.sample(10 * MINUTE)
    reader.sample(12 * MINUTE)
    expect(reader.read(leaf, 12 * MINUTE, SIGNAL)).toMatchObject({
      labelSets: [{ labels: { kind: 'b' } }],
    })
  })

  it('starts a histogram anew when its buckets change', () => {
    const bounds = [
      [1, Infinity],
      [1, 2, Infinity],
      [1, 2, Infinity],
    ]
    const families = bounds.map((each): MetricFamily => {
      const buckets = each.map((le, index) => ({ le, count: 10 * (index + 1) }))
      const labels = { kind: 'a' }
      const histogram = { buckets, sum: 0, count: 10 * each.length }
      return {
        name: 's',
        help: 'x',
        type: 'histogram',
        labelNames: ['kind'],
        series: [{ labels, histogram }],
      }
    })
    const collect = () => [families.shift()!]
    const source = createRegistrySource({ ...createMetrics(), collect })
    const leaf = measure.observations({ metric: 's', windowMs: MINUTE })
    const reader = source.open({ edge: 'left-open', leaves: [{ leaf, offsetMaxMs: 0 }] })
    for (const at of [1, 1_000, 2_000]) reader.sample(at)
    // From the second to the third; over all three it would be a growth.
    expect(reader.read(leaf, 2_000, SIGNAL)).toMatchObject({ values: Float64Array.of(0) })
  })

  it('waits where the clock is set back a little, and forgets all where it is set back far', () => {
    const { metrics, sample, read } = open(measure.gauge({ metric: 'depth' }))
    const gauge = metrics.gauge({ name: 'depth', help: 'x' }).labels({})
    gauge.set(1)
    sample(60 * MINUTE)
    gauge.set(2)
    sample(60 * MINUTE)
    sample(56 * MINUTE)
    expect(read(60 * MINUTE)).toEqual({ '': 1 })
    sample(10 * MINUTE)
    expect(read(10 * MINUTE)).toEqual({ '': 2 })
    expect(read(60 * MINUTE)).toEqual({})
  })

  it('refuses a limit that is none', () => {
    expect(() => createRegistrySource(createMetrics(), { samplesMax: 0 })).toThrow('samplesMax')
    const options = { longWindowSamples: 1 }
    expect(() => createRegistrySource(createMetrics(), options)).toThrow('longWindowSamples')
  })
})

function createFamily(kind: string): MetricFamily {
  const series = [{ labels: { kind }, value: 1 }]
  return { name: 'depth', help: 'x', type: 'gauge', labelNames: ['kind'], series }
}

function droppedIn(families: readonly MetricFamily[]): number | undefined {
  const family = families.find(({ name }) => name === ALERT_RULE_SAMPLES_DROPPED_TOTAL)
  return family?.type === 'counter' ? family.series[0]?.value : undefined
}

// Every kind of leaf can be opened; a new one that is forgotten above fails to compile here.
const LEAVES: Record<LeafExpression['kind'], AlertExpression> = {
  gauge: measure.gauge({ metric: 'm' }),
  streak: measure.streak({ metric: 'm' }),
  average: measure.average({ metric: 'm', windowMs: MINUTE }),
  increase: measure.increase({ metric: 'm', windowMs: MINUTE }),
  rate: measure.rate({ metric: 'm', windowMs: MINUTE }),
  observations: measure.observations({ metric: 'm', windowMs: MINUTE }),
  quantile: measure.quantile({ metric: 'm', windowMs: MINUTE, quantile: 0.5 }),
  absent: measure.absent({ metric: 'm' }),
}

it.each(Object.values(LEAVES))('measures nothing of %o before the first sample', (leaf) => {
  const { read } = open(leaf as LeafExpression)
  expect(read(0)).toEqual(leaf.kind === 'absent' ? { '': 1 } : {})
})
