import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import {
  createMetrics,
  DEFAULT_HISTOGRAM_BUCKETS,
  METRICS_SERIES_REFUSED_TOTAL,
  METRICS_VALUES_REFUSED_TOTAL,
} from './create-metrics.ts'
import type { CollectableMetrics } from './create-metrics.ts'
import type { GaugeSeries, MetricOptions } from './metrics.ts'

const CALLS = { name: 'calls_total', help: 'Calls.', labelNames: ['name', 'outcome'] } as const
const DEPTH = { name: 'queue_depth', help: 'Depth.' } as const
const LATENCY = { name: 'latency_seconds', help: 'Latency.', buckets: [0.1, 1] } as const

function family(metrics: CollectableMetrics, name: string) {
  return metrics.collect().find((each) => each.name === name)
}

function value(metrics: CollectableMetrics, name: string, labels: Record<string, string> = {}) {
  const found = family(metrics, name)
  if (found === undefined || found.type === 'histogram') return undefined
  return found.series.find((each) => JSON.stringify(each.labels) === JSON.stringify(labels))?.value
}

function refusedValues(metrics: CollectableMetrics, metric: string) {
  return value(metrics, METRICS_VALUES_REFUSED_TOTAL, { metric })
}

describe('collect', () => {
  test('returns each metric with its description and its series', () => {
    const metrics = createMetrics()
    const calls = metrics.counter(CALLS)
    calls.labels({ name: 'rpc', outcome: 'success' }).inc()
    calls.labels({ outcome: 'failure', name: 'rpc' }).inc(2.5)

    expect(family(metrics, 'calls_total')).toEqual({
      name: 'calls_total',
      help: 'Calls.',
      type: 'counter',
      labelNames: ['name', 'outcome'],
      series: [
        { labels: { name: 'rpc', outcome: 'success' }, value: 1 },
        { labels: { name: 'rpc', outcome: 'failure' }, value: 2.5 },
      ],
    })
  })

  test('is a picture of one moment', () => {
    const metrics = createMetrics()
    const calls = metrics.counter(DEPTH).labels({})
    const before = family(metrics, 'queue_depth')
    calls.inc()
    expect(before?.series).toEqual([{ labels: {}, value: 0 }])
  })

  test('begins with the two counters of what was refused', () => {
    expect(createMetrics().collect()).toMatchObject([
      { name: METRICS_SERIES_REFUSED_TOTAL, type: 'counter', series: [] },
      { name: METRICS_VALUES_REFUSED_TOTAL, type: 'counter', series: [] },
    ])
  })
})

describe('a counter', () => {
  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, -0.000_001, '1', 1n, null, {}])(
    'refuses an increment of %s without throwing, and counts it',
    (amount) => {
      const metrics = createMetrics()
      const series = metrics.counter(DEPTH).labels({})
      series.inc(3)
      series.inc(amount as number)
      expect(value(metrics, 'queue_depth')).toBe(3)
      expect(refusedValues(metrics, 'queue_depth')).toBe(1)
    },
  )

  test('never goes down, whatever it is given', () => {
    fc.assert(
      fc.property(fc.array(fc.double()), (amounts) => {
        const metrics = createMetrics()
        const series = metrics.counter(DEPTH).labels({})
        let last = 0
        for (const amount of amounts) {
          series.inc(amount)
          const now = value(metrics, 'queue_depth') ?? Number.NaN
          expect(now).toBeGreaterThanOrEqual(last)
          last = now
        }
      }),
    )
  })

  test('keeps no closure and no method of its own in a series', () => {
    const calls = createMetrics().counter(CALLS)
    const one = calls.labels({ name: 'a', outcome: 'b' })
    const other = calls.labels({ name: 'c', outcome: 'd' })
    expect(Object.getPrototypeOf(one)).toBe(Object.getPrototypeOf(other))
    expect(Object.values(one).filter((each) => typeof each === 'function')).toEqual([])
  })
})

