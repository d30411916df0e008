import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { describeEachDatabase, describePostgres, startPglite } from '@assay/test-servers'
import pg from 'pg'
import { beforeEach, describe, expect, test } from 'vitest'

import { fromPgPool } from '../postgres/from-pg-pool.ts'
import { fromPglite } from '../postgres/from-pglite.ts'
import { migrations as coreMigrations } from '../postgres/migrations.ts'
import { faulty } from '../testing/faulty.ts'
import { migrate, type Migration } from './migrate.ts'
import type { SqlClient } from './sql-client.ts'

const orders: Migration = {
  id: 'shop/0001-orders',
  sql: `create table orders (id bigint primary key);
        create index orders_id on orders (id);`,
}
const prices: Migration = { id: 'shop/0002-prices', sql: 'alter table orders add price bigint' }
const users: Migration = { id: 'club/0001-users', sql: 'create table users (id bigint)' }

describeEachDatabase('migrate', { fromPgPool, fromPglite }, (client) => {
  beforeEach(async () => {
    for (const table of ['assay_migrations', 'orders', 'users', 'names']) {
      await client().query(`drop table if exists ${table} cascade`)
    }
  })

  const tableExists = async (name: string): Promise<boolean> => {
    const { rows } = await client().query('select to_regclass($1::text) is not null as is_there', [
      name,
    ])
    return rows[0]?.['is_there'] === true
  }

  test('applies what is lacking, each of its statements, and tells what it did', async () => {
    expect(await migrate(client(), [orders])).toEqual({ applied: [orders.id], standing: [] })
    expect(await migrate(client(), [orders, prices])).toEqual({
      applied: [prices.id],
      standing: [orders.id],
    })
    await client().query('insert into orders (id, price) values (1, 2)')
    expect(await tableExists('orders_id')).toBe(true)
  })

  test('keeps the histories of several packages in one table', async () => {
    await migrate(client(), [orders])
    expect(await migrate(client(), [users])).toEqual({ applied: [users.id], standing: [] })
    expect(await migrate(client(), [users, orders])).toEqual({
      applied: [],
      standing: [users.id, orders.id],
    })
  })

  test('leaves a later migration of a newer release alone', async () => {
    await migrate(client(), [orders, prices])
    expect(await migrate(client(), [orders])).toEqual({ applied: [], standing: [orders.id] })
  })

  test('undoes everything when one migration fails, and names it', async () => {
    const broken: Migration = { id: 'shop/0002-broken', sql: 'alter table orders add x nonsense' }
    await expect(migrate(client(), [orders, broken])).rejects.toMatchObject({
      code: 'MIGRATION_FAILED',
      context: { id: 'shop/0002-broken' },
      cause: { code: '42704' },
    })
    expect(await tableExists('orders')).toBe(false)
    expect((await migrate(client(), [orders])).applied).toEqual([orders.id])
  })

  test('refuses a migration that tries to end the transaction', async () => {
    const ending: Migration = {
      id: 'shop/0001-ending',
      sql: 'create table orders (id int); commit',
    }
    await expect(migrate(client(), [ending])).rejects.toMatchObject({ code: 'MIGRATION_FAILED' })
    expect(await tableExists('orders')).toBe(false)
  })

  test('runs a migration whose text holds dollar quotes like those around it', async () => {
    const quoting: Migration = {
      id: 'shop/0001-quoting',
      sql: `create table names (name text default $assay$ $assay_$ $assay_do$ it's $assay$) -- $assay`,
    }
    await migrate(client(), [quoting])
    const { rows } = await client().query('insert into names default values returning name')
    expect(rows).toEqual([{ name: " $assay_$ $assay_do$ it's " }])
  })

  describe('refuses', () => {
    beforeEach(() => migrate(client(), [orders, prices]))

    test('a migration that was edited after it was applied', async () => {
      const edited = { ...orders, sql: `${orders.sql} -- harmless` }
      await expect(migrate(client(), [edited, prices])).rejects.toMatchObject({
        code: 'MIGRATION_CHANGED',
        context: { id: orders.id },
      })
    })

    test('a list that lost an applied migration but has a later one', async () => {
      await expect(migrate(client(), [prices])).rejects.toMatchObject({
        code: 'MIGRATION_MISSING',
        context: { id: orders.id, laterId: prices.id },
      })
    })

    test('a new migration that comes before an applied one', async () => {
      const late: Migration = { id: 'shop/0001-zebras', sql: 'select 1' }
      await expect(migrate(client(), [orders, late, prices])).rejects.toMatchObject({
        code: 'MIGRATION_OUT_OF_ORDER',
        context: { id: late.id, laterId: prices.id },
      })
    })

    test.each<[string, Migration[]]>([
      ['an id of another form', [{ id: '1_orders', sql: '' }]],
      ['an id twice', [orders, orders]],
      ['ids out of order', [prices, orders]],
    ])('%s, before it touches the database', async (_, list) => {
      const untouched = faulty(client(), () => ({ kind: 'fail' }))
      await expect(migrate(untouched, list)).rejects.toMatchObject({
        code: 'MIGRATION_LIST_INVALID',
      })
    })
  })

  test("core's own migrations can be applied, and make the two roles", async () => {
    await migrate(client(), coreMigrations)
    const { rows } = await client().query(
      "select rolname from pg_roles where rolname like 'assay%' order by 1",
    )
    expect(rows.map((row) => row['rolname'])).toEqual(['assay_reader', 'assay_writer'])
  })
})

