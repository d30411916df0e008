import { type MetricNames, namesOfMetrics } from '../alert-rule-library/rule-metrics.ts'
import { WRITABLE_FILESYSTEMS } from '../alert-rule-library/writable-filesystems.ts'
import type { AlertExpression } from '../alert-rules/alert-expression.ts'
import type { AlertRule } from '../alert-rules/alert-rule.ts'
import type { LabelMatches } from '../alert-rules/label-match.ts'
import { measure } from '../alert-rules/measure.ts'
import type { Dashboard } from './dashboard.ts'

const WINDOW_MS = 5 * 60_000

/** Options of {@link createOperationsDashboards}. */
export interface OperationsDashboardsOptions {
  /** The rules whose thresholds are drawn, as `createOperationsRules` returns them. Default: none. */
  readonly rules?: readonly AlertRule[] | undefined
  /** Metrics that your exporters name otherwise; see `operationsMetrics` for the defaults. */
  readonly metricNames?: Partial<MetricNames> | undefined
}

/** What the dashboards are made with. */
interface Context {
  readonly names: MetricNames
  readonly ruleNamed: (name: string) => AlertRule | undefined
}

/**
 * The dashboards that the operations guides name: contract health, oracle operations, user growth,
 * system health, and the nine panels that every backend should have.
 *
 * @throws {InvalidOptionError} `INVALID_OPTION` for a key of `metricNames` that is none, or a name that
 * cannot be one
 *
 * @example
 * ```ts
 * import {
 *   createOperationsDashboards,
 *   createOperationsRules,
 *   toGrafanaDashboard,
 * } from '@assay/core'
 *
 * const dashboards = createOperationsDashboards({ rules: createOperationsRules() })
 * console.log(dashboards.map(({ title }) => title).join(', '))
 * // Backend Overview, Contract Health, Oracle Operations, User Growth, System Health
 * const files = dashboards.map((dashboard) => JSON.stringify(toGrafanaDashboard(dashboard)))
 * ```
 */
export function createOperationsDashboards({
  rules = [],
  metricNames,
}: OperationsDashboardsOptions = {}): readonly Dashboard[] {
  const context: Context = {
    names: namesOfMetrics('createOperationsDashboards', metricNames),
    ruleNamed: (name) => rules.find((rule) => rule.name === name),
  }
  return [
    backendOverview(context),
    contractHealth(context),
    oracleOperations(context),
    userGrowth(context),
    systemHealth(context),
  ]
}

function backendOverview({ names, ruleNamed }: Context): Dashboard {
  return {
    uid: 'assay-backend-overview',
    title: 'Backend Overview',
    panels: [
      {
        title: 'Request rate',
        unit: 'reqps',
        series: [{ expr: rate(names.httpRequests, ['method']), legend: '{{method}}' }],
      },
      {
        title: 'Error rate',
        unit: 'percentunit',
        series: [
          { expr: share(names.httpRequests, { status: { matches: '5..' } }), legend: 'server' },
          { expr: share(names.httpRequests, { status: { matches: '4..' } }), legend: 'client' },
        ],
        rule: ruleNamed('APIHighErrorRate'),
      },
      {
        title: 'p95 latency',
        unit: 's',
        series: [{ expr: quantile(names.httpDuration, 0.95), legend: 'p95' }],
        rule: ruleNamed('APIHighLatency'),
      },
      {
        title: 'Cache hit rate',
        unit: 'percentunit',
        series: [
          {
            expr: measure.ratio(
              rate(names.cacheHits),
              measure.sum(rate(names.cacheHits), rate(names.cacheMisses)),
            ),
            legend: 'hits',
          },
        ],
      },
      {
        title: 'Database query performance',
        unit: 's',
        series: [0.5, 0.95].map((each) => ({
          expr: quantile(names.queryDuration, each, ['operation']),
          legend: `p${each * 100} {{operation}}`,
        })),
      },
      {
        title: 'RPC call success rate',
        unit: 'percentunit',
        series: [{ expr: share(names.rpcCalls, { status: 'success' }), legend: 'success' }],
      },
      {
        title: 'Circuit breaker status',
        description: '0 closed, 1 open, 2 half-open.',
        unit: 'short',
        series: [
          { expr: measure.gauge({ metric: names.breakerState, by: ['name'] }), legend: '{{name}}' },
        ],
      },
      {
        title: 'Active connections',
        unit: 'short',
        series: [
          {
            expr: measure.gauge({ metric: names.activeConnections, by: ['instance'] }),
            legend: '{{instance}}',
          },
        ],
      },
      {
        title: 'Pattern detections',
        unit: 'reqps',
        series: [{ expr: rate(names.patternDetections, ['pattern']), legend: '{{pattern}}' }],
      },
    ],
  }
}

function contractHealth({ names, ruleNamed }: Context): Dashboard {
  return {
    uid: 'assay-contract-health',
    title: 'Contract Health',
    panels: [
      {
        title: 'Failed transactions',
        unit: 'percentunit',
        series: [{ expr: share(names.transactions, { status: 'failed' }), legend: 'failed' }],
        rule: ruleNamed('TransactionFailureRate'),
      },
      {
        title: 'Transactions',
        unit: 'reqps',
        series: [{ expr: rate(names.transactions, ['status']), legend: '{{status}}' }],
      },
      {
        title: 'Settlement latency',
        unit: 's',
        series: quantiles(names.settlementDuration),
        rule: ruleNamed('SettlementLatencyHigh'),
      },
      {
        title: 'Randomness fulfilled',
        unit: 'percentunit',
        series: [{ expr: share(names.vrfRequests, { outcome: 'fulfilled' }), legend: 'fulfilled' }],
        rule: ruleNamed('ObjectiveVRFSuccess'),
      },
      {
        title: 'Market state changes',
        unit: 'reqps',
        series: [{ expr: rate(names.marketTransitions, ['to']), legend: '{{to}}' }],
      },
    ],
  }
}

