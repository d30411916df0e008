import { describeEachDatabase, describePostgres, startPglite } from '@assay/test-servers'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { createAlertManager } from '../../alert-manager/create-alert-manager.ts'
import { silentLogger } from '../../logger/logger.ts'
import { migrate } from '../../sql/migrate.ts'
import { alertManagerStoreContract } from '../../testing/alert-manager-store-contract.ts'
import { createRecordingChannel } from '../../testing/recording-channel.ts'
import { createSeededRandom } from '../../testing/seeded-random.ts'
import { createTestClock } from '../../testing/test-clock.ts'
import { fromPgPool } from '../from-pg-pool.ts'
import { fromPglite } from '../from-pglite.ts'
import { migrations } from '../migrations.ts'
import { createPostgresAlertManagerStore } from './postgres-alert-manager-store.ts'

describeEachDatabase('the alert manager store', { fromPglite, fromPgPool }, (client) => {
  beforeAll(() => migrate(client(), migrations))

  test.each(alertManagerStoreContract)('contract: $name', async ({ name, run }) => {
    const store = createPostgresAlertManagerStore(client(), { scope: name })
    await expect(run(store)).resolves.toBeUndefined()
  })
})

describePostgres('the alert manager store of a host that isolates strictly', (database) => {
  let pool: pg.Pool
  beforeAll(async () => {
    await migrate(fromPgPool(database().pool), migrations)
    const options = '-c default_transaction_isolation=serializable'
    pool = new pg.Pool({ connectionString: database().url, options, max: 8 })
  })
  afterAll(() => pool.end())

  test.each(alertManagerStoreContract)('contract: $name', async ({ name, run }) => {
    const store = createPostgresAlertManagerStore(fromPgPool(pool), { scope: name })
    await expect(run(store)).resolves.toBeUndefined()
  })
})

const alertFields = {
  name: 'Stuck',
  severity: 'high',
  summary: 'It is stuck.',
  startsAt: 0,
  source: 'test',
} as const

function makeAlerts(count: number, marketCount: number) {
  return Array.from({ length: count }, (_, n) => ({
    ...alertFields,
    labels: { market: `m${n % marketCount}`, n: `${n}` },
  }))
}

describePostgres('the alert manager store under contention', (database) => {
  test('neither loses an alert nor deadlocks while groups end and open anew', async () => {
    const client = fromPgPool(database().pool)
    await migrate(client, migrations)
    const clock = createTestClock({ now: 1_700_000_000_000 })
    const team = createRecordingChannel()
    const managers = Array.from({ length: 4 }, () =>
      createAlertManager({
        policy: {
          route: { receiver: 'team', groupBy: ['market'], groupWaitMs: 0, groupIntervalMs: 1 },
        },
        channels: { team },
        store: createPostgresAlertManagerStore(client),
        clock,
        concurrency: 2,
      }),
    )
    const random = createSeededRandom(7)
    const alerts = makeAlerts(12, 3)
    for (let round = 0; round < 25; round += 1) {
      const work = managers.flatMap((manager) => [
        manager.tick(),
        ...alerts.map((alert) => (random() < 0.5 ? manager.fire(alert) : manager.resolve(alert))),
      ])
      await Promise.all(work)
      await clock.advance(10)
    }
    const manager = managers[0]
    await Promise.all(alerts.map(async (alert) => manager?.fire(alert)))
    await clock.advance(60_000)
    await manager?.tick()
    const believed = new Map<string, string>()
    for (const { alerts } of team.notifications) {
      for (const { fingerprint, status } of alerts) believed.set(fingerprint, status)
    }
    expect([...believed.values()]).toEqual(alerts.map(() => 'firing'))
    await Promise.all(alerts.map(async (alert) => manager?.resolve(alert)))
    await clock.advance(60_000)
    await manager?.tick()
    for (const table of ['assay_alerts', 'assay_alert_groups', 'assay_alert_members']) {
      const { rowCount } = await client.query(`select * from ${table}`)
      expect(`${table} ${rowCount}`).toBe(`${table} 0`)
    }
  })
})

describe('rows that cannot be read', () => {
  test('are set aside, and do not stop the groups beside them', async () => {
    const client = fromPglite(await startPglite())
    await migrate(client, migrations)
    const store = createPostgresAlertManagerStore(client)
    const team = createRecordingChannel()
    const errors: unknown[] = []
    const manager = createAlertManager({
      policy: { route: { receiver: 'team', groupBy: ['n'], groupWaitMs: 0 } },
      channels: { team },
      store,
      logger: { ...silentLogger, error: (facts) => errors.push(facts) },
    })
    for (const n of ['1', '2', '3']) await manager.fire({ ...alertFields, labels: { n } })
    await client.query(`update assay_alert_groups set state = '{}' where labels->>'n' = '1'`)
    await client.query(`update assay_alerts set alert = '[]' where alert->'labels'->>'n' = '2'`)
    await manager.tick()
    expect(team.notifications.map(({ groupLabels }) => groupLabels['n'])).toEqual(['3'])
    expect(errors).toMatchObject([
      { err: { code: 'ALERT_ROW_INVALID', context: { table: 'assay_alerts', columns: 'alert' } } },
      { err: { code: 'ALERT_ROW_INVALID', context: { table: 'assay_alert_groups' } } },
    ])
    await client.query(`update assay_alert_members set told = '["team"]'`)
    const told = await store.listTold({ receiver: 'team', limit: 10 })
    expect(new Set(told.alerts.map(({ alert }) => alert.labels['n']))).toEqual(new Set(['1', '3']))
    expect(told.omittedCount).toBe(1)
    // Firing again mends an alert.
    expect(await manager.fire({ ...alertFields, labels: { n: '2' } })).toMatchObject({
      outcome: 'accepted',
    })
  })
})
