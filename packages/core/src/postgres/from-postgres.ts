import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import type { SqlClient, SqlExecutor, SqlResult, SqlValue } from '../sql/sql-client.ts'
import { parseColumn } from './parse-column.ts'
import { runTransaction } from './run-transaction.ts'

interface RawRows extends ReadonlyArray<readonly (Uint8Array | null)[]> {
  readonly columns: readonly { readonly name: string; readonly type: number }[]
  readonly count: number | null
}

interface PostgresQueryable {
  unsafe(
    text: string,
    values: never[],
    options: { simple: boolean; prepare: boolean },
  ): { raw(): PromiseLike<unknown> }
}

/** What is needed of a `postgres` client. */
export interface Postgres extends PostgresQueryable {
  reserve(): Promise<PostgresQueryable & { release(): void }>
  readonly options: { readonly transform?: { readonly column?: { readonly from?: unknown } } }
}

/**
 * Makes a {@link SqlClient} of a client of the `postgres` package, version 3. The client stays the
 * host's, to configure and to end; its types and value transforms are not used.
 *
 * @param sql the host's client, without a transform of column names
 * @throws {InvalidOptionError} `INVALID_OPTION` when it renames columns, as `postgres.camel` does
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
  if (typeof sql.options.transform?.column?.from === 'function') {
    throw new InvalidOptionError('fromPostgres', 'sql', 'a client that does not rename columns')
  }
  return {
    query: createQuery(sql),
    async transaction(work) {
      // Not its `begin`, which rejects after any failed statement, also one that a savepoint mended.
      const connection = await sql.reserve()
      return runTransaction(work, {
        query: createQuery(connection),
        release: () => connection.release(),
      })
    },
  }
}

function createQuery(queryable: PostgresQueryable): SqlExecutor['query'] {
  return async (text, values = []): Promise<SqlResult> => {
    const query = queryable.unsafe(text, values.map(toPostgresValue) as never[], {
      simple: false,
      prepare: false,
    })
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

function toPostgresValue(value: SqlValue): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}
