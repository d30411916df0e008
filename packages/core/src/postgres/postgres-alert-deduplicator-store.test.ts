import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { describeEachDatabase, describePostgres } from '@assay/test-servers'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { createAlertKeyState } from '../alert-deduplicator/alert-key-state.ts'
import { createAlertDeduplicator } from '../alert-deduplicator/create-alert-deduplicator.ts'
import { isAssayError } from '../errors/assay-error.ts'
import { migrate } from '../sql/migrate.ts'
import { alertDeduplicatorStoreContract } from '../testing/alert-deduplicator-store-contract.ts'
import { createTestClock } from '../testing/test-clock.ts'
import { fromPgPool } from './from-pg-pool.ts'
import { fromPglite } from './from-pglite.ts'
import { migrations } from './migrations.ts'
import { createPostgresAlertDeduplicatorStore } from './postgres-alert-deduplicator-store.ts'

const run = promisify(execFile)

describeEachDatabase('the alert store', { fromPglite, fromPgPool }, (client) => {
  beforeAll(() => migrate(client(), migrations))

  test.each(alertDeduplicatorStoreContract)('contract: $name', async ({ name, run }) => {
    const store = createPostgresAlertDeduplicatorStore(client(), { scope: name })
    await expect(run(store)).resolves.toBeUndefined()
  })

  test('keeps scopes apart, eviction and bound included', async () => {
    const clock = createTestClock({ now: 1_700_000_000_000 })
    const [rpc, payouts] = ['rpc', 'payouts'].map((scope) =>
      createAlertDeduplicator({
        store: createPostgresAlertDeduplicatorStore(client(), { scope }),
        clock,
        threshold: 2,
        maxKeys: 1,
      }),
    )
    await payouts?.fail('same')
    await rpc?.fail('same')
    await rpc?.fail('other')
    expect(rpc?.evictedCount).toBe(1)
    expect(await payouts?.failureCount('same')).toBe(1)
    expect(await rpc?.activeFailures()).toMatchObject([{ key: 'other' }])
    await rpc?.reset('other')
    expect(await payouts?.activeFailures()).toHaveLength(1)
  })
})

describePostgres('the alert store of a host that isolates strictly', (database) => {
  beforeAll(() => migrate(fromPgPool(database().pool), migrations))

  describe.each(['read committed', 'repeatable read', 'serializable'])('%s', (level) => {
    let pool: pg.Pool
    beforeAll(() => {
      const options = `-c default_transaction_isolation=${level.replace(' ', '\\ ')}`
      pool = new pg.Pool({ connectionString: database().url, options, max: 8 })
    })
    afterAll(() => pool.end())
    const storeIn = (scope: string) =>
      createPostgresAlertDeduplicatorStore(fromPgPool(pool), { scope: `${level} ${scope}` })

    test('is what its sessions begin with', async () => {
      const { rows } = await pool.query('show transaction_isolation')
      expect(rows).toEqual([{ transaction_isolation: level }])
    })

    test.each(alertDeduplicatorStoreContract)('contract: $name', async ({ name, run }) => {
      await expect(run(storeIn(name))).resolves.toBeUndefined()
    })

    test('counts every failure that is reported from many sides at once', async () => {
      const options = { store: storeIn('sides'), threshold: 1_000, commitAttemptsMax: 1_000 }
      const sides = Array.from({ length: 6 }, () => createAlertDeduplicator(options))
      for (let round = 0; round < 10; round += 1) {
        await Promise.all(sides.map((side) => side.fail('rpc')))
      }
      expect(await sides[0]?.failureCount('rpc')).toBe(60)
    })

    test('makes room, lists and begins keys from many sides at once', async () => {
      const store = storeIn('room')
      const options = { store, threshold: 1_000, maxKeys: 20 }
      const sides = Array.from({ length: 6 }, () => createAlertDeduplicator(options))
      for (let round = 0; round < 10; round += 1) {
        await Promise.all(
          sides.flatMap((side, index) => [side.fail(`${round} ${index}`), side.activeFailures()]),
        )
      }
      const kept = await store.list(1_000)
      const counted = sides.map(({ evictedCount, refusedCount }) => evictedCount + refusedCount)
      expect(kept.length).toBeLessThanOrEqual(20 + sides.length)
      expect(counted.reduce((sum, count) => sum + count, kept.length)).toBe(60)
    })
  })
})

describePostgres('the alert store between processes', (database) => {
  const failOften = `
    import { createAlertDeduplicator } from '@assay/core'
    import { createPostgresAlertDeduplicatorStore, fromPgPool } from '@assay/core/postgres'
    import pg from 'pg'

    const pool = new pg.Pool({ connectionString: process.argv[1] })
    const store = createPostgresAlertDeduplicatorStore(fromPgPool(pool))
    const deduplicator = createAlertDeduplicator({ store, commitAttemptsMax: 10_000 })
    for (let round = 0; round < 50; round += 1) {
      const calls = Array.from({ length: 4 }, () => deduplicator.fail('rpc'))
      for (const { reason } of await Promise.all(calls)) if (reason !== null) console.log(reason)
    }
    await pool.end()
  `

  test('sends one alert for the failures of two of them', async () => {
    const client = fromPgPool(database().pool)
    await migrate(client, migrations)

    const worker = () =>
      run(
        process.execPath,
        [
          '--conditions=@assay/source',
          '--input-type=module',
          '--eval',
          failOften,
          '--',
          database().url,
        ],
        { cwd: import.meta.dirname },
      )
    const outputs = await Promise.all([worker(), worker()])
    expect(outputs.map(({ stdout }) => stdout).join('')).toBe('firing\n')

    const deduplicator = createAlertDeduplicator({
      store: createPostgresAlertDeduplicatorStore(client),
    })
    expect(await deduplicator.failureCount('rpc')).toBe(400)
    expect(await deduplicator.succeed('rpc')).toMatchObject({ reason: 'resolved' })
  })
})

test('refuses a row that it cannot have written, and names the columns', async () => {
  const row = { key: 'rpc', version: '1', recovered: false, alert: 'maybe', failing_since: 1.5 }
  const client = { query: async () => ({ rows: [row], rowCount: 1 }) }
  const store = createPostgresAlertDeduplicatorStore(client)
  const error: unknown = await store.load('rpc').catch((caught: unknown) => caught)
  expect(isAssayError(error, 'ALERT_ROW_INVALID')).toBe(true)
  expect(error).toMatchObject({
    context: {
      columns:
        'failure_count, failing_since, alert, alerted_at, alerted_count, pending_reason, ' +
        'pending_since, pending_token',
    },
  })
})

test.each(['40001', '40P01'])('gives up when every answer is SQLSTATE %s', async (code) => {
  let queries = 0
  const store = createPostgresAlertDeduplicatorStore({
    query() {
      queries += 1
      return Promise.reject(Object.assign(new Error('lost a race'), { code }))
    },
  })
  await expect(store.makeRoom(1)).rejects.toMatchObject({ code })
  expect(queries).toBe(32)
  const next = { ...createAlertKeyState(), recovered: false }
  expect(await store.commit({ key: 'rpc', expectedVersion: '1', next })).toBe(false)
})

test('rejects when the database does', async () => {
  const store = createPostgresAlertDeduplicatorStore({
    query: () => Promise.reject(new Error('connection terminated')),
  })
  await expect(createAlertDeduplicator({ store }).fail('rpc')).rejects.toThrow('terminated')
})
