import type { SqlExecutor } from '../sql/sql-client.ts'

/** The executor of one transaction, which ends with it. */
export interface GuardedExecutor extends SqlExecutor {
  /**
   * Requires that every statement succeeded. PostgreSQL would answer a `commit` after a failed one by
   * quietly rolling back.
   *
   * @throws what the first failed statement rejected with, also when the work caught it
   */
  assertCommittable(): void
  /** From now on every query is refused: the connection is gone, or belongs to somebody else. */
  close(): void
}

/** Watches over the executor that is handed to the work of a transaction. */
export function guardTransaction(query: SqlExecutor['query']): GuardedExecutor {
  let failure: { readonly error: unknown } | undefined
  let isOpen = true

  function assertCommittable(): void {
    if (failure !== undefined) throw failure.error
  }

  return {
    async query(text, values) {
      if (!isOpen) throw new Error('A query was sent after its transaction had ended.')
      assertCommittable()
      try {
        return await query(text, values)
      } catch (error) {
        failure ??= { error }
        throw error
      }
    },
    assertCommittable,
    close() {
      isOpen = false
    },
  }
}
