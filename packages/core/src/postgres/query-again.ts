import { isConcurrencyFailure } from '../sql/is-concurrency-failure.ts'
import type { SqlExecutor, SqlResult, SqlValue } from '../sql/sql-client.ts'

/** Each lost race was won by somebody, so that a few attempts are enough. */
const QUERY_ATTEMPTS_MAX = 32

/** Runs a statement that may be run again as it stands: the race that it lost rolled it back. */
export async function queryAgain(
  client: SqlExecutor,
  statement: string,
  values: readonly SqlValue[],
): Promise<SqlResult> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await client.query(statement, values)
    } catch (error) {
      if (attempt === QUERY_ATTEMPTS_MAX || !isConcurrencyFailure(error)) throw error
    }
  }
}