describe('a gauge', () => {
  function withGauge(use: (series: GaugeSeries) => void) {
    const metrics = createMetrics()
    use(metrics.gauge(DEPTH).labels({}))
    return metrics
  }

  test('is set, and goes up and down', () => {
    const metrics = withGauge((depth) => {
      depth.set(5)
      depth.inc()
      depth.inc(2)
      depth.dec()
      depth.dec(4)
    })
    expect(value(metrics, 'queue_depth')).toBe(3)
  })

  test('shows NaN where it was told that there is no value', () => {
    expect(
      value(
        withGauge((depth) => depth.set(Number.NaN)),
        'queue_depth',
      ),
    ).toBeNaN()
  })

  test('refuses steps that are not finite, and what is no number', () => {
    const metrics = withGauge((depth) => {
      depth.set(7)
      depth.inc(Number.NaN)
      depth.dec(Number.POSITIVE_INFINITY)
      depth.set('9' as unknown as number)
      depth.set(9n as unknown as number)
    })
    expect(value(metrics, 'queue_depth')).toBe(7)
    expect(refusedValues(metrics, 'queue_depth')).toBe(4)
  })

  test('reads its function at each collection', () => {
    let depth = 1
    const metrics = withGauge((series) => series.setFunction(() => depth))
    expect(value(metrics, 'queue_depth')).toBe(1)
    depth = 2
    expect(value(metrics, 'queue_depth')).toBe(2)
  })

  test('takes the last instruction: a value after a function, a function after a value', () => {
    const set = withGauge((depth) => {
      depth.setFunction(() => 1)
      depth.set(2)
    })
    expect(value(set, 'queue_depth')).toBe(2)
    const read = withGauge((depth) => {
      depth.set(2)
      depth.setFunction(() => 1)
    })
    expect(value(read, 'queue_depth')).toBe(1)
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('pool is closed')
      },
    ],
    ['returns no number', () => 'many' as unknown as number],
  ])('whose function %s is left out and counted, and the rest is collected', (_, read) => {
    const metrics = createMetrics()
    const depth = metrics.gauge({ ...DEPTH, labelNames: ['queue'] })
    depth.labels({ queue: 'bad' }).setFunction(read)
    depth.labels({ queue: 'good' }).set(4)
    expect(family(metrics, 'queue_depth')?.series).toEqual([
      { labels: { queue: 'good' }, value: 4 },
    ])
    expect(refusedValues(metrics, 'queue_depth')).toBe(1)
  })
})

describe('a histogram', () => {
  test('counts cumulatively, with a value on a bound inside its bucket', () => {
    const metrics = createMetrics()
    const latency = metrics.histogram(LATENCY).labels({})
    for (const each of [0.05, 0.1, 0.11, 1, 7, -3]) latency.observe(each)
    expect(family(metrics, 'latency_seconds')?.series).toEqual([
      {
        labels: {},
        histogram: {
          buckets: [
            { le: 0.1, count: 3 },
            { le: 1, count: 5 },
            { le: Number.POSITIVE_INFINITY, count: 6 },
          ],
          sum: expect.closeTo(5.26),
          count: 6,
        },
      },
    ])
  })

  test('agrees with counting by hand', () => {
    const bound = fc.integer({ min: -50, max: 50 })
    fc.assert(
      fc.property(
        fc.uniqueArray(bound, { minLength: 1 }),
        fc.array(bound),
        (bounds, observations) => {
          const buckets = bounds.toSorted((left, right) => left - right)
          const metrics = createMetrics()
          const latency = metrics.histogram({ ...LATENCY, buckets }).labels({})
          for (const each of observations) latency.observe(each)
          expect(family(metrics, 'latency_seconds')?.series).toMatchObject([
            {
              histogram: {
                buckets: [...buckets, Number.POSITIVE_INFINITY].map((le) => ({
                  le,
                  count: observations.filter((each) => each <= le).length,
                })),
                count: observations.length,
              },
            },
          ])
        },
      ),
    )
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, '1', 1n])('refuses %s and counts it', (bad) => {
    const metrics = createMetrics()
    const latency = metrics.histogram(LATENCY).labels({})
    latency.observe(bad as number)
    expect(family(metrics, 'latency_seconds')?.series).toMatchObject([
      { histogram: { sum: 0, count: 0 } },
    ])
    expect(refusedValues(metrics, 'latency_seconds')).toBe(1)
  })

  test('is not changed by a later change of the array of buckets', () => {
    const buckets = [1, 2]
    const metrics = createMetrics()
    const latency = metrics.histogram({ ...LATENCY, buckets }).labels({})
    buckets.length = 0
    latency.observe(1.5)
    expect(family(metrics, 'latency_seconds')?.series).toMatchObject([
      { histogram: { buckets: [{ le: 1 }, { le: 2, count: 1 }, {}] } },
    ])
  })
})

