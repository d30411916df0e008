import type { Registry as SuccessorRegistry } from '@prometheus-io/client'
import type { Registry } from 'prom-client'
import { expectTypeOf, test } from 'vitest'

import type { Metrics } from '../metrics/metrics.ts'
import type { createPrometheusMetrics, PrometheusRegistry } from './create-prometheus-metrics.ts'

test('a registry of either client fits without a cast', () => {
  expectTypeOf<Registry>().toExtend<PrometheusRegistry>()
  expectTypeOf<SuccessorRegistry>().toExtend<PrometheusRegistry>()
  expectTypeOf<
    Registry<'application/openmetrics-text; version=1.0.0; charset=utf-8'>
  >().toExtend<PrometheusRegistry>()
})

test('the result fits wherever metrics are asked for', () => {
  expectTypeOf<ReturnType<typeof createPrometheusMetrics>>().toExtend<Metrics>()
})
