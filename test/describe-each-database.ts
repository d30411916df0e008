import type { PGlite } from '@electric-sql/pglite'
import type { Pool } from 'pg'
import { afterAll, beforeAll, describe } from 'vitest'

import { describePostgres } from './describe-postgres.ts'
import { startPglite } from './start-pglite.ts'

/** How a package makes its client of either database: the adapters of `@assay/core/postgres`. */
export interface SqlAdapters<Client> {
  readonly fromPglite: (database: PGlite) => Client
  readonly fromPgPool: (pool: Pool) => Client
}

/**
 * Runs the same tests on PGlite and on a real PostgreSQL server, each in an empty database.
 *
 * @param title what the tests are about
 * @param adapters how a client is made
 * @param body defines the tests; inside them, the function that it is given returns the client
 */
export function describeEachDatabase<Client>(
  title: string,
  { fromPglite, fromPgPool }: SqlAdapters<Client>,
  body: (client: () => Client) => void,
): void {
  describe(`${title} on PGlite`, () => {
    let database: PGlite | undefined
    let client: Client | undefined
    beforeAll(async () => {
      database = await startPglite()
      client = fromPglite(database)
    })
    afterAll(() => database?.close())
    body(() => {
      if (client === undefined) throw new Error('The client is there inside tests only.')
      return client
    })
  })

  describePostgres(title, (database) => {
    let client: Client | undefined
    beforeAll(() => {
      client = fromPgPool(database().pool)
    })
    body(() => {
      if (client === undefined) throw new Error('The client is there inside tests only.')
      return client
    })
  })
}
