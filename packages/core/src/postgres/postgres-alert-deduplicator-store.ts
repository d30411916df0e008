import { z } from 'zod'

import type {
  AlertDeduplicatorStore,
  StoredAlertKey,
} from '../alert-deduplicator/alert-deduplicator-store.ts'
import type { AlertKeyState } from '../alert-deduplicator/alert-key-state.ts'
import { AssayError } from '../errors/assay-error.ts'
import { isConcurrencyFailure } from '../sql/is-concurrency-failure.ts'
import type { SqlExecutor, SqlRow, SqlValue } from '../sql/sql-client.ts'
import { queryAgain } from './query-again.ts'

/** Options of {@link createPostgresAlertDeduplicatorStore}. */
export interface PostgresAlertDeduplicatorStoreOptions {
  /**
   * Keeps the keys of one purpose apart from those of another in the same table: deduplicators that
   * share a scope share their keys. Default `default`.
   */
  readonly scope?: string | undefined
}

/**
 * Keeps the keys of an alert deduplicator in PostgreSQL, in the table `assay_alert_keys` of
 * `migrations`, so that all processes that share the database send one alert between them. Each step
 * is one statement, so it needs no transaction and works through a pooler, and under any isolation
 * level that the host has made the default.
 *
 * @param client where the statements run; it must commit each for itself
 *
 * @example
 * ```ts
 * import { PGlite } from '@electric-sql/pglite'
 * import { createAlertDeduplicator, migrate } from '@assay/core'
 * import {
 *   createPostgresAlertDeduplicatorStore,
 *   fromPglite,
 *   migrations,
 * } from '@assay/core/postgres'
 *
 * const client = fromPglite(await PGlite.create())
 * await migrate(client, migrations)
 *
 * const store = createPostgresAlertDeduplicatorStore(client, { scope: 'rpc' })
 * const deduplicator = createAlertDeduplicator({ threshold: 1, confirm: 'manual', store })
 * const decision = await deduplicator.fail('base-mainnet')
 * console.log(decision.reason) // firing
 * if (decision.reason !== null) await decision.delivered()
 * ```
 */
export function createPostgresAlertDeduplicatorStore(
  client: SqlExecutor,
  { scope = 'default' }: PostgresAlertDeduplicatorStoreOptions = {},
): AlertDeduplicatorStore {
  return {
    async load(key) {
      const { rows } = await queryAgain(client, LOAD, [scope, key])
      return rows[0] && parseRow(rows[0]).stored
    },
    async commit({ key, expectedVersion, next }) {
      if (next === undefined) {
        if (expectedVersion === undefined) return true
        return hasChanged(client, FREE, [scope, key, expectedVersion])
      }
      const values = [scope, key, ...stateValues(next)]
      return expectedVersion === undefined
        ? hasChanged(client, BEGIN, values)
        : hasChanged(client, CHANGE, [...values, expectedVersion])
    },
    async makeRoom(maxKeys) {
      const { rows } = await queryAgain(client, MAKE_ROOM, [scope, maxKeys])
      const { is_free, has_evicted } = roomSchema.parse(rows[0])
      if (is_free) return 'free'
      return has_evicted ? 'evicted' : 'full'
    },
    async list(limit) {
      const { rows } = await queryAgain(client, LIST, [scope, limit])
      return rows.map((row) => {
        const { key, stored } = parseRow(row)
        return { key, state: stored.state }
      })
    },
  }
}

// A double holds every whole number that a JavaScript number holds, and comes back as one.
const COLUMNS = `
  key, version::text as version,
  failure_count::float8 as failure_count, failing_since::float8 as failing_since, recovered,
  alert, alerted_at::float8 as alerted_at, alerted_count::float8 as alerted_count,
  pending_reason, pending_since::float8 as pending_since, pending_token`

const LOAD = `
select ${COLUMNS} from assay_alert_keys where scope = $1 and key = $2`

const LIST = `
select ${COLUMNS} from assay_alert_keys where scope = $1
order by failing_since, key limit $2::bigint`

