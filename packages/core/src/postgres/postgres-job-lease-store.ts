import { z } from 'zod'

import { AssayError } from '../errors/assay-error.ts'
import type { JobLeaseStore } from '../scheduler/job-lease-store.ts'
import type { SqlExecutor, SqlRow } from '../sql/sql-client.ts'
import { parseTableRow } from './parse-table-row.ts'
import { queryAgain } from './query-again.ts'

/** Options of {@link createPostgresJobLeaseStore}. */
export interface PostgresJobLeaseStoreOptions {
  /**
   * Keeps jobs of one service apart from those of another with the same names in the same table.
   * Default `default`.
   */
  readonly scope?: string | undefined
}

/**
 * Keeps the leases of jobs in PostgreSQL, in the table `assay_job_leases` of `migrations`, so that of
 * all processes that share the database one runs a job. Each step is one statement or two that need
 * no transaction, so that it works through a pooler, and under any isolation level that the host has
 * made the default.
 *
 * Time is that of the processes. Their clocks may differ by much less than a lease lasts.
 *
 * @param client where the statements run; it must commit each for itself
 *
 * @example
 * ```ts
 * import { PGlite } from '@electric-sql/pglite'
 * import { createScheduler, migrate } from '@assay/core'
 * import { createPostgresJobLeaseStore, fromPglite, migrations } from '@assay/core/postgres'
 *
 * const client = fromPglite(await PGlite.create())
 * await migrate(client, migrations)
 *
 * const leases = createPostgresJobLeaseStore(client, { scope: 'payouts' })
 * const settle = { name: 'settle', intervalMs: 60_000, lease: true, run: () => {} }
 * const [one, other] = [1, 2].map(() => createScheduler({ jobs: [settle], leases }))
 * one?.start()
 * other?.start()
 * console.log((await one?.runNow('settle'))?.outcome) // success
 * console.log(await other?.runNow('settle')) // { outcome: 'skipped', reason: 'standby' }
 * await one?.close()
 * await other?.close()
 * ```
 */
export function createPostgresJobLeaseStore(
  client: SqlExecutor,
  { scope = 'default' }: PostgresJobLeaseStoreOptions = {},
): JobLeaseStore {
  return {
    async take({ job, owner, now, leaseMs }) {
      const taken = await queryAgain(client, TAKE, [scope, job, owner, now, leaseMs])
      if (taken.rows[0] !== undefined) {
        return { taken: true, token: parseRow(takenSchema, taken.rows[0]).token }
      }
      const { rows } = await queryAgain(client, LOOK, [scope, job])
      // Between the two it may have been given back, or deleted by hand.
      const { owner: holder, held_until } = rows[0]
        ? parseRow(heldSchema, rows[0])
        : { owner: '', held_until: null }
      return { taken: false, owner: holder, until: held_until ?? now }
    },
    async renew({ job, token, now, leaseMs }) {
      const { rowCount } = await queryAgain(client, RENEW, [scope, job, token, now, leaseMs])
      return rowCount === 1
    },
    async release({ job, token }) {
      await queryAgain(client, RELEASE, [scope, job, token])
    },
  }
}

const TAKE = `
insert into assay_job_leases as lease (scope, job, owner, held_until)
values ($1, $2, $3, $4::float8 + $5::float8)
on conflict (scope, job) do update
set owner = excluded.owner, held_until = excluded.held_until, token = default
where lease.held_until is null or lease.held_until <= $4::float8
returning token`

const LOOK = `
select owner, held_until from assay_job_leases where scope = $1 and job = $2`

const RENEW = `
update assay_job_leases set held_until = greatest(held_until, $4::float8 + $5::float8)
where scope = $1 and job = $2 and token = $3::bigint and held_until is not null`

const RELEASE = `
update assay_job_leases set held_until = null
where scope = $1 and job = $2 and token = $3::bigint`

const takenSchema = z.object({ token: z.bigint() })
const heldSchema = z.object({ owner: z.string(), held_until: z.number().nullable() })

function parseRow<Schema extends z.ZodType>(schema: Schema, row: SqlRow): z.output<Schema> {
  return parseTableRow(schema, row, {
    table: 'assay_job_leases',
    createError: (problem) => new AssayError('JOB_LEASE_ROW_INVALID', problem),
  })
}
