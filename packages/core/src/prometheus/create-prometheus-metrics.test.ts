import * as successor from '@prometheus-io/client'
import * as promClient from 'prom-client'
import { describe, expect, test } from 'vitest'

import { isAssayError } from '../errors/assay-error.ts'
import { METRICS_SERIES_REFUSED_TOTAL } from '../metrics/create-metrics.ts'
import { createPrometheusMetrics } from './create-prometheus-metrics.ts'

const CALLS = { name: 'calls_total', help: 'Calls.', labelNames: ['name'] } as const

/** Without the two counters of what was refused, which always stand first. */
async function textOf(registry: { metrics(): Promise<string> }): Promise<string> {
  const text = await registry.metrics()
  return text
    .split('\n\n')
    .filter((block) => !block.includes('assay_metrics_'))
    .join('\n\n')
}

function catchError(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  return undefined
}

describe.each([
  ['prom-client 15', promClient],
  ['@prometheus-io/client', successor],
])('in a registry of %s', (_, { Registry, Counter, Gauge }) => {
  test('a counter shows its series', async () => {
    const registry = new Registry()
    const calls = createPrometheusMetrics({ registry }).counter(CALLS)
    calls.labels({ name: 'rpc' }).inc()
    calls.labels({ name: 'rpc' }).inc(1.5)
    calls.labels({ name: 'db' })
    expect(await textOf(registry)).toBe(
      '# HELP calls_total Calls.\n# TYPE calls_total counter\n' +
        'calls_total{name="rpc"} 2.5\ncalls_total{name="db"} 0\n',
    )
  })

  test('a gauge shows its value, or what its function returns at the scrape', async () => {
    const registry = new Registry()
    const metrics = createPrometheusMetrics({ registry })
    metrics.gauge({ name: 'queue_depth', help: 'Depth.' }).labels({}).set(-3)
    let state = 0
    metrics
      .gauge({ name: 'state', help: 'State.' })
      .labels({})
      .setFunction(() => state)
    state = 2
    expect(await textOf(registry)).toBe(
      '# HELP queue_depth Depth.\n# TYPE queue_depth gauge\nqueue_depth -3\n\n' +
        '# HELP state State.\n# TYPE state gauge\nstate 2\n',
    )
    state = 1
    expect(await registry.getSingleMetricAsString('state')).toContain('\nstate 1')
  })

  test('a gauge whose function throws does not fail the scrape', async () => {
    const registry = new Registry()
    const metrics = createPrometheusMetrics({ registry })
    metrics.counter(CALLS).labels({ name: 'rpc' }).inc()
    metrics
      .gauge({ name: 'state', help: 'State.' })
      .labels({})
      .setFunction(() => {
        throw new Error('gone')
      })
    await registry.metrics()
    const text = await registry.metrics()
    expect(text).toContain('calls_total{name="rpc"} 1')
    expect(text).not.toMatch(/^state/m)
    expect(text).toMatch(/^assay_metrics_values_refused_total\{metric="state"\} [12]$/m)
  })

  test('a histogram shows cumulative buckets, sum and count', async () => {
    const registry = new Registry()
    const latency = createPrometheusMetrics({ registry })
      .histogram({
        name: 'latency_seconds',
        help: 'Latency.',
        labelNames: ['op'],
        buckets: [0.1, 1],
      })
      .labels({ op: 'send' })
    for (const seconds of [0.0625, 0.5, 0.5, 8]) latency.observe(seconds)
    expect(await textOf(registry)).toBe(
      '# HELP latency_seconds Latency.\n# TYPE latency_seconds histogram\n' +
        'latency_seconds_bucket{le="0.1",op="send"} 1\n' +
        'latency_seconds_bucket{le="1",op="send"} 3\n' +
        'latency_seconds_bucket{le="+Inf",op="send"} 4\n' +
        'latency_seconds_sum{op="send"} 9.0625\n' +
        'latency_seconds_count{op="send"} 4\n',
    )
  })

  test('a histogram reads like one of its own', async () => {
    const registry = new Registry()
    const own = new Registry()
    const options = {
      name: 'x_seconds',
      help: 'X.',
      labelNames: ['op'],
      buckets: [0.25, 2],
    } as const
    const ours = createPrometheusMetrics({ registry }).histogram(options)
    const { Histogram } = promClient
    const theirs = new Histogram({ ...options, buckets: [0.25, 2], registers: [own as never] })
    for (const [op, seconds] of [
      ['a', 0.25],
      ['b', 0.5],
      ['a', 9],
    ] as const) {
      ours.labels({ op }).observe(seconds)
      theirs.labels({ op }).observe(seconds)
    }
    expect(await textOf(registry)).toBe(await own.metrics())
  })

  test('a hostile label value is escaped and cannot forge a line', async () => {
    const registry = new Registry()
    const name = '"} 1\ncalls_total{name="forged\\'
    createPrometheusMetrics({ registry }).counter(CALLS).labels({ name }).inc(7)
    expect(await textOf(registry)).toBe(
      '# HELP calls_total Calls.\n# TYPE calls_total counter\n' +
        String.raw`calls_total{name="\"} 1\ncalls_total{name=\"forged\\"} 7` +
        '\n',
    )
  })

  test('the metrics are there as JSON, in the form that clusters add up', async () => {
    const registry = new Registry()
    const metrics = createPrometheusMetrics({ registry })
    metrics.counter(CALLS).labels({ name: 'rpc' }).inc(2)
    metrics
      .histogram({ name: 'x_seconds', help: 'X.', buckets: [1] })
      .labels({})
      .observe(3)
    const json: unknown = await registry.getMetricsAsJSON()
    expect(json).toEqual(
      expect.arrayContaining([
        {
          name: 'calls_total',
          help: 'Calls.',
          type: 'counter',
          aggregator: 'sum',
          values: [{ labels: { name: 'rpc' }, value: 2 }],
        },
        {
          name: 'x_seconds',
          help: 'X.',
          type: 'histogram',
          aggregator: 'sum',
          values: [
            { metricName: 'x_seconds_bucket', labels: { le: 1 }, value: 0 },
            { metricName: 'x_seconds_bucket', labels: { le: '+Inf' }, value: 1 },
            { metricName: 'x_seconds_sum', labels: {}, value: 3 },
            { metricName: 'x_seconds_count', labels: {}, value: 1 },
          ],
        },
      ]),
    )
  })

  test('default labels of the registry are shown and do not reach our series', async () => {
    const registry = new Registry()
    const metrics = createPrometheusMetrics({ registry })
    metrics.counter(CALLS).labels({ name: 'rpc' }).inc()
    registry.setDefaultLabels({ pod: 'p-1' })
    expect(await textOf(registry)).toMatch(/^calls_total\{(name="rpc",pod="p-1")\} 1$/m)
    await registry.getMetricsAsJSON()
    expect(metrics.collect().at(-1)?.series).toEqual([{ labels: { name: 'rpc' }, value: 1 }])
  })

  test('OpenMetrics text names a counter as that format wants, scrape after scrape', async () => {
    const registry = new Registry(Registry.OPENMETRICS_CONTENT_TYPE)
    createPrometheusMetrics({ registry }).counter(CALLS).labels({ name: 'rpc' }).inc()
    for (const scrape of [1, 2]) {
      expect(await registry.metrics(), `scrape ${scrape}`).toContain(
        '# HELP calls Calls.\n# TYPE calls counter\ncalls_total{name="rpc"} 1\n',
      )
    }
  })

  test('resetting the registry sets our series to zero, and they keep measuring', async () => {
    const registry = new Registry()
    const metrics = createPrometheusMetrics({ registry })
    const calls = metrics.counter(CALLS).labels({ name: 'rpc' })
    const latency = metrics.histogram({ name: 'x_seconds', help: 'X.', buckets: [1] }).labels({})
    const depth = metrics.gauge({ name: 'depth', help: 'Depth.' }).labels({})
    calls.inc(5)
    latency.observe(5)
    depth.set(5)
    registry.resetMetrics()
    calls.inc()
    const text = await textOf(registry)
    expect(text).toContain('calls_total{name="rpc"} 1')
    expect(text).toContain('x_seconds_sum 0\nx_seconds_count 0')
    expect(text).toContain('depth 0')
  })

  test("stands beside the host's own metrics", async () => {
    const registry = new Registry()
    const registers = [registry as never]
    new Counter({ name: 'host_total', help: 'Host.', registers }).inc(4)
    createPrometheusMetrics({ registry }).counter(CALLS).labels({ name: 'rpc' }).inc()
    new Gauge({ name: 'host_depth', help: 'Depth.', registers }).set(6)
    const text = await registry.metrics()
    expect(text).toContain('host_total 4\n')
    expect(text).toContain('calls_total{name="rpc"} 1\n')
    expect(text).toContain('host_depth 6\n')
  })

  test("a clash with one of the host's names is a coded error, and leaves the host's in place", async () => {
    const registry = new Registry()
    new Gauge({ name: 'calls_total', help: 'Host.', registers: [registry as never] }).set(4)
    const metrics = createPrometheusMetrics({ registry })
    // Twice, because a refused metric must not be there the next time either.
    for (const attempt of [1, 2]) {
      const error = catchError(() => metrics.counter(CALLS))
      expect(isAssayError(error, 'METRIC_CONFLICT'), `attempt ${attempt}`).toBe(true)
      expect(error).toMatchObject({
        message: expect.stringContaining('"calls_total"'),
        context: { metric: 'calls_total' },
        cause: expect.any(Error),
      })
    }
    expect(await registry.metrics()).toMatch(/^calls_total 4$/m)
  })

  test('a second one for the same registry is refused at once', () => {
    const registry = new Registry()
    createPrometheusMetrics({ registry })
    expect(() => createPrometheusMetrics({ registry })).toThrow(
      expect.objectContaining({ code: 'METRIC_CONFLICT' }),
    )
  })

  test('the limit of series holds, and what it refused is shown', async () => {
    const registry = new Registry()
    const calls = createPrometheusMetrics({ registry, seriesMax: 1 }).counter(CALLS)
    for (const name of ['a', 'b', 'c']) calls.labels({ name }).inc()
    const text = await registry.metrics()
    expect(text).toContain('calls_total{name="a"} 1')
    expect(text).not.toContain('calls_total{name="b"}')
    expect(text).toContain(`${METRICS_SERIES_REFUSED_TOTAL}{metric="calls_total"} 2`)
  })
})

test('workers of a cluster add up', async () => {
  const workers = await Promise.all(
    [1, 2].map(async (amount) => {
      const registry = new promClient.Registry()
      createPrometheusMetrics({ registry }).counter(CALLS).labels({ name: 'rpc' }).inc(amount)
      return registry.getMetricsAsJSON()
    }),
  )
  const text = await promClient.AggregatorRegistry.aggregate(workers).metrics()
  expect(text).toContain('calls_total{name="rpc"} 3\n')
})
