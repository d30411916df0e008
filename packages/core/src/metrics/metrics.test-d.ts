import { describe, expectTypeOf, test } from 'vitest'

import { createMetrics } from './create-metrics.ts'
import type { MetricFamily } from './metric-sample.ts'
import type { Counter, CounterSeries, Labels, Metrics } from './metrics.ts'
import { noMetrics } from './no-metrics.ts'

const options = { name: 'calls_total', help: 'Calls.' }

describe.each([createMetrics(), noMetrics])('metrics', (metrics: Metrics) => {
  test('type the labels by the names they were declared with', () => {
    const calls = metrics.counter({ ...options, labelNames: ['name', 'outcome'] })
    expectTypeOf(calls).toEqualTypeOf<Counter<'name' | 'outcome'>>()
    expectTypeOf(calls.labels({ name: 'rpc', outcome: 'success' })).toEqualTypeOf<CounterSeries>()
    // @ts-expect-error a label is missing
    calls.labels({ name: 'rpc' })
    // @ts-expect-error a label was never declared
    calls.labels({ name: 'rpc', outcome: 'success', user: 'u-1' })
    // @ts-expect-error a label is text
    calls.labels({ name: 'rpc', outcome: 1 })
    // @ts-expect-error money is counted in whole units that a number can hold
    calls.labels({ name: 'rpc', outcome: 'success' }).inc(1n)
  })

  test('type a gauge and a histogram alike', () => {
    const depth = metrics.gauge({ ...options, labelNames: ['queue'] })
    const latency = metrics.histogram({ ...options, labelNames: ['queue'], buckets: [1] })
    expectTypeOf<Parameters<typeof depth.labels>[0]>().toEqualTypeOf<Labels<'queue'>>()
    expectTypeOf<Parameters<typeof latency.labels>[0]>().toEqualTypeOf<Labels<'queue'>>()
  })

  test('read a gauge at once, never wait for it', () => {
    const depth = metrics.gauge(options).labels({})
    expectTypeOf<Parameters<typeof depth.setFunction>[0]>().toEqualTypeOf<() => number>()
  })

  test('need no label where none was declared', () => {
    expectTypeOf(metrics.counter(options)).toEqualTypeOf<Counter>()
    metrics.counter(options).labels({}).inc()
  })
})

test('a family says by its type what its series hold', () => {
  const family = {} as MetricFamily
  if (family.type === 'histogram') {
    expectTypeOf(family.series[0]!.histogram.sum).toBeNumber()
  } else {
    expectTypeOf(family.series[0]!.value).toBeNumber()
  }
})
