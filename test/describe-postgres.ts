import { afterAll, beforeAll, describe, test } from 'vitest'

import { createDatabase, type TestDatabase } from './create-database.ts'
import { type PostgresServer, reachPostgres } from './reach-postgres.ts'

// Whether tests are skipped is settled while they are collected, so the server is looked for first.
const server = await reachPostgres().catch((error: unknown) => skipReason(error))
afterAll(() => (typeof server === 'string' ? undefined : server.stop()))

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
  if (typeof server === 'string') {
    // oxlint-disable-next-line vitest/no-disabled-tests -- there is nothing to run it on
    describe.skip(`${title} on PostgreSQL, skipped: ${server}`, () => test('needs a server'))
    return
  }
  describe(`${title} on PostgreSQL`, () => body(useDatabase(server)))
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

function skipReason(error: unknown): string {
  if (process.env['ASSAY_REQUIRE_SERVERS'] === '1') throw error
  return error instanceof Error ? error.message : String(error)
}
