import { migrate, type SqlClient } from '@assay/core'
import { fromPgPool, fromPglite, migrations as coreMigrations } from '@assay/core/postgres'
import { migrations } from '@assay/oracle/postgres'
import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'

/** A database, and how to leave it. */
export interface Database {
  readonly client: SqlClient
  close(): Promise<void>
}

/** Opens the server at a URL, or an embedded one that keeps its files in a folder. */
export async function openDatabase(place: string): Promise<Database> {
  const database = place.includes('://') ? openServer(place) : await openEmbedded(place)
  await migrate(database.client, coreMigrations)
  await migrate(database.client, migrations)
  return database
}

function openServer(url: string): Database {
  const pool = new pg.Pool({ connectionString: url })
  return { client: fromPgPool(pool), close: () => pool.end() }
}

async function openEmbedded(folder: string): Promise<Database> {
  const embedded = await PGlite.create(folder)
  return { client: fromPglite(embedded), close: () => embedded.close() }
}
