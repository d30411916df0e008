import type { SqlClient, SqlExecutor, SqlResult, SqlValue } from '../sql/sql-client.ts'
import { columnParsers } from './parse-column.ts'
import { guardTransaction } from './transaction-guard.ts'

interface PgliteQueryable {
  query(
    text: string,
    values: unknown[],
    options: { parsers: Record<number, (text: string) => unknown> },
  ): Promise<{ rows: unknown[]; fields: unknown[]; affectedRows?: number }>
}

/** What is needed of a PGlite database. */
export interface Pglite extends PgliteQueryable {
  transaction<Result>(work: (transaction: PgliteQueryable) => Promise<Result>): Promise<Result>
}

/**
 * Makes a {@link SqlClient} of a PGlite database. PGlite has one connection: transactions wait for
 * each other.
 *
 * @param database the host's database
 *
 * @example
 * ```ts
 * import { PGlite } from '@electric-sql/pglite'
 * import { fromPglite } from '@assay/core/postgres'
 *
 * const client = fromPglite(await PGlite.create())
 * const { rows } = await client.query('select $1::bigint as answer', [9_007_199_254_740_993n])
 * console.log(rows) // [ { answer: 9007199254740993n } ]
 * ```
 */
export function fromPglite(database: Pglite): SqlClient {
  return {
    query: createQuery(database),
    transaction: (work) =>
      database.transaction(async (transaction) => {
        const executor = guardTransaction(createQuery(transaction))
        try {
          const result = await work(executor)
          await executor.assertCommittable()
          return result
        } finally {
          executor.close()
        }
      }),
  }
}

function createQuery(queryable: PgliteQueryable): SqlExecutor['query'] {
  return async (text, values = []): Promise<SqlResult> => {
    const { rows, fields, affectedRows } = await queryable.query(text, values.map(toPgliteValue), {
      parsers: { ...columnParsers, ...textColumns },
    })
    return {
      rows: rows as SqlResult['rows'],
      rowCount: fields.length > 0 ? rows.length : (affectedRows ?? 0),
    }
  }
}

const asText = (text: string): string => text

/** PGlite makes local dates of what has no time zone, and they would shift with the host's. */
const textColumns = { 1082: asText, 1114: asText }

function toPgliteValue(value: SqlValue): unknown {
  return value instanceof Date ? value.toISOString() : value
}
