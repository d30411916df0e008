import pg from 'pg'

import { startEmbeddedPostgres } from './start-embedded-postgres.ts'

/** A real PostgreSQL server that tests may make databases on. */
export interface PostgresServer {
  /** Connects to a database of the server, as a superuser. */
  url(database: string): string
  stop(): Promise<void>
}

/**
 * Finds a server: the one that `ASSAY_POSTGRES_URL` names, else the one on this machine's usual port,
 * else one started from the binaries that npm brought along.
 *
 * @throws when there is none; the message says what was tried
 */
export async function reachPostgres(): Promise<PostgresServer> {
  const named = process.env['ASSAY_POSTGRES_URL']
  const candidates =
    named === undefined
      ? ['postgres://postgres@127.0.0.1:5432/postgres', 'postgres://root@127.0.0.1:5432/postgres']
      : [named]
  const faults: string[] = []
  for (const candidate of candidates) {
    const fault = await faultOf(candidate)
    if (fault === undefined) return { url: (name) => withDatabase(candidate, name), stop }
    faults.push(fault)
  }
  if (named !== undefined) throw new Error(`ASSAY_POSTGRES_URL does not answer: ${faults.join()}`)

  return startEmbeddedPostgres().catch((error: unknown) => {
    throw new Error(`no server on 127.0.0.1:5432 (${faults.join()}), and none could be started`, {
      cause: error,
    })
  })
}

/** A server that was there before the test stays. */
async function stop(): Promise<void> {}

async function faultOf(connectionString: string): Promise<string | undefined> {
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

function withDatabase(connectionString: string, database: string): string {
  const url = new URL(connectionString)
  url.pathname = `/${database}`
  return url.href
}
