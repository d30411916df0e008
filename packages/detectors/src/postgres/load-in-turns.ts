import type { SqlClient, SqlExecutor } from '@assay/core'

import { untilUndisturbed } from './until-undisturbed.ts'

/** Some 2 MB of JSON. */
const ROWS_PER_STATEMENT = 5_000

/**
 * Writes rows in parts, each of which is written whole or not at all. Loads under one name take turns,
 * part by part: in opposite orders they would deadlock.
 *
 * @param client the database
 * @param turn what takes turns, and under which name
 * @param rows any number
 * @param write writes one part in a transaction of its own; it may be called again for the same part
 * @returns what `write` returned for each part
 */
export async function loadInTurns<Row, Outcome>(
  client: SqlClient,
  turn: Turn,
  rows: readonly Row[],
  write: (executor: SqlExecutor, part: readonly Row[]) => Promise<Outcome>,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const part of inParts(rows)) {
    const outcome = await untilUndisturbed(() =>
      client.transaction(async (transaction) => {
        await takeTurn(transaction, turn)
        return write(transaction, part)
      }),
    )
    outcomes.push(outcome)
  }
  return outcomes
}

/** What takes turns. */
export interface Turn {
  /** Tells its locks from others in this database. Any number does, as long as it never changes. */
  readonly lockClass: number
  readonly source: string
}

/** Cuts rows into the parts that one statement takes. */
export function* inParts<Row>(rows: readonly Row[]): Iterable<readonly Row[]> {
  for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT) {
    yield rows.slice(start, start + ROWS_PER_STATEMENT)
  }
}

async function takeTurn(executor: SqlExecutor, { lockClass, source }: Turn): Promise<void> {
  // A stricter level would keep showing the rows as they were before the wait.
  await executor.query('set transaction isolation level read committed')
  await executor.query('select pg_advisory_xact_lock($1::int, hashtext($2))', [lockClass, source])
}
