import { randomBytes } from 'node:crypto'

import pg from 'pg'

import type { PostgresServer } from './postgres-server.ts'

/** A database of one test file's own. */
export interface TestDatabase {
  /** For clients that the test makes itself, and for other processes. */
  readonly url: string
  /** A pool on it, closed by `drop`. */
  readonly pool: pg.Pool
  drop(): Promise<void>
}

/** Where a run was killed, its databases stay. They are dropped by a run this much later. */
const ABANDONED_AFTER_MS = 60 * 60_000

/** Makes an empty database with a name that no other test has. */
export async function createDatabase(server: PostgresServer): Promise<TestDatabase> {
  const name = `assay_test_${Date.now()}_${randomBytes(6).toString('hex')}`
  await administer(server, async (client) => {
    await dropAbandoned(client)
    await client.query(`create database ${name}`)
  })

  const pool = new pg.Pool({ connectionString: server.url(name), max: 8 })
  // Dropping the database cuts connections that are idle in the pool; that is no failure of a test.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return {
    url: server.url(name),
    pool,
    async drop() {
      await pool.end()
      await administer(server, async (client) => {
        await waitForConnections(client, name)
        await client.query(`drop database if exists ${name} with (force)`)
        if ((await listTestDatabases(client)).length === 0) await dropRoles(client)
      })
    },
  }
}

/**
 * A pool has ended before the server has heard of it, and a client that is cut off in between throws
 * where nobody can catch it. So its connections may take two seconds to leave.
 */
async function waitForConnections(client: pg.Client, name: string): Promise<void> {
  await client.query(`
    do $$
    begin
      for attempt in 1..100 loop
        exit when not exists (select from pg_stat_activity where datname = '${name}');
        perform pg_sleep(0.02);
        perform pg_stat_clear_snapshot();
      end loop;
    end
    $$`)
}

/** Roles belong to the server and not to a database: test files must not take them from each other. */
const LOCK_KEY = 5_231_880_417

async function administer(
  server: PostgresServer,
  work: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const client = new pg.Client({ connectionString: server.url('postgres') })
  await client.connect()
  try {
    // Held until the connection ends: a database is neither made nor dropped in a transaction.
    await client.query('select pg_advisory_lock($1)', [LOCK_KEY])
    await work(client)
  } finally {
    await client.end()
  }
}

async function listTestDatabases(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ datname: string }>(
    String.raw`select datname from pg_database where datname like 'assay\_test\_%'`,
  )
  return rows.map((row) => row.datname)
}

async function dropAbandoned(client: pg.Client): Promise<void> {
  for (const name of await listTestDatabases(client)) {
    const madeAt = /^assay_test_(\d{13})_/.exec(name)?.[1]
    if (madeAt !== undefined && Number(madeAt) < Date.now() - ABANDONED_AFTER_MS) {
      await client.query(`drop database if exists "${name}" with (force)`)
    }
  }
}

/** The server is left as it was found. A role that somebody was granted, or was granted things, stays. */
async function dropRoles(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ rolname: string }>(`
    select rolname from pg_roles
    where rolname in ('assay_reader', 'assay_writer')
    and not exists (select from pg_auth_members where roleid = pg_roles.oid)
  `)
  for (const { rolname } of rows) {
    await client.query(`drop role ${rolname}`).catch((error: pg.DatabaseError) => {
      if (error.code !== '2BP01') throw error
    })
  }
}