const BEGIN = `
insert into assay_alert_keys (
  scope, key, failure_count, failing_since, recovered, alert, alerted_at, alerted_count,
  pending_reason, pending_since, pending_token
) values (
  $1, $2, $3::bigint, $4::bigint, $5::boolean, $6, $7::bigint, $8::bigint, $9, $10::bigint, $11
) on conflict do nothing`

const CHANGE = `
update assay_alert_keys set
  failure_count = $3::bigint, failing_since = $4::bigint, recovered = $5::boolean, alert = $6,
  alerted_at = $7::bigint, alerted_count = $8::bigint,
  pending_reason = $9, pending_since = $10::bigint, pending_token = $11,
  version = default
where scope = $1 and key = $2 and version = $12::bigint`

const FREE = `
delete from assay_alert_keys where scope = $1 and key = $2 and version = $3::bigint`

// It runs when a key begins to fail, and never counts further than the bound: some milliseconds at
// 100,000 keys, next to nothing at the few that usually fail.
// A row that another process is changing is skipped: it may be alerting by the time it can be locked.
const MAKE_ROOM = `
with kept as (
  select count(*) < $2::bigint as is_free
  from (select from assay_alert_keys where scope = $1 limit $2::bigint) as counted
), oldest as materialized (
  select scope, key from assay_alert_keys
  where scope = $1 and alert = 'none' and pending_reason is null
    and not (select is_free from kept)
  order by failing_since, key limit 1
  for update skip locked
), evicted as (
  delete from assay_alert_keys using oldest
  where assay_alert_keys.scope = oldest.scope and assay_alert_keys.key = oldest.key
  returning 1
)
select is_free, exists (select from evicted) as has_evicted from kept`

const rowSchema = z.object({
  key: z.string(),
  version: z.string(),
  failure_count: z.int(),
  failing_since: z.int(),
  recovered: z.boolean(),
  alert: z.enum(['none', 'owed', 'open', 'uncertain']),
  alerted_at: z.int(),
  alerted_count: z.int(),
  pending_reason: z.enum(['firing', 'repeat', 'resolved']).nullable(),
  pending_since: z.int().nullable(),
  pending_token: z.string().nullable(),
})

const roomSchema = z.object({ is_free: z.boolean(), has_evicted: z.boolean() })

function parseRow(row: SqlRow): { readonly key: string; readonly stored: StoredAlertKey } {
  const parsed = rowSchema.safeParse(row)
  if (!parsed.success) throw createRowInvalidError(parsed.error)
  const { key, version, pending_reason, pending_since, pending_token, ...columns } = parsed.data
  const state: AlertKeyState = {
    failureCount: columns.failure_count,
    failingSince: columns.failing_since,
    recovered: columns.recovered,
    alert: columns.alert,
    alertedAt: columns.alerted_at,
    alertedCount: columns.alerted_count,
    // The table lets the three be null together only.
    pending:
      pending_reason === null || pending_since === null || pending_token === null
        ? null
        : { reason: pending_reason, decidedAt: pending_since, token: pending_token },
  }
  return { key, stored: { state, version } }
}

function createRowInvalidError(cause: z.ZodError): AssayError<'ALERT_ROW_INVALID'> {
  return new AssayError('ALERT_ROW_INVALID', {
    message: 'A row of assay_alert_keys is not one that this release wrote.',
    retry: 'never',
    context: { columns: [...new Set(cause.issues.map(({ path }) => path[0]))].join(', ') },
    cause,
  })
}

/** In the order of the placeholders `$3` to `$11`. */
function stateValues(state: AlertKeyState): SqlValue[] {
  return [
    state.failureCount,
    state.failingSince,
    state.recovered,
    state.alert,
    state.alertedAt,
    state.alertedCount,
    state.pending?.reason ?? null,
    state.pending?.decidedAt ?? null,
    state.pending?.token ?? null,
  ]
}

/** Whether the statement changed its row; `false` too when it lost a race, which changes nothing. */
async function hasChanged(
  client: SqlExecutor,
  statement: string,
  values: readonly SqlValue[],
): Promise<boolean> {
  try {
    const { rowCount } = await client.query(statement, values)
    return rowCount === 1
  } catch (error) {
    if (isConcurrencyFailure(error)) return false
    throw error
  }
}
