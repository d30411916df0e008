import type { SqlExecutor } from '../sql/sql-client.ts'
import { guardTransaction } from './transaction-guard.ts'

/** A connection that is ours until it is released. */
export interface LentConnection extends SqlExecutor {
  /** @param isBroken whether it is in an unknown state and must not be lent again */
  release(isBroken: boolean): void
}

/** Runs `work` in a transaction on a connection, and gives the connection back. */
export async function runTransaction<Result>(
  work: (executor: SqlExecutor) => Promise<Result>,
  connection: LentConnection,
): Promise<Result> {
  const executor = guardTransaction((text, values) => connection.query(text, values))
  try {
    await connection.query('begin')
    const result = await work(executor)
    await executor.assertCommittable()
    await connection.query('commit')
    connection.release(false)
    return result
  } catch (error) {
    await rollBack(connection)
    throw error
  } finally {
    executor.close()
  }
}

async function rollBack(connection: LentConnection): Promise<void> {
  try {
    await connection.query('rollback')
    connection.release(false)
  } catch {
    connection.release(true)
  }
}
