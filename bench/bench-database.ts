import { migrate, type Migration, type SqlClient } from '@assay/core'
import { fromPgPool, migrations as coreMigrations } from '@assay/core/postgres'
import pg from 'pg'

/** A database of one figure's own, on the server that `ASSAY_POSTGRES_URL` names or this machine's. */
export interface BenchDatabase {
  readonly url: string
  readonly pool: pg.Pool
  readonly client: SqlClient
  drop(): Promise<void>
}

const server = process.env['ASSAY_POSTGRES_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres'

export async function createBenchDatabase(
  migrations: readonly Migration[],
): Promise<BenchDatabase> {
  const name = `assay_bench_${process.pid}_${Date.now()}`
  await administer(`create database ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  const pool = connect(url.href)
  const client = fromPgPool(pool)
  await migrate(client, [...coreMigrations, ...migrations])
  return {
    url: url.href,
    pool,
    client,
    async drop() {
      await pool.end()
      await administer(`drop database if exists ${name} with (force)`)
    },
  }
}

export function connect(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 8 })
  // Whoever drops the database cuts what is idle in the pool.
  pool.on('error', () => {})
  return pool
}

async function administer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
