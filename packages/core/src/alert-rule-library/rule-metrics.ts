import {
  ACTIVE_CONNECTIONS,
  HTTP_REQUEST_DURATION_SECONDS,
  HTTP_REQUESTS_TOTAL,
} from '../instrumentation/http-metrics.ts'
import {
  DB_POOL_ACTIVE_CONNECTIONS,
  DB_POOL_MAX_CONNECTIONS,
  DB_POOL_PENDING_QUERIES,
} from '../instrumentation/pool-metrics.ts'

/** Who has to run for a metric to be there. */
export type MetricProducer =
  | 'Prometheus'
  | 'instrumentHttp'
  | 'instrumentPool'
  | '@assay/oracle'
  | 'node_exporter'
  | 'redis_exporter'
  | 'Solana exporter'

/** A metric that the operations rules read. */
export interface RuleMetric {
  /** As its producer names it by default. */
  readonly name: string
  readonly producer: MetricProducer
}

/**
 * Every metric that the operations rules read, and who produces it. Where an exporter of yours names
 * one otherwise, say so to `createOperationsRules` in `metricNames`.
 */
export const operationsMetrics = {
  up: { name: 'up', producer: 'Prometheus' },
  httpRequests: { name: HTTP_REQUESTS_TOTAL, producer: 'instrumentHttp' },
  httpDuration: { name: HTTP_REQUEST_DURATION_SECONDS, producer: 'instrumentHttp' },
  activeConnections: { name: ACTIVE_CONNECTIONS, producer: 'instrumentHttp' },
  poolActive: { name: DB_POOL_ACTIVE_CONNECTIONS, producer: 'instrumentPool' },
  poolMax: { name: DB_POOL_MAX_CONNECTIONS, producer: 'instrumentPool' },
  poolPending: { name: DB_POOL_PENDING_QUERIES, producer: 'instrumentPool' },
  /** Counter by `status`; `failed` is what the rules look for. */
  transactions: { name: 'contract_transactions_total', producer: '@assay/oracle' },
  settlementDuration: { name: 'settlement_duration_seconds', producer: '@assay/oracle' },
  /** Counter by `outcome`: `fulfilled`, or anything else. */
  vrfRequests: { name: 'vrf_requests_total', producer: '@assay/oracle' },
  /** Gauge: how long the oldest request has waited for its callback; 0 while none waits. */
  vrfOldestPending: { name: 'vrf_oldest_pending_request_seconds', producer: '@assay/oracle' },
  filesystemAvailable: { name: 'node_filesystem_avail_bytes', producer: 'node_exporter' },
  filesystemSize: { name: 'node_filesystem_size_bytes', producer: 'node_exporter' },
  cpuSeconds: { name: 'node_cpu_seconds_total', producer: 'node_exporter' },
  memoryAvailable: { name: 'node_memory_MemAvailable_bytes', producer: 'node_exporter' },
  memoryTotal: { name: 'node_memory_MemTotal_bytes', producer: 'node_exporter' },
  redisMemoryUsed: { name: 'redis_memory_used_bytes', producer: 'redis_exporter' },
  redisMemoryMax: { name: 'redis_memory_max_bytes', producer: 'redis_exporter' },
  solanaNetworkSlot: { name: 'solana_network_slot', producer: 'Solana exporter' },
  solanaNodeSlot: { name: 'solana_node_slot', producer: 'Solana exporter' },
} as const satisfies Record<string, RuleMetric>

/** The metrics by what they measure. */
export type OperationsMetric = keyof typeof operationsMetrics

/** The name of each metric, as it is called where the rules will run. */
export type MetricNames = Readonly<Record<OperationsMetric, string>>
