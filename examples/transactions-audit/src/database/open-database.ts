import { isAssayError, migrate, type SqlClient } from '@assay/core'
import { migrations } from '@assay/detectors/postgres'

import { CannotRunError, systemCode } from '../cli/cannot-run-error.ts'
import { createSchema } from './create-schema.ts'
import { startEmbedded } from './start-embedded.ts'

/** A database with the tables of the detectors, empty, for one audit. */
export interface AuditDatabase {
  readonly client: SqlClient
  /** Takes back all that the audit stored. */
  close(): Promise<void>
}

/**
 * Opens the database of one audit.
 *
 * @param url of a PostgreSQL server; without it an embedded one is started
 * @throws {@link CannotRunError} when it cannot be used, now or later
 */
export async function openDatabase(url?: string): Promise<AuditDatabase> {
  return prepareDatabase(url === undefined ? await startEmbedded() : await createSchema(url))
}

/**
 * Makes the tables in a database that is empty, and closes it when that fails.
 *
 * @throws {@link CannotRunError} when it cannot be used, now or later
 */
export async function prepareDatabase(database: AuditDatabase): Promise<AuditDatabase> {
  const client = withFailuresTold(database.client)
  try {
    await migrate(client, migrations)
    return { ...database, client }
  } catch (error) {
    await database.close()
    throw error
  }
}

/** A database that fails half-way is no bug of the audit: it ends with a sentence too. */
function withFailuresTold(client: SqlClient): SqlClient {
  return {
    query: (text, values) => client.query(text, values).catch(tellFailure),
    transaction: (work) => client.transaction(work).catch(tellFailure),
  }
}

function tellFailure(error: unknown): never {
  const isTold = error instanceof CannotRunError || isAssayError(error)
  // What comes without a code is no word of the database's.
  if (isTold || typeof error !== 'object' || error === null || !('code' in error)) throw error
  throw new CannotRunError(
    'AUDIT_DATABASE_FAILED',
    `The database failed: ${systemCode(error)}.`,
    error,
  )
}
