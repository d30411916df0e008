import { tellQuietly } from '../errors/tell-quietly.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import type { SqlClient, SqlExecutor } from '../sql/sql-client.ts'
import {
  DB_ERRORS_TOTAL,
  DB_POOL_ACTIVE_CONNECTIONS,
  DB_POOL_IDLE_CONNECTIONS,
  DB_POOL_MAX_CONNECTIONS,
  DB_POOL_PENDING_QUERIES,
  DB_QUERIES_TOTAL,
  DB_QUERY_DURATION_SECONDS,
} from './pool-metrics.ts'

/** What a pool says of itself. A `Pool` of `pg` fits as it is. */
export interface PoolCounts {
  readonly totalCount: number
  readonly idleCount: number
  readonly waitingCount: number
  readonly options: { readonly max: number }
}

/** Options of {@link instrumentPool}. */
export interface InstrumentPoolOptions {
  /** What runs the statements: the adapter over the pool. */
  readonly client: SqlClient
  /** Whose connections are counted. Without it, statements are measured and connections are not. */
  readonly pool?: PoolCounts | undefined
  readonly metrics: Metrics
  /** Tells several pools apart, as a label. Default `default`. */
  readonly name?: string | undefined
  readonly clock?: Clock | undefined
}

/** Statements by their first word; any other word would be a time series of somebody's making. */
const OPERATIONS = new Set(['select', 'insert', 'update', 'delete', 'with', 'begin', 'commit'])

/**
 * Counts and times the statements that run through a client, and shows its pool's connections, under
 * the metric names that the alert rules read. No text and no value of a statement becomes a label.
 *
 * @returns the client to use from now on; it behaves as the one given
 *
 * @example
 * ```ts
 * import { PGlite } from '@electric-sql/pglite'
 * import { createMetrics, DB_QUERIES_TOTAL, instrumentPool } from '@assay/core'
 * import { fromPglite } from '@assay/core/postgres'
 *
 * const metrics = createMetrics()
 * const client = instrumentPool({ client: fromPglite(await PGlite.create()), metrics })
 * await client.query('select 1')
 *
 * const queries = metrics.collect().find(({ name }) => name === DB_QUERIES_TOTAL)
 * console.log(queries?.series) // [ { labels: { pool: 'default', operation: 'select' }, value: 1 } ]
 * ```
 */
export function instrumentPool({
  client,
  pool,
  metrics,
  name = 'default',
  clock = systemClock,
}: InstrumentPoolOptions): SqlClient {
  if (pool !== undefined) showConnections(metrics, name, pool)
  const measured = createMeasuredQuery(metrics, name, clock)
  return {
    query: measured(client),
    transaction: (work) => client.transaction((executor) => work({ query: measured(executor) })),
  }
}

function showConnections(metrics: Metrics, name: string, pool: PoolCounts): void {
  const show = (metric: string, help: string, read: () => number): void => {
    const gauge = metrics.gauge({ name: metric, help, labelNames: ['pool'] })
    gauge.labels({ pool: name }).setFunction(read)
  }
  show(
    DB_POOL_ACTIVE_CONNECTIONS,
    'Connections that are lent out.',
    () => pool.totalCount - pool.idleCount,
  )
  show(DB_POOL_IDLE_CONNECTIONS, 'Open connections that wait for work.', () => pool.idleCount)
  show(DB_POOL_MAX_CONNECTIONS, 'Connections that the pool may open.', () => pool.options.max)
  show(DB_POOL_PENDING_QUERIES, 'Queries that wait for a connection.', () => pool.waitingCount)
}

function createMeasuredQuery(
  metrics: Metrics,
  pool: string,
  clock: Clock,
): (executor: SqlExecutor) => SqlExecutor['query'] {
  const queries = metrics.counter({
    name: DB_QUERIES_TOTAL,
    help: 'Statements that were sent, by operation.',
    labelNames: ['pool', 'operation'],
  })
  const durations = metrics.histogram({
    name: DB_QUERY_DURATION_SECONDS,
    help: 'Time until a statement was answered, by operation.',
    labelNames: ['pool', 'operation'],
  })
  const errors = metrics.counter({
    name: DB_ERRORS_TOTAL,
    help: 'Statements that failed, by SQLSTATE.',
    labelNames: ['pool', 'code'],
  })

  return (executor) => async (text, values) => {
    const labels = { pool, operation: operationOf(text) }
    const startedAt = clock.monotonic()
    tellQuietly(() => queries.labels(labels).inc())
    try {
      return await executor.query(text, values)
    } catch (error) {
      tellQuietly(() => errors.labels({ pool, code: sqlStateOf(error) }).inc())
      throw error
    } finally {
      const seconds = (clock.monotonic() - startedAt) / 1_000
      tellQuietly(() => durations.labels(labels).observe(seconds))
    }
  }
}

function operationOf(text: string): string {
  const word = /^\s*([a-z]+)/i.exec(text)?.[1]?.toLowerCase() ?? ''
  return OPERATIONS.has(word) ? word : 'other'
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html: five digits or capitals. */
function sqlStateOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : ''
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : 'unknown'
}
