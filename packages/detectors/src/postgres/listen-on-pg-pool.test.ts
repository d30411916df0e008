import { createTestClock } from '@assay/core/testing'
import { describePostgres } from '@assay/test-servers'
import { describe, expect, test } from 'vitest'

import { listenOnPgPool, type PgListener, type PgNotification } from './listen-on-pg-pool.ts'

describePostgres('listening on a pg pool', (database) => {
  test('hears a channel, whatever its name, until it is ended', async () => {
    const { pool } = database()
    const channel = 'A "quoted" channel'
    const heard = collect()
    const end = await listenOnPgPool(pool)(channel, heard.add)
    await pool.query('select pg_notify($1, $2)', ['another', 'elsewhere'])
    await pool.query('select pg_notify($1, $2)', [channel, 'first'])
    await pool.query('select pg_notify($1, $2)', [channel, ''])
    expect(await heard.until(2)).toEqual(['first', ''])

    await end()
    const again = collect()
    const endAgain = await listenOnPgPool(pool)(channel, again.add)
    await pool.query('select pg_notify($1, $2)', [channel, 'second'])
    expect(await again.until(1)).toEqual(['second'])
    expect(await heard.until(2)).toEqual(['first', ''])
    await endAgain()
  })

  test('goes on over another connection when its own is cut off, and says that it missed something', async () => {
    const { pool } = database()
    const heard = collect()
    const end = await listenOnPgPool(pool)('news', heard.add)
    await pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and query = 'listen "news"'`,
    )
    expect(await heard.until(1)).toEqual([null])
    await pool.query(`notify news, 'after'`)
    expect(await heard.until(2)).toEqual([null, 'after'])
    await end()
  })
})

describe('listening on a pg pool', () => {
  test('fails when there is no connection to begin with', async () => {
    const { pool } = createFakePool([new Error('no server')])
    await expect(listenOnPgPool(pool)('news', () => {})).rejects.toThrow('no server')
  })

  test('gives a connection up on which it cannot listen', async () => {
    const { pool, connections } = createFakePool([new Error('not allowed')], 'query')
    await expect(listenOnPgPool(pool)('news', () => {})).rejects.toThrow('not allowed')
    expect(connections.map(({ released }) => released)).toEqual([[true]])
  })

  test('tries for a new connection until there is one', async () => {
    const clock = createTestClock()
    const down = new Error('down')
    const { pool, connections } = createFakePool([undefined, down, down, undefined])
    const heard = collect()
    const end = await listenOnPgPool(pool, { clock, random: () => 1 })('news', heard.add)
    connections[0]!.emit('error')
    connections[0]!.emit('end')
    await clock.advance(1_000)
    expect(await heard.until(1)).toEqual([null])
    connections[1]!.notify({ channel: 'news', payload: 'x' })
    expect(await heard.until(2)).toEqual([null, 'x'])
    await end()
    expect(connections.map(({ released }) => released)).toEqual([[true], [true]])
  })

  test('ends while it waits for a connection, and hears nothing afterwards', async () => {
    const clock = createTestClock()
    const { pool, connections } = createFakePool([undefined, new Error('down')])
    const heard = collect()
    const end = await listenOnPgPool(pool, { clock })('news', heard.add)
    connections[0]!.emit('end')
    await end()
    connections[0]!.notify({ channel: 'news', payload: 'too late' })
    await clock.advance(60_000)
    expect(await heard.until(0)).toEqual([])
    expect(connections).toHaveLength(1)
  })
})

/** What was heard so far, and a way to wait for more. */
function collect() {
  const all: (string | null)[] = []
  let changed = Promise.withResolvers<void>()
  return {
    add: (payload: string | null): void => {
      all.push(payload)
      changed.resolve()
      changed = Promise.withResolvers()
    },
    async until(count: number): Promise<(string | null)[]> {
      while (all.length < count) await changed.promise
      return all
    },
  }
}

interface FakeConnection {
  readonly released: (boolean | undefined)[]
  emit(event: 'error' | 'end'): void
  notify(message: PgNotification): void
}

/** A pool whose attempts to connect, or to listen, have these outcomes one after the other. */
function createFakePool(
  outcomes: (Error | undefined)[],
  where: 'connect' | 'query' = 'connect',
): { pool: { connect(): Promise<PgListener> }; connections: FakeConnection[] } {
  const connections: FakeConnection[] = []
  const next = (): void => {
    const outcome =
      outcomes.length > 0 ? outcomes.shift() : new Error('There are no more outcomes.')
    if (outcome !== undefined) throw outcome
  }
  return {
    connections,
    pool: {
      async connect() {
        if (where === 'connect') next()
        const listeners = new Map<string, (message?: unknown) => void>()
        const released: (boolean | undefined)[] = []
        connections.push({
          released,
          emit: (event) => listeners.get(event)?.(),
          notify: (message) => listeners.get('notification')?.(message),
        })
        return {
          on: (event: string, listener: unknown) =>
            void listeners.set(event, listener as (message?: unknown) => void),
          async query() {
            if (where === 'query') next()
          },
          release: (destroy) => void released.push(destroy),
        }
      },
    },
  }
}
