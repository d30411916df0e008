import type { SqlClient, SqlExecutor, SqlResult, SqlValue } from '../sql/sql-client.ts'
import { parseColumn } from './parse-column.ts'
import { runTransaction } from './run-transaction.ts'

interface PgQuery {
  text: string
  values: unknown[]
  queryMode: 'extended'
  types: { getTypeParser(typeOid: number): (text: string) => unknown }
}

interface PgQueryable {
  query(query: PgQuery): Promise<{ rows: object[]; rowCount: number | null }>
}

interface PgPoolClient extends PgQueryable {
  on(event: 'error', listener: (error: Error) => void): unknown
  off(event: 'error', listener: (error: Error) => void): unknown
  release(destroy?: boolean): void
}

/** What is needed of a `pg` pool. */
export interface PgPool extends PgQueryable {
  connect(): Promise<PgPoolClient>
}

/**
 * Makes a {@link SqlClient} of a `Pool` of `pg` 8.13 or later. The pool stays the host's, to configure
 * and to end; its type parsers are neither used nor changed.
 *
 * @param pool the host's pool
 *
 * @example
 * ```ts no-run
 * import { fromPgPool } from '@assay/core/postgres'
 * import pg from 'pg'
 *
 * const client = fromPgPool(new pg.Pool())
 * await client.query('select $1::bigint as answer', [42n])
 * ```
 */
export function fromPgPool(pool: PgPool): SqlClient {
  return {
    query: createQuery(pool),
    async transaction(work) {
      const connection = await pool.connect()
      // A lent connection that breaks emits an error, which ends the process where nobody listens.
      connection.on('error', ignore)
      return runTransaction(work, {
        query: createQuery(connection),
        release(isBroken) {
          connection.off('error', ignore)
          connection.release(isBroken)
        },
      })
    },
  }
}

/** The query that was under way rejects with the same error. */
function ignore(): void {}

function createQuery(queryable: PgQueryable): SqlExecutor['query'] {
  return async (text, values = []): Promise<SqlResult> => {
    const { rows, rowCount } = await queryable.query({
      text,
      values: values.map(toPgValue),
      queryMode: 'extended',
      types: { getTypeParser: (typeOid) => (column) => parseColumn(typeOid, column) },
    })
    return { rows: rows as SqlResult['rows'], rowCount: rowCount ?? 0 }
  }
}

/** pg writes a `Date` in the host's time zone and drops what it does not know. */
function toPgValue(value: SqlValue): unknown {
  if (typeof value === 'bigint') return value.toString()
  return value instanceof Date ? value.toISOString() : value
}
