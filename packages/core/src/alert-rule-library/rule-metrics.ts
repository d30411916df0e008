import { isPlain, METRIC_NAME } from '../alert-rules/assert-alert-expression.ts'
import { CIRCUIT_BREAKER_STATE } from '../circuit-breaker/circuit-breaker-metrics.ts'
import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import {
  ACTIVE_CONNECTIONS,
  HTTP_REQUEST_DURATION_SECONDS,
  HTTP_REQUESTS_TOTAL,
} from '../instrumentation/http-metrics.ts'
import {
  DB_POOL_ACTIVE_CONNECTIONS,
  DB_POOL_MAX_CONNECTIONS,
  DB_POOL_PENDING_QUERIES,
  DB_QUERY_DURATION_SECONDS,
} from '../instrumentation/pool-metrics.ts'

/** Who has to run for a metric to be there. */
export type MetricProducer =
  | 'Prometheus'
  | 'instrumentHttp'
  | 'instrumentPool'
  | 'createCircuitBreaker'
  | 'createCache'
  | '@assay/oracle'
  | '@assay/chain-analysis'
  | 'node_exporter'
  | 'redis_exporter'
  | 'solana-exporter'

/** A metric that the operations rules and dashboards read. */
export interface RuleMetric {
  /** As its producer names it by default. */
  readonly name: string
  readonly producer: MetricProducer
}

/**
 * Every metric that the operations rules and dashboards read, and who produces it; what comes from a
 * package that is still to come is planned under that name. Where an exporter of yours names
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
  queryDuration: { name: DB_QUERY_DURATION_SECONDS, producer: 'instrumentPool' },
  breakerState: { name: CIRCUIT_BREAKER_STATE, producer: 'createCircuitBreaker' },
  cacheHits: { name: 'cache_hits_total', producer: 'createCache' },
  cacheMisses: { name: 'cache_misses_total', producer: 'createCache' },
  /** Counter by `method` and `status`: `success` or `error`. */
  rpcCalls: { name: 'rpc_calls_total', producer: '@assay/chain-analysis' },
  /** Counter by `pattern`. */
  patternDetections: { name: 'pattern_detections_total', producer: '@assay/chain-analysis' },
  /** Counter by `status`; `failed` is what the rules look for. */
  transactions: { name: 'contract_transactions_total', producer: '@assay/oracle' },
  settlementDuration: { name: 'settlement_duration_seconds', producer: '@assay/oracle' },
  /** Counter by `outcome`: `fulfilled`, or anything else. */
  vrfRequests: { name: 'vrf_requests_total', producer: '@assay/oracle' },
  /** Gauge: how long the oldest request has waited for its callback; 0 while none waits. */
  vrfOldestPending: { name: 'vrf_oldest_pending_request_seconds', producer: '@assay/oracle' },
  /** Counter by `to`, the state that a market came to. */
  marketTransitions: { name: 'market_transitions_total', producer: '@assay/oracle' },
  sentimentDuration: { name: 'sentiment_duration_seconds', producer: '@assay/oracle' },
  /** Counter by `outcome`. */
  modelCalls: { name: 'sentiment_model_calls_total', producer: '@assay/oracle' },
  signerDuration: { name: 'signer_duration_seconds', producer: '@assay/oracle' },
  /** Gauge: settlements that have not ended. */
  queueDepth: { name: 'settlement_queue_depth', producer: '@assay/oracle' },
  marketsOpen: { name: 'markets_open', producer: '@assay/oracle' },
  stakers: { name: 'market_stakers', producer: '@assay/oracle' },
  stakes: { name: 'market_stakes_total', producer: '@assay/oracle' },
  filesystemAvailable: { name: 'node_filesystem_avail_bytes', producer: 'node_exporter' },
  filesystemSize: { name: 'node_filesystem_size_bytes', producer: 'node_exporter' },
  cpuSeconds: { name: 'node_cpu_seconds_total', producer: 'node_exporter' },
  memoryAvailable: { name: 'node_memory_MemAvailable_bytes', producer: 'node_exporter' },
  memoryTotal: { name: 'node_memory_MemTotal_bytes', producer: 'node_exporter' },
  redisMemoryUsed: { name: 'redis_memory_used_bytes', producer: 'redis_exporter' },
  redisMemoryMax: { name: 'redis_memory_max_bytes', producer: 'redis_exporter' },
  /**
   * Gauge: how many slots a node is behind the cluster, by its own word: the exporter passes on what
   * `getHealth` answers, which is 0 up to the node's `--health-check-slot-distance`.
   *
   * @see https://github.com/asymmetric-research/solana-exporter
   */
  solanaSlotsBehind: { name: 'solana_node_num_slots_behind', producer: 'solana-exporter' },
} as const satisfies Record<string, RuleMetric>

/** The metrics by what they measure. */
export type OperationsMetric = keyof typeof operationsMetrics

/** The name of each metric, as it is called where the rules will run. */
export type MetricNames = Readonly<Record<OperationsMetric, string>>

/**
 * The names to use: the defaults, with what a host names otherwise put in their place.
 *
 * @param factory the function that was called, for errors
 * @throws {InvalidOptionError} `INVALID_OPTION` for a key that is none, or a name that cannot be one
 */
export function namesOfMetrics(
  factory: string,
  metricNames: Partial<MetricNames> = {},
): MetricNames {
  if (!isPlain(metricNames)) {
    throw new InvalidOptionError(factory, 'metricNames', 'an object of names')
  }
  const given = Object.entries(metricNames).filter(([, name]) => name !== undefined)
  for (const [key, name] of given) {
    const refuse = (requirement: string): never => {
      throw new InvalidOptionError(factory, `metricNames.${key}`, requirement)
    }
    if (!Object.hasOwn(operationsMetrics, key)) refuse('a key of `operationsMetrics`')
    if (typeof name !== 'string' || !METRIC_NAME.test(name)) refuse(NAMED)
  }
  const names = Object.entries(operationsMetrics).map(([key, { name }]) => [key, name])
  return Object.fromEntries([...names, ...given]) as MetricNames
}

const NAMED = 'named with letters, digits, `_` and `:`, not beginning with a digit'
