import type { SqlClient, SqlExecutor } from '@assay/core'

import { untilUndisturbed } from '../until-undisturbed.ts'

/**
 * Runs what writes in one transaction. Each statement must see what others have committed while it
 * waited for a lock, whatever the host isolates by.
 *
 * Whoever writes here locks in one order: partitions by pass and number, then keys of findings by
 * fingerprint, then events. So nobody waits in a circle.
 */
export function runWriteTransaction<Result>(
  client: SqlClient,
  work: (transaction: SqlExecutor) => Promise<Result>,
): Promise<Result> {
  return untilUndisturbed(() =>
    client.transaction(async (transaction) => {
      await transaction.query('set transaction isolation level read committed')
      return work(transaction)
    }),
  )
}
