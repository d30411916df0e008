import { fromPglite } from '@assay/core/postgres'
import { startPglite } from '@assay/test-servers'
import { afterAll, beforeAll } from 'vitest'

import { type AuditDatabase, prepareDatabase } from '../database/open-database.ts'

/**
 * An embedded database that the audits of one test file use one after another: starting one for each
 * would take most of the time.
 *
 * @returns opens it, empty
 */
export function shareDatabase(): () => Promise<AuditDatabase> {
  let pglite: Awaited<ReturnType<typeof startPglite>>
  beforeAll(async () => {
    pglite = await startPglite()
  })
  afterAll(() => pglite.close())
  return async () => {
    await pglite.exec(
      'drop schema if exists audit cascade; create schema audit; set search_path to audit',
    )
    return prepareDatabase({ client: fromPglite(pglite), close: async () => {} })
  }
}