function oracleOperations({ names, ruleNamed }: Context): Dashboard {
  return {
    uid: 'assay-oracle-operations',
    title: 'Oracle Operations',
    panels: [
      {
        title: 'Sentiment latency',
        unit: 's',
        series: quantiles(names.sentimentDuration),
      },
      {
        title: 'Model calls by outcome',
        unit: 'reqps',
        series: [{ expr: rate(names.modelCalls, ['outcome']), legend: '{{outcome}}' }],
      },
      {
        title: 'Signer latency',
        unit: 's',
        series: quantiles(names.signerDuration),
      },
      {
        title: 'Settlements waiting',
        unit: 'short',
        series: [{ expr: measure.gauge({ metric: names.queueDepth, by: [] }), legend: 'waiting' }],
      },
      {
        title: 'Oldest request for randomness',
        unit: 's',
        series: [
          { expr: measure.gauge({ metric: names.vrfOldestPending, by: [] }), legend: 'oldest' },
        ],
        rule: ruleNamed('VRFCallbackTimeout'),
      },
    ],
  }
}

function userGrowth({ names }: Context): Dashboard {
  const gauge = (metric: string, legend: string) => ({
    expr: measure.gauge({ metric, by: [] }),
    legend,
  })
  return {
    uid: 'assay-user-growth',
    title: 'User Growth',
    panels: [
      { title: 'Open markets', unit: 'short', series: [gauge(names.marketsOpen, 'markets')] },
      { title: 'Stakers', unit: 'short', series: [gauge(names.stakers, 'stakers')] },
      {
        title: 'Stakes',
        unit: 'reqps',
        series: [{ expr: rate(names.stakes), legend: 'stakes' }],
      },
    ],
  }
}

function systemHealth({ names, ruleNamed }: Context): Dashboard {
  const byInstance = { by: ['instance'] }
  const free = (
    available: string,
    total: string,
    by: readonly string[],
    where: LabelMatches = {},
  ): AlertExpression =>
    measure.ratio(
      measure.gauge({ metric: available, by, where }),
      measure.gauge({ metric: total, by, where }),
    )
  const cpu = { metric: names.cpuSeconds, windowMs: WINDOW_MS, ...byInstance }
  return {
    uid: 'assay-system-health',
    title: 'System Health',
    panels: [
      {
        title: 'Idle processors',
        unit: 'percentunit',
        series: [
          {
            expr: measure.ratio(
              measure.rate({ ...cpu, where: { mode: 'idle' } }),
              measure.rate(cpu),
            ),
            legend: '{{instance}}',
          },
        ],
        rule: ruleNamed('CPUUsageHigh'),
      },
      {
        title: 'Available memory',
        unit: 'percentunit',
        series: [
          {
            expr: free(names.memoryAvailable, names.memoryTotal, ['instance']),
            legend: '{{instance}}',
          },
        ],
        rule: ruleNamed('MemoryUsageHigh'),
      },
      {
        title: 'Free disk',
        unit: 'percentunit',
        series: [
          {
            expr: free(
              names.filesystemAvailable,
              names.filesystemSize,
              ['instance', 'mountpoint'],
              WRITABLE_FILESYSTEMS,
            ),
            legend: '{{instance}} {{mountpoint}}',
          },
        ],
        rule: ruleNamed('DatabaseDiskSpaceLow'),
      },
      {
        title: 'Database connections lent out',
        unit: 'percentunit',
        series: [
          { expr: free(names.poolActive, names.poolMax, ['pool', 'instance']), legend: '{{pool}}' },
        ],
        rule: ruleNamed('DatabaseConnectionPoolExhausted'),
      },
      {
        title: 'Redis memory in use',
        unit: 'percentunit',
        series: [
          {
            expr: free(names.redisMemoryUsed, names.redisMemoryMax, ['instance']),
            legend: '{{instance}}',
          },
        ],
        rule: ruleNamed('RedisMemoryUsageHigh'),
      },
    ],
  }
}

function rate(metric: string, by: readonly string[] = []): AlertExpression {
  return measure.rate({ metric, by, windowMs: WINDOW_MS })
}

function share(
  metric: string,
  where: NonNullable<Parameters<typeof measure.rate>[0]['where']>,
): AlertExpression {
  return measure.ratio(
    measure.rate({ metric, where, windowMs: WINDOW_MS }),
    measure.rate({ metric, windowMs: WINDOW_MS }),
  )
}

function quantile(metric: string, quantile: number, by: readonly string[] = []): AlertExpression {
  return measure.quantile({ metric, quantile, by, windowMs: WINDOW_MS })
}

function quantiles(metric: string) {
  return [0.5, 0.95, 0.99].map((each) => ({
    expr: quantile(metric, each),
    legend: `p${each * 100}`,
  }))
}
