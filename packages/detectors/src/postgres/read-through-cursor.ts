import { assertWholeNumber, type SqlClient, type SqlExecutor, type SqlValue } from '@assay/core'

/** A query whose rows are fetched in batches. */
export interface CursorQuery {
  readonly text: string
  readonly values: readonly SqlValue[]
}

/**
 * Runs `work` over the rows of one query, in one REPEATABLE READ transaction. One query for all, so
 * that nothing depends on how the server would plan each page of it.
 *
 * @param client the database
 * @param query what is read
 * @param batchSize the most rows in a batch
 * @param work reads the batches once, from first to last
 * @throws `INVALID_OPTION` for a batch size that is no whole number of at least 1
 */
export function readThroughCursor<Row, Result>(
  client: SqlClient,
  query: CursorQuery,
  batchSize: number,
  work: (batches: AsyncIterable<readonly Row[]>) => Promise<Result>,
): Promise<Result> {
  return client.transaction(async (transaction) => {
    await transaction.query('set transaction isolation level repeatable read, read only')
    return work(readBatches<Row>(transaction, query, batchSize))
  })
}

async function* readBatches<Row>(
  executor: SqlExecutor,
  { text, values }: CursorQuery,
  batchSize: number,
): AsyncIterable<readonly Row[]> {
  // It stands in a statement, which takes no placeholder there.
  assertWholeNumber('readSnapshot', 'batchSize', batchSize, { min: 1 })
  await executor.query(`declare assay_rows no scroll cursor for ${text}`, values)
  for (;;) {
    const { rows } = await executor.query(`fetch ${batchSize} from assay_rows`)
    // The reader parses each row, so that one that does not parse stops no other.
    if (rows.length > 0) yield rows as readonly unknown[] as readonly Row[]
    if (rows.length < batchSize) return
  }
}
