import type { SqlClient, SqlExecutor, SqlResult } from '../sql/sql-client.ts'
import { parseColumn } from './parse-column.ts'
import { guardTransaction } from './transaction-guard.ts'
import { writeValue } from './write-value.ts'

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
      const query = createQuery(connection)
      const executor = guardTransaction(query)
      let isBroken = false
      try {
        await query('begin')
        const result = await work(executor)
        executor.assertCommittable()
        await query('commit')
        return result
      } catch (error) {
        isBroken = !(await rollBack(query))
        throw error
      } finally {
        executor.close()
        connection.off('error', ignore)
        connection.release(isBroken)
      }
    },
  }
}

/** Whether the connection is in a known state again. One that is not must not be lent to others. */
async function rollBack(query: SqlExecutor['query']): Promise<boolean> {
  try {
    await query('rollback')
    return true
  } catch {
    return false
  }
}

/** The query that was under way rejects with the same error. */
function ignore(): void {}

function createQuery(queryable: PgQueryable): SqlExecutor['query'] {
  return async (text, values = []): Promise<SqlResult> => {
    const { rows, rowCount } = await queryable.query({
      text,
      values: values.map(writeValue),
      queryMode: 'extended',
      types: { getTypeParser: (typeOid) => (column) => parseColumn(typeOid, column) },
    })
    return { rows: rows as SqlResult['rows'], rowCount: rowCount ?? 0 }
  }
}
