export {
  createPrometheusMetrics,
  type PrometheusMetric,
  type PrometheusMetricsOptions,
  type PrometheusRegistry,
} from './create-prometheus-metrics.ts'
