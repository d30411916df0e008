import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import { systemClock } from '../runtime/clock.ts'
import type { SqlClient, SqlExecutor, SqlResult } from '../sql/sql-client.ts'
import { parseColumn } from './parse-column.ts'
import { type GuardedExecutor, guardTransaction } from './transaction-guard.ts'
import { writeValue } from './write-value.ts'

interface RawRows extends ReadonlyArray<readonly (Uint8Array | null)[]> {
  readonly columns: readonly { readonly name: string; readonly type: number }[]
  readonly count: number | null
}

interface PostgresQueryable {
  typed(value: unknown, typeOid: number): unknown
  unsafe(
    text: string,
    values: never[],
    options: { simple: boolean; prepare: boolean },
  ): { raw(): PromiseLike<unknown> }
}

/** What is needed of a `postgres` client. */
export interface Postgres extends PostgresQueryable {
  begin<Result>(work: (transaction: PostgresQueryable) => Promise<Result>): Promise<unknown>
  readonly options: {
    readonly transform?: {
      readonly column?: { readonly from?: unknown }
      readonly row?: { readonly from?: unknown }
    }
  }
}

/**
 * Makes a {@link SqlClient} of a client of the `postgres` package, version 3. The client stays the
 * host's, to configure and to end; its types and value transforms are not used.
 *
 * @param sql the host's client, without a transform of column names or rows
 * @throws {InvalidOptionError} `INVALID_OPTION` when it has one, as with `postgres.camel`
 *
 * @example
 * ```ts no-run
 * import { fromPostgres } from '@assay/core/postgres'
 * import postgres from 'postgres'
 *
 * const client = fromPostgres(postgres())
 * await client.query('select $1::bigint as answer', [42n])
 * ```
 */
export function fromPostgres(sql: Postgres): SqlClient {
  const { column, row } = sql.options.transform ?? {}
  if (typeof column?.from === 'function' || typeof row?.from === 'function') {
    throw new InvalidOptionError(
      'fromPostgres',
      'sql',
      'a client without `transform` of columns or rows',
    )
  }
  return {
    query: createQuery(sql),
    transaction: (work) => runTransaction(sql, work),
  }
}

/**
 * A statement that `postgres` sends on a lost connection, its own `rollback` included, ends the
 * process, or runs outside the transaction once the connection is up again. So its `begin` only hears
 * how the work ended while the connection lives; when it dies, `begin` rejects by itself.
 * See https://github.com/porsager/postgres/issues/1208
 */
async function runTransaction<Result>(
  sql: Postgres,
  work: (executor: SqlExecutor) => Promise<Result>,
): Promise<Result> {
  let executor: GuardedExecutor | undefined
  let hasEnded = false
  try {
    const result = await sql.begin((transaction) => {
      const guarded = guardTransaction(createQuery(transaction))
      executor = guarded
      return new Promise<Result>((resolve, reject) => {
        runWork(work, guarded).then(
          (value) => hasEnded || resolve(value),
          (error: unknown) => hasEnded || reject(error as Error),
        )
      })
    })
    return result as Result
  } finally {
    hasEnded = true
    executor?.close()
  }
}

async function runWork<Result>(
  work: (executor: SqlExecutor) => Promise<Result>,
  executor: GuardedExecutor,
): Promise<Result> {
  try {
    const result = await work(executor)
    executor.assertCommittable()
    return result
  } catch (error) {
    // A query rejects a moment before `begin` does when their connection is lost.
    if (!isServerError(error)) await systemClock.sleep(0)
    throw error
  }
}

function isServerError(error: unknown): boolean {
  return error instanceof Error && error.name === 'PostgresError'
}

/** `unknown`, which leaves it to the server to find the type, and to `postgres` to send what it got. */
const UNKNOWN_TYPE_OID = 705

function createQuery(queryable: PostgresQueryable): SqlExecutor['query'] {
  return async (text, values = []): Promise<SqlResult> => {
    const typed = values.map((value) => queryable.typed(writeValue(value), UNKNOWN_TYPE_OID))
    const query = queryable.unsafe(text, typed as never[], { simple: false, prepare: false })
    const raw = (await query.raw()) as RawRows
    return { rows: raw.map((row) => readRow(raw.columns, row)), rowCount: raw.count ?? 0 }
  }
}

const utf8 = new TextDecoder()

function readRow(columns: RawRows['columns'], row: RawRows[number]): Record<string, unknown> {
  const entries = columns.map(({ name, type }, index) => {
    const bytes = row[index] ?? null
    return [name, bytes === null ? null : parseColumn(type, utf8.decode(bytes))] as const
  })
  return Object.fromEntries(entries)
}