describe('the same name', () => {
  test('returns the same metric, and the same labels the same series', () => {
    const metrics = createMetrics()
    const first = metrics.counter(CALLS)
    const second = metrics.counter({ ...CALLS, labelNames: ['outcome', 'name'], help: 'Other.' })
    expect(second.labels({ name: 'a', outcome: 'b' })).toBe(
      first.labels({ outcome: 'b', name: 'a' }),
    )
    expect(metrics.histogram(LATENCY).labels({})).toBe(metrics.histogram(LATENCY).labels({}))
  })

  test.each([
    ['another type', (metrics) => metrics.gauge(CALLS), 'it is a counter already, not a gauge.'],
    [
      'other labels',
      (metrics) => metrics.counter({ ...CALLS, labelNames: ['name'] }),
      'its labels are [name, outcome] already.',
    ],
    [
      'other buckets',
      (metrics) => metrics.histogram({ ...LATENCY, buckets: [5] }),
      'it has other buckets already.',
    ],
    [
      'default buckets',
      (metrics) => metrics.histogram({ name: LATENCY.name, help: 'x' }),
      'it has other buckets already.',
    ],
    [
      'a name of a histogram',
      (metrics) => metrics.counter({ name: 'latency_seconds_count', help: 'x' }),
      'its series would mix with those of "latency_seconds".',
    ],
    [
      'a histogram over its name',
      (metrics) => metrics.histogram({ name: 'orders', help: 'x' }),
      'its series would mix with those of "orders_sum".',
    ],
  ] satisfies [string, (metrics: CollectableMetrics) => unknown, string][])(
    'with %s is a conflict',
    (_, make, reason) => {
      const metrics = createMetrics()
      metrics.counter(CALLS)
      metrics.histogram(LATENCY)
      metrics.gauge({ name: 'orders_sum', help: 'Sum.' })
      const before = metrics.collect()
      expect(() => make(metrics)).toThrow(
        expect.objectContaining({
          code: 'METRIC_CONFLICT',
          message: expect.stringContaining(reason),
        }),
      )
      expect(metrics.collect()).toEqual(before)
    },
  )
})

