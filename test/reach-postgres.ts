import { faultOf, type PostgresServer } from './postgres-server.ts'
import { startEmbeddedPostgres } from './start-embedded-postgres.ts'

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
    if (fault === undefined) return { url: (name) => withDatabase(candidate, name) }
    faults.push(fault)
  }
  if (named !== undefined) throw new Error(`ASSAY_POSTGRES_URL does not answer: ${faults.join()}`)

  return startEmbeddedPostgres().catch((cause: unknown) => {
    const tried = `no server on 127.0.0.1:5432 (${faults.join()}), and none could be started`
    throw new Error(`${tried} (${cause instanceof Error ? cause.message : String(cause)})`, {
      cause,
    })
  })
}

function withDatabase(connectionString: string, database: string): string {
  const url = new URL(connectionString)
  url.pathname = `/${database}`
  return url.href
}
