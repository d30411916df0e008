import type { SqlClient, SqlExecutor, SqlResult } from '../sql/sql-client.ts'
import { parseColumn } from './parse-column.ts'
import { guardTransaction } from './transaction-guard.ts'
import { writeValue } from './write-value.ts'

type TypeTable<Convert> = Record<number | string, Convert>

interface PgliteConversions {
  parsers: TypeTable<(text: string, typeOid?: number) => unknown>
  serializers: TypeTable<(value: string) => string>
}

interface PgliteQueryable {
  query(
    text: string,
    values: unknown[],
    options: PgliteConversions,
  ): Promise<{ rows: unknown[]; fields: unknown[]; affectedRows?: number }>
}

/** What is needed of a PGlite database. */
export interface Pglite extends PgliteQueryable {
  readonly waitReady: Promise<void>
  /** By type OID, as are the serializers. Read for which types there are, never changed. */
  readonly parsers: object
  readonly serializers: object
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
  let conversions: PgliteConversions | undefined

  function createQuery(queryable: PgliteQueryable): SqlExecutor['query'] {
    return async (text, values = []): Promise<SqlResult> => {
      // PGlite learns its array types while it starts.
      await database.waitReady
      conversions ??= replaceConversions(database)
      const written = values.map(writeValue)
      const { rows, fields, affectedRows } = await queryable.query(text, written, conversions)
      return {
        rows: rows as SqlResult['rows'],
        rowCount: fields.length > 0 ? rows.length : (affectedRows ?? 0),
      }
    }
  }

  return {
    query: createQuery(database),
    transaction: (work) =>
      database.transaction(async (transaction) => {
        const executor = guardTransaction(createQuery(transaction))
        try {
          const result = await work(executor)
          executor.assertCommittable()
          return result
        } finally {
          executor.close()
        }
      }),
  }
}

/** Ours in place of every conversion that PGlite would make: it adds to its own, and keeps the rest. */
function replaceConversions({ parsers, serializers }: Pglite): PgliteConversions {
  const parse = (text: string, typeOid = 0): unknown => parseColumn(typeOid, text)
  const asWritten = (text: string): string => text
  return {
    parsers: Object.fromEntries(Object.keys(parsers).map((typeOid) => [typeOid, parse])),
    serializers: Object.fromEntries(Object.keys(serializers).map((oid) => [oid, asWritten])),
  }
}