describe('labels', () => {
  test.each([
    ['one is missing', { name: 'a' }],
    ['one is too many', { name: 'a', outcome: 'b', user: 'c' }],
    ['one has another name', { name: 'a', result: 'b' }],
    ['one is no string', { name: 'a', outcome: 1 }],
    ['one is undefined', { name: 'a', outcome: undefined }],
    ['they are inherited', Object.create({ name: 'a', outcome: 'b' })],
  ])('throw when %s', (_, labels: object) => {
    const calls = createMetrics().counter(CALLS)
    calls.labels({ name: 'a', outcome: 'b' })
    expect(() => calls.labels(labels as Record<'name' | 'outcome', string>)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    )
  })

  test('throw when a metric has none', () => {
    const depth = createMetrics().gauge(DEPTH)
    expect(() => depth.labels({ queue: 'a' })).toThrow('must be empty')
  })

  test('named like what every object inherits are still required', () => {
    const calls = createMetrics().counter({ ...CALLS, labelNames: ['constructor', 'toString'] })
    expect(() => calls.labels({} as never)).toThrow('constructor, toString')
    expect(() => calls.labels({ constructor: 'a', toString: 'b' })).not.toThrow()
  })

  test('with different values never share a series, however hostile the values', () => {
    const hostile = fc.oneof(
      fc.constantFrom('', ',', '":"', '1:', '\u0000', '__proto__', 'a,b', '\\', '\n', '|'),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(hostile, hostile)), (pairs) => {
        const metrics = createMetrics()
        const calls = metrics.counter(CALLS)
        for (const [name, outcome] of pairs) calls.labels({ name, outcome }).inc()
        const expected = new Map<string, number>()
        for (const pair of pairs) {
          const key = JSON.stringify(pair)
          expected.set(key, (expected.get(key) ?? 0) + 1)
        }
        const collected = family(metrics, 'calls_total')
        if (collected?.type !== 'counter') throw new Error('the counter was not collected')
        expect(
          new Map(
            collected.series.map((each) => [
              JSON.stringify([each.labels['name'], each.labels['outcome']]),
              each.value,
            ]),
          ),
        ).toEqual(expected)
      }),
    )
  })

  test('are copied: a later change of the object changes nothing', () => {
    const metrics = createMetrics()
    const labels = { name: 'a', outcome: 'b' }
    metrics.counter(CALLS).labels(labels)
    labels.name = 'c'
    expect(value(metrics, 'calls_total', { name: 'a', outcome: 'b' })).toBe(0)
  })
})

describe('a definition', () => {
  const make = (options: Partial<MetricOptions<string>>) => () =>
    createMetrics().gauge({ ...DEPTH, ...options })

  test.each(['', '1st', 'a-b', 'a b', 'a\n', 'é', '{a}', undefined, 5])(
    'refuses the name %j',
    (name) => {
      expect(make({ name: name as string })).toThrow('`name` must be')
    },
  )

  test.each(['', undefined, 5])('refuses the help %j, which would fail every scrape', (help) => {
    expect(make({ help: help as string })).toThrow('`help` must be')
  })

  test.each(['', '1st', 'a-b', 'a:b', 'a\n', '__name__', '__proto__', undefined, 5])(
    'refuses the label name %j',
    (label) => {
      expect(make({ labelNames: [label as string] })).toThrow('`labelNames` must be')
    },
  )

  test('refuses a label name that stands twice', () => {
    expect(make({ labelNames: ['a', 'a'] })).toThrow('`labelNames` must be')
  })

  test('accepts the whole grammar of Prometheus', () => {
    expect(make({ name: 'job:calls:rate5m_', labelNames: ['_a', 'B9', 'le'] })).not.toThrow()
  })

  test('refuses `le` as a label of a histogram', () => {
    expect(() => createMetrics().histogram({ ...LATENCY, labelNames: ['le'] })).toThrow('`le`')
  })

  test.each([[[]], [[2, 1]], [[1, 1]], [[1, Number.POSITIVE_INFINITY]], [[Number.NaN]], [['1']]])(
    'refuses the buckets %j',
    (buckets) => {
      expect(() => createMetrics().histogram({ ...LATENCY, buckets: buckets as number[] })).toThrow(
        '`buckets` must be',
      )
    },
  )

  test('has buckets for seconds by default', () => {
    const metrics = createMetrics()
    metrics.histogram({ name: 'latency_seconds', help: 'x' }).labels({})
    expect(family(metrics, 'latency_seconds')?.series).toMatchObject([
      {
        histogram: {
          buckets: [...DEFAULT_HISTOGRAM_BUCKETS, Number.POSITIVE_INFINITY].map((le) => ({ le })),
        },
      },
    ])
  })
})

