import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

import { describeEachDatabase, describePostgres } from '@assay/test-servers'
import pg from 'pg'
import postgres from 'postgres'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'

import type { SqlClient, SqlExecutor } from '../sql/sql-client.ts'
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

  test.each<[string, NonNullable<postgres.Options<{}>['transform']>]>([
    ['columns', postgres.camel],
    ['rows', { row: (row: postgres.Row) => row }],
  ])('refuses a client that transforms %s, as our schemas would not know them', (_, transform) => {
    const transforming = postgres(database().url, { transform })
    expect(() => fromPostgres(transforming)).toThrow('a client without `transform`')
  })

  losesConnections(() => fromPostgres(sql))

  test('goes on after its connection was reset under a statement, time after time', async () => {
    const line = await cutLine(new URL(database().url))
    const cut = postgres(line.url, { max: 1, connect_timeout: 5, onnotice: () => {} })
    const client = fromPostgres(cut)
    const isSleeping = async (pid: number): Promise<boolean> => {
      const sleeping = "select from pg_stat_activity where pid = $1 and wait_event = 'PgSleep'"
      return (await database().pool.query(sleeping, [pid])).rowCount === 1
    }
    for (let i = 0; i < 4; i += 1) {
      const work = client.transaction(async (tx) => {
        const pid = await pidOf(tx)
        const statement = tx.query('select pg_sleep(5)')
        await vi.waitUntil(() => isSleeping(pid))
        line.reset()
        await statement
      })
      await expect(work).rejects.toThrow(/CONNECTION_CLOSED|ECONNRESET/)
      expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    }
    await cut.end()
    line.close()
  })
})

async function pidOf(executor: SqlExecutor): Promise<number> {
  const { rows } = await executor.query('select pg_backend_pid() as pid')
  return rows[0]?.['pid'] as number
}