test("core's own migrations can be applied by a user who may not make roles", async () => {
  await using database = await startPglite()
  await database.exec(`
    create role somebody;
    grant create on schema public to somebody;
    set role somebody;
  `)
  const { applied } = await migrate(fromPglite(database), coreMigrations)
  expect(applied).toEqual(coreMigrations.map(({ id }) => id))
  const { rows } = await database.query("select from pg_roles where rolname like 'assay%'")
  expect(rows).toEqual([])
})

describePostgres('migrate from many sides at once', (database) => {
  test('applies each migration once, however strictly the host isolates its transactions', async () => {
    const options = '-c default_transaction_isolation=serializable'
    const connectionString = database().url
    const pools = Array.from({ length: 6 }, () => new pg.Pool({ connectionString, options }))
    const results = await Promise.all(
      pools.map((pool) =>
        migrate(fromPgPool(pool), [orders, prices, users]).finally(() => pool.end()),
      ),
    )
    expect(results.flatMap(({ applied }) => applied).toSorted()).toEqual(
      [orders.id, prices.id, users.id].toSorted(),
    )
  })

  test('also from processes of their own', async () => {
    const run = promisify(execFile)
    const script = `
      import pg from 'pg'
      import { migrate } from './migrate.ts'
      import { fromPgPool } from '../postgres/from-pg-pool.ts'
      const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL })
      const list = [{ id: 'race/0001-once', sql: 'create table once (id int); select pg_sleep(0.2)' }]
      console.log((await migrate(fromPgPool(pool), list)).applied.length)
      await pool.end()`
    const processes = await Promise.all(
      [1, 2, 3].map(() =>
        run(process.execPath, ['--input-type=module', '--eval', script], {
          cwd: import.meta.dirname,
          env: { ...process.env, DATABASE_URL: database().url },
        }),
      ),
    )
    expect(processes.map(({ stdout }) => stdout.trim()).toSorted()).toEqual(['0', '0', '1'])
  })

  test('waits for nobody when the one before it was killed', async () => {
    const client: SqlClient = fromPgPool(database().pool)
    const dying = client.transaction(async (tx) => {
      await tx.query('select pg_advisory_xact_lock(4702585612049152361)')
      await tx.query('select pg_terminate_backend(pg_backend_pid())')
    })
    await expect(dying).rejects.toThrow(/terminat|connection/i)
    const list = [{ id: 'after/0001-kill', sql: 'select 1' }]
    await expect(migrate(client, list)).resolves.toMatchObject({ applied: ['after/0001-kill'] })
  })
})