describe('past the limit of series', () => {
  test('a metric gives out series that measure nothing, and counts them', () => {
    const metrics = createMetrics({ seriesMax: 2 })
    const calls = metrics.counter(CALLS)
    for (const name of ['a', 'b', 'c', 'd', 'c']) calls.labels({ name, outcome: 'x' }).inc()
    calls.labels({ name: 'a', outcome: 'x' }).inc()

    expect(family(metrics, 'calls_total')?.series).toEqual([
      { labels: { name: 'a', outcome: 'x' }, value: 2 },
      { labels: { name: 'b', outcome: 'x' }, value: 1 },
    ])
    expect(value(metrics, METRICS_SERIES_REFUSED_TOTAL, { metric: 'calls_total' })).toBe(3)
  })

  test('a gauge and a histogram measure nothing either, and throw nothing', () => {
    const metrics = createMetrics({ seriesMax: 1 })
    const depth = metrics.gauge({ ...DEPTH, labelNames: ['queue'] })
    const latency = metrics.histogram({ ...LATENCY, labelNames: ['queue'] })
    for (const queue of ['a', 'b']) {
      const series = depth.labels({ queue })
      series.set(1)
      series.inc()
      series.dec()
      series.setFunction(() => 3)
      latency.labels({ queue }).observe(1)
    }
    expect(family(metrics, 'queue_depth')?.series).toEqual([{ labels: { queue: 'a' }, value: 3 }])
    expect(family(metrics, 'latency_seconds')?.series).toMatchObject([{ labels: { queue: 'a' } }])
  })

  test('each metric has its own limit, and the counters of refusals have none', () => {
    const metrics = createMetrics({ seriesMax: 1 })
    for (const name of ['a_total', 'b_total', 'c_total']) {
      const counter = metrics.counter({ name, help: 'x', labelNames: ['id'] })
      counter.labels({ id: '1' }).inc(-1)
      counter.labels({ id: '2' }).inc()
    }
    for (const name of [METRICS_SERIES_REFUSED_TOTAL, METRICS_VALUES_REFUSED_TOTAL]) {
      expect(family(metrics, name)?.series).toEqual(
        ['a_total', 'b_total', 'c_total'].map((metric) => ({ labels: { metric }, value: 1 })),
      )
    }
  })

  test('the default is 10,000', () => {
    const metrics = createMetrics()
    const depth = metrics.gauge({ ...DEPTH, labelNames: ['id'] })
    for (let id = 0; id <= 10_000; id += 1) depth.labels({ id: String(id) })
    expect(family(metrics, 'queue_depth')?.series).toHaveLength(10_000)
    expect(value(metrics, METRICS_SERIES_REFUSED_TOTAL, { metric: 'queue_depth' })).toBe(1)
  })

  test.each([0, -1, 1.5, Number.NaN])('refuses %s as a limit', (seriesMax) => {
    expect(() => createMetrics({ seriesMax })).toThrow('`seriesMax` must be')
  })
})

describe('onFamily', () => {
  test('is told of each new metric once', () => {
    const names: string[] = []
    const metrics = createMetrics({ onFamily: ({ name }) => names.push(name) })
    metrics.counter(CALLS)
    metrics.counter(CALLS)
    expect(names).toEqual([
      METRICS_SERIES_REFUSED_TOTAL,
      METRICS_VALUES_REFUSED_TOTAL,
      'calls_total',
    ])
  })

  test('refuses a metric by throwing, and is asked again the next time', () => {
    let isRefusing = true
    const metrics = createMetrics({
      onFamily: ({ name }) => {
        if (isRefusing && name === 'calls_total') throw new Error('taken')
      },
    })
    expect(() => metrics.counter(CALLS)).toThrow('taken')
    expect(family(metrics, 'calls_total')).toBeUndefined()
    isRefusing = false
    metrics.counter(CALLS)
    expect(family(metrics, 'calls_total')).toBeDefined()
  })
})
