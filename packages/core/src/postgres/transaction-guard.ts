import type { SqlExecutor } from '../sql/sql-client.ts'

/** The executor of one transaction, which ends with it. */
export interface GuardedExecutor extends SqlExecutor {
  /**
   * Requires that PostgreSQL still accepts statements. After a failed one it does not, and would
   * answer a `commit` by quietly rolling back.
   *
   * @throws the server's error, code `25P02`, when the transaction can no longer be committed
   */
  assertCommittable(): Promise<void>
  /** From now on every query is refused: the connection belongs to somebody else. */
  close(): void
}

/** Watches over the executor that is handed to the work of a transaction. */
export function guardTransaction(query: SqlExecutor['query']): GuardedExecutor {
  let hasFailed = false
  let isOpen = true
  return {
    async query(text, values) {
      if (!isOpen) throw new Error('A query was sent after its transaction had ended.')
      try {
        return await query(text, values)
      } catch (error) {
        hasFailed = true
        throw error
      }
    },
    async assertCommittable() {
      // A savepoint may have mended it, so the server is asked, and only then.
      if (hasFailed) await query('select 1')
    },
    close() {
      isOpen = false
    },
  }
}
