import { describeEachDatabase, describePostgres } from '@assay/test-servers'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { SqlClient } from '../sql/sql-client.ts'
import { fromPgPool } from './from-pg-pool.ts'
import { fromPglite } from './from-pglite.ts'
import { fromPostgres } from './from-postgres.ts'

describeEachDatabase('a client of pg or PGlite', { fromPgPool, fromPglite }, behavesAlike)

describePostgres('a client of postgres', (database) => {
  let sql: postgres.Sql
  beforeAll(() => {
    sql = postgres(database().url, { max: 4, onnotice: () => {} })
  })
  afterAll(() => sql.end())
  behavesAlike(() => fromPostgres(sql))

  test('refuses a client that renames columns, as our schemas would not know them', () => {
    const renaming = postgres(database().url, { transform: postgres.camel })
    expect(() => fromPostgres(renaming)).toThrow('a client that does not rename columns')
  })
})

describePostgres('pooled connections', (database) => {
  test('go back to the pool after success and failure alike', async () => {
    const { pool } = database()
    const client = fromPgPool(pool)
    for (let i = 0; i < 20; i += 1) {
      await client.transaction((tx) => tx.query('select 1'))
      await expect(client.transaction((tx) => tx.query('select 1/0'))).rejects.toThrow('division')
    }
    expect({ total: pool.totalCount, idle: pool.idleCount }).toEqual({ total: 1, idle: 1 })
  })

  test('are thrown away when they break inside a transaction', async () => {
    const { pool } = database()
    const client = fromPgPool(pool)
    const work = client.transaction(async (tx) => {
      const { rows } = await tx.query('select pg_backend_pid() as pid')
      await client.query('select pg_terminate_backend($1::int)', [rows[0]?.['pid'] as number])
      await tx.query('select 1')
    })
    await expect(work).rejects.toThrow(/terminat|connection/i)
    await expect(client.query('select 1 as one')).resolves.toMatchObject({ rows: [{ one: 1 }] })
  })
})

function behavesAlike(client: () => SqlClient): void {
  async function read(expression: string, ...values: Parameters<SqlClient['query']>[1] & {}) {
    const { rows } = await client().query(`select ${expression} as value`, values)
    return rows[0]?.['value']
  }

  describe('columns', () => {
    test.each<[string, unknown]>([
      ['9223372036854775807::bigint', 9_223_372_036_854_775_807n],
      ['42::int', 42],
      ['0.1::float8', 0.1],
      ['12345678901234567890.123456789::numeric', '12345678901234567890.123456789'],
      ["'text'::text", 'text'],
      ['true', true],
      ['null', null],
      ["'2026-11-22 10:00:00.123+02'::timestamptz", new Date('2026-11-22T08:00:00.123Z')],
      ["'2026-11-22'::date", '2026-11-22'],
      ["'2026-11-22 10:00'::timestamp", '2026-11-22 10:00:00'],
      [`'{"a":[1,"b",null]}'::jsonb`, { a: [1, 'b', null] }],
      [`'\\x00ff'::bytea`, new Uint8Array([0, 255])],
    ])('%s', async (expression, expected) => {
      expect(await read(expression)).toEqual(expected)
    })
  })

  describe('values', () => {
    test.each<[string, Parameters<typeof read>[1], unknown]>([
      ['$1::bigint', -9_223_372_036_854_775_808n, -9_223_372_036_854_775_808n],
      ['$1::numeric', 10n ** 30n, '1000000000000000000000000000000'],
      ['$1::int', 7, 7],
      ['$1::boolean', false, false],
      ['$1::text', "'; drop table x; --", "'; drop table x; --"],
      ['$1::text', 'zażółć 🎪', 'zażółć 🎪'],
      ['$1::text', null, null],
      ['$1::timestamptz', new Date(1_700_000_000_001), new Date(1_700_000_000_001)],
      ['$1::bytea', new Uint8Array([1, 0, 254]), new Uint8Array([1, 0, 254])],
      ['$1::text::jsonb', '{"amount":"9007199254740993"}', { amount: '9007199254740993' }],
    ])('%s from %s', async (expression, value, expected) => {
      expect(await read(expression, value)).toEqual(expected)
    })
  })

  test('counts the rows that came back, or that changed', async () => {
    const create = 'create temporary table if not exists counted (n int)'
    const counts = await client().transaction(async (tx) => {
      await tx.query(create)
      await tx.query('delete from counted')
      const inserted = await tx.query('insert into counted values (1), (2), (3)')
      const returned = await tx.query('update counted set n = n + 1 where n > 1 returning n')
      const selected = await tx.query('select n from counted')
      const deleted = await tx.query('delete from counted where n = 99')
      return [inserted, returned, selected, deleted].map(({ rowCount }) => rowCount)
    })
    expect(counts).toEqual([3, 2, 3, 0])
  })

  describe('a transaction', () => {
    beforeAll(async () => {
      await client().query('create table if not exists kept (name text primary key)')
    })
    const names = async (): Promise<unknown[]> => {
      const { rows } = await client().query('select name from kept order by name')
      return rows.map((row) => row['name'])
    }

    test('is kept when its work resolves, and returns what the work returned', async () => {
      const result = await client().transaction(async (tx) => {
        await tx.query('insert into kept values ($1)', ['committed'])
        return [1n, 2n]
      })
      expect(result).toEqual([1n, 2n])
      expect(await names()).toContain('committed')
    })

    test('is undone when its work rejects, and passes the error on', async () => {
      const error = new Error('changed my mind')
      const work = client().transaction(async (tx) => {
        await tx.query('insert into kept values ($1)', ['undone'])
        throw error
      })
      await expect(work).rejects.toBe(error)
      expect(await names()).not.toContain('undone')
    })

    test('fails when its work swallows a failed statement, instead of quietly rolling back', async () => {
      const work = client().transaction(async (tx) => {
        await tx.query('insert into kept values ($1)', ['swallowed'])
        await tx.query('select 1/0').catch(() => {})
      })
      await expect(work).rejects.toMatchObject({ code: '25P02' })
      expect(await names()).not.toContain('swallowed')
    })

    test('can go on after a savepoint', async () => {
      await client().transaction(async (tx) => {
        await tx.query('savepoint before')
        await tx.query('select 1/0').catch(() => tx.query('rollback to savepoint before'))
        await tx.query('insert into kept values ($1)', ['after savepoint'])
      })
      expect(await names()).toContain('after savepoint')
    })

    test('refuses queries once it has ended', async () => {
      let escaped: (() => Promise<unknown>) | undefined
      await client().transaction(async (tx) => {
        escaped = () => tx.query('select 1')
      })
      await expect(escaped?.()).rejects.toThrow('after its transaction had ended')
    })
  })

  test('passes on the SQLSTATE of the server', async () => {
    await expect(client().query('select * from not_there')).rejects.toMatchObject({ code: '42P01' })
  })

  test('runs one statement at a time, so that nothing can be smuggled in behind it', async () => {
    await expect(client().query('select 1; select 2')).rejects.toMatchObject({ code: '42601' })
  })
}