/** A line to a server that can be cut. */
async function cutLine(server: URL): Promise<{ url: string; reset(): void; close(): void }> {
  const lines = new Set<Socket>()
  const proxy = createServer((line) => {
    const onward = connect(Number(server.port), server.hostname)
    for (const end of [line, onward]) end.on('error', () => {})
    line.on('close', () => lines.delete(line) && onward.destroy())
    line.pipe(onward).pipe(line)
    lines.add(line)
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const url = new URL(server)
  url.port = String((proxy.address() as AddressInfo).port)
  return {
    url: url.href,
    reset: () => lines.forEach((line) => line.resetAndDestroy()),
    close: () => void proxy.close(),
  }
}

describePostgres('a pool of pg', (database) => {
  losesConnections(() => fromPgPool(database().pool))

  test('gets its connection back after success and failure alike', async () => {
    const pool = new pg.Pool({ connectionString: database().url })
    const client = fromPgPool(pool)
    for (let i = 0; i < 20; i += 1) {
      await client.transaction((tx) => tx.query('select 1'))
      await expect(client.transaction((tx) => tx.query('select 1/0'))).rejects.toThrow('division')
    }
    expect({ total: pool.totalCount, idle: pool.idleCount }).toEqual({ total: 1, idle: 1 })
    await pool.end()
  })
})

/** A connection that is lost in a transaction fails that transaction, and nothing else. */
function losesConnections(client: () => SqlClient): void {
  const terminate = async (pid: number): Promise<void> => {
    await client().query('select pg_terminate_backend($1::int)', [pid])
    const isGone = async (): Promise<boolean> => {
      const { rowCount } = await client().query(
        'select from pg_stat_activity where pid = $1::int',
        [pid],
      )
      return rowCount === 0
    }
    await vi.waitUntil(isGone, { timeout: 5_000, interval: 10 })
  }
  // The first query on a connection that `postgres` opens again may meet the error that closed it.
  const expectStillUsable = (): Promise<void> =>
    vi.waitFor(async () => {
      const pids = Array.from({ length: 8 }, () => client().transaction(pidOf))
      expect((await Promise.all(pids)).every((pid) => pid > 0)).toBe(true)
    })

  beforeAll(async () => {
    await client().query('create table if not exists lost (name text)')
  })
  afterEach(async () => {
    expect((await client().query('select name from lost')).rows).toEqual([])
  })

  test.each<[string, (tx: SqlExecutor) => Promise<unknown>]>([
    ['and the next statement', (tx) => tx.query("insert into lost values ('outside')")],
    ['and the work gives up', () => Promise.reject(new Error('gave up'))],
    ['and the work ends', () => Promise.resolve()],
  ])('fails a transaction whose connection is lost between statements, %s', async (_, goOn) => {
    const work = client().transaction(async (tx) => {
      await tx.query("insert into lost values ('inside')")
      await terminate(await pidOf(tx))
      return goOn(tx)
    })
    await expect(work).rejects.toThrow(/connection|ECONNRESET|gave up/i)
    await expectStillUsable()
  })

  test.each<[string, (statement: Promise<unknown>, tx: SqlExecutor) => Promise<unknown>]>([
    ['passes on', (statement) => statement],
    ['replaces', (statement) => statement.catch(() => Promise.reject(new Error('terminated')))],
    [
      'ignores',
      (statement, tx) =>
        statement.catch(() => tx.query("insert into lost values ('outside')")).catch(() => {}),
    ],
  ])(
    'fails a transaction whose connection is lost under a statement that it %s',
    async (_, goOn) => {
      const work = client().transaction(async (tx) => {
        await tx.query("insert into lost values ('inside')")
        await goOn(tx.query('select pg_terminate_backend(pg_backend_pid())'), tx)
      })
      await expect(work).rejects.toThrow(/terminat|connection|ECONNRESET/i)
      await expectStillUsable()
    },
  )
}

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
      ['array[1, null]', '{1,NULL}'],
      ["array['a b']", '{"a b"}'],
      ["interval '1 day'", '1 day'],
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
      // A client that looks at the placeholder's type, or at the value's, gets one of these wrong.
      ['$1::jsonb', '{"a":1}', { a: 1 }],
      ['$1::boolean', 'true', true],
      ['$1::boolean', 1, true],
      ['$1::bytea', '\\x0102', new Uint8Array([1, 2])],
      ['$1::timestamptz::text', '2026-01-01 00:00:00.123456Z', '2026-01-01 00:00:00.123456+00'],
      ['$1::text', new Date(0), '1970-01-01T00:00:00.000Z'],
      ['$1::text', true, 'true'],
      ['$1::text', 42n, '42'],
      ['$1::bigint[]', '{1,2}', '{1,2}'],
      ['1::numeric + $1', 10n ** 30n, '1000000000000000000000000000001'],
      ['coalesce($1, 1)', null, 1],
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
      await expect(work).rejects.toMatchObject({ code: '22012' })
      expect(await names()).not.toContain('swallowed')
    })

    test('sends nothing more after a failed statement, not even back to a savepoint', async () => {
      const work = client().transaction(async (tx) => {
        await tx.query('savepoint before')
        await tx.query('select 1/0').catch(() => tx.query('rollback to savepoint before'))
      })
      await expect(work).rejects.toMatchObject({ code: '22012' })
    })

    test('refuses queries once it has ended', async () => {
      let escaped: (() => Promise<unknown>) | undefined
      await client().transaction(async (tx) => {
        escaped = () => tx.query('select 1')
      })
      await expect(escaped?.()).rejects.toThrow('after its transaction had ended')
    })
  })

  test.each<[string, Parameters<typeof read>[1], object]>([
    ['a text with a zero byte', 'a\0b', { code: '22021' }],
    ['a number that the column cannot hold', 2 ** 40, { code: '22003' }],
    ['a date that is none', new Date(Number.NaN), { name: 'RangeError' }],
  ])('refuses %s', async (_, value, error) => {
    const type = typeof value === 'number' ? 'int' : 'text'
    await expect(read(`$1::${type}`, value)).rejects.toMatchObject(error)
  })

  test('passes on the SQLSTATE of the server', async () => {
    await expect(client().query('select * from not_there')).rejects.toMatchObject({ code: '42P01' })
  })

  test('runs one statement at a time, so that nothing can be smuggled in behind it', async () => {
    await expect(client().query('select 1; select 2')).rejects.toMatchObject({ code: '42601' })
  })
}
