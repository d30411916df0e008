import { isConcurrencyFailure } from '../sql/is-concurrency-failure.ts'
import type { SqlClient, SqlExecutor } from '../sql/sql-client.ts'

/** A transaction that lost a race is run again, so often at most. */
const ATTEMPTS_MAX = 5

/**
 * Runs what writes. Each statement must see what others have committed while it waited for a lock,
 * whatever the host isolates by. Whoever writes locks rows in one order, so that transactions hardly
 * ever wait for each other in a circle.
 */
export async function runWriteTransaction<Result>(
  client: SqlClient,
  work: (tx: SqlExecutor) => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await client.transaction(async (tx) => {
        await tx.query('set transaction isolation level read committed')
        return work(tx)
      })
    } catch (error) {
      if (attempt === ATTEMPTS_MAX || !isConcurrencyFailure(error)) throw error
    }
  }
}
