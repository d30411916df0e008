import { afterAll, beforeAll, describe, test } from 'vitest'

import { createDatabase, type TestDatabase } from './create-database.ts'
import type { PostgresServer } from './postgres-server.ts'
import { reachPostgres } from './reach-postgres.ts'

/**
 * Runs tests on a real PostgreSQL server, in a database of their own. Where there is no server they
 * are skipped, and the title says why; with `ASSAY_REQUIRE_SERVERS=1` that is a failure.
 *
 * @param title what the tests are about
 * @param body defines the tests; inside them, the function that it is given returns the database
 */
export function describePostgres(
  title: string,
  body: (database: () => TestDatabase) => void,
): void {
  // Whether tests are skipped is settled while they are collected, so the server is looked for then.
  describe(`${title} on PostgreSQL`, async () => {
    const server = await reachOnce()
    if (typeof server !== 'string') return body(useDatabase(server))

    // oxlint-disable-next-line vitest/no-disabled-tests -- there is nothing to run it on
    describe.skip(`skipped: ${server}`, () => test('needs a server'))
  })
}

let reached: Promise<PostgresServer | string> | undefined

/** The server of this test file, or why there is none. */
function reachOnce(): Promise<PostgresServer | string> {
  reached ??= reachPostgres().catch((error: unknown) => {
    if (process.env['ASSAY_REQUIRE_SERVERS'] === '1') throw error
    const reason = error instanceof Error ? error.message : String(error)
    console.warn(`Tests on PostgreSQL are skipped: ${reason}`)
    return reason
  })
  return reached
}

/** A database that is there while the tests of the surrounding `describe` run. */
function useDatabase(server: PostgresServer): () => TestDatabase {
  let database: TestDatabase | undefined
  beforeAll(async () => {
    database = await createDatabase(server)
  })
  afterAll(() => database?.drop())
  return () => {
    if (database === undefined) throw new Error('The database is there inside tests only.')
    return database
  }
}
