import pg from 'pg'

/** A real PostgreSQL server that tests may make databases on. */
export interface PostgresServer {
  /** Connects to a database of the server, as a superuser. */
  url(database: string): string
}

/** Why a server does not answer, or `undefined` where it does. */
export async function faultOf(connectionString: string): Promise<string | undefined> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 1_000 })
  try {
    await client.connect()
    await client.query('select 1')
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    await client.end().catch(() => {})
  }
}
