import { randomBytes } from 'node:crypto'

import pg from 'pg'

import type { PostgresServer } from './reach-postgres.ts'

/** A database of one test file's own. */
export interface TestDatabase {
  /** For clients that the test makes itself, and for other processes. */
  readonly url: string
  /** A pool on it, closed by `drop`. */
  readonly pool: pg.Pool
  drop(): Promise<void>
}

/** Makes an empty database with a name that no other test has. */
export async function createDatabase(server: PostgresServer): Promise<TestDatabase> {
  const name = `assay_test_${randomBytes(8).toString('hex')}`
  await administer(server, `create database ${name}`)

  const pool = new pg.Pool({ connectionString: server.url(name), max: 8 })
  // Dropping the database cuts connections that are idle in the pool; that is no failure of a test.
  pool.on('error', () => {})
  return {
    url: server.url(name),
    pool,
    async drop() {
      await pool.end()
      await administer(server, `drop database if exists ${name} with (force)`)
    },
  }
}

async function administer(server: PostgresServer, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server.url('postgres') })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
