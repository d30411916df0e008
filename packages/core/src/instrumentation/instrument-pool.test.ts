import { describePostgres } from '@assay/test-servers'
import { describe, expect, test } from 'vitest'

import { createMetrics } from '../metrics/create-metrics.ts'
import { fromPgPool } from '../postgres/from-pg-pool.ts'
import type { SqlClient } from '../sql/sql-client.ts'
import { createTestClock } from '../testing/test-clock.ts'
import { instrumentPool } from './instrument-pool.ts'
import {
  DB_ERRORS_TOTAL,
  DB_POOL_ACTIVE_CONNECTIONS,
  DB_POOL_IDLE_CONNECTIONS,
  DB_POOL_MAX_CONNECTIONS,
  DB_POOL_PENDING_QUERIES,
  DB_QUERIES_TOTAL,
  DB_QUERY_DURATION_SECONDS,
} from './pool-metrics.ts'

function setUp() {
  const clock = createTestClock()
  const metrics = createMetrics()
  const query: SqlClient['query'] = async (text) => {
    await clock.sleep(40)
    if (text.includes('fail')) throw Object.assign(new Error('no'), { code: '40001' })
    if (text.includes('break')) throw Object.assign(new Error('cut'), { code: 'ECONNRESET' })
    return { rows: [], rowCount: 0 }
  }
  const raw: SqlClient = { query, transaction: (work) => work({ query }) }
  const client = instrumentPool({ client: raw, metrics, clock })
  const series = (name: string) => metrics.collect().find((each) => each.name === name)?.series
  return { clock, client, series }
}

describe('statements', () => {
  test('are counted by their first word, inside a transaction too, and timed', async () => {
    const { clock, client, series } = setUp()
    const work = client.transaction(async (tx) => {
      await tx.query('  INSERT into t values (1)')
      await tx.query('vacuum')
    })
    await clock.advance(80)
    await work
    expect(series(DB_QUERIES_TOTAL)).toEqual([
      { labels: { pool: 'default', operation: 'insert' }, value: 1 },
      { labels: { pool: 'default', operation: 'other' }, value: 1 },
    ])
    expect(series(DB_QUERY_DURATION_SECONDS)).toMatchObject([
      { histogram: { count: 1, sum: 0.04 } },
      { histogram: { count: 1, sum: 0.04 } },
    ])
  })

  test('that fail are counted by SQLSTATE, and their error passes', async () => {
    const { clock, client, series } = setUp()
    for (const text of ['select fail', 'select break']) {
      const rejection = expect(client.query(text)).rejects.toThrow(/no|cut/)
      await clock.advance(40)
      await rejection
    }
    expect(series(DB_ERRORS_TOTAL)).toEqual([
      { labels: { pool: 'default', code: '40001' }, value: 1 },
      { labels: { pool: 'default', code: 'unknown' }, value: 1 },
    ])
  })
})

describePostgres('the connections of a pool', (database) => {
  test('are shown as they are at the moment of the scrape', async () => {
    const metrics = createMetrics()
    const { pool } = database()
    const client = instrumentPool({ client: fromPgPool(pool), pool, metrics, name: 'ledger' })
    const read = (name: string): number | undefined => {
      const [series] = metrics.collect().find((each) => each.name === name)?.series ?? []
      return series !== undefined && 'value' in series ? series.value : undefined
    }
    const connections = () => [read(DB_POOL_ACTIVE_CONNECTIONS), read(DB_POOL_IDLE_CONNECTIONS)]

    await client.query('select 1')
    expect(connections()).toEqual([0, 1])
    await client.transaction(async (tx) => {
      await tx.query('select 1')
      expect(connections()).toEqual([1, 0])
    })
    expect(read(DB_POOL_MAX_CONNECTIONS)).toBe(8)
    expect(read(DB_POOL_PENDING_QUERIES)).toBe(0)
  })
})
