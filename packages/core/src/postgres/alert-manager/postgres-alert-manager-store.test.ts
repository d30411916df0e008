import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

import { describeEachDatabase, describePostgres, startPglite } from '@assay/test-servers'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import type { AlertManager } from '../../alert-manager/alert-manager.ts'
import { createAlertManager } from '../../alert-manager/create-alert-manager.ts'
import { silentLogger } from '../../logger/logger.ts'
import { systemClock } from '../../runtime/clock.ts'
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

const shared = {
  route: { receiver: 'team', groupBy: ['market'], groupWaitMs: 0, groupIntervalMs: 200 },
}

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

/** What a process of its own runs until everything was told. */
const tellAll = `
  import { createAlertManager } from '@assay/core'
  import { createPostgresAlertManagerStore, fromPgPool } from '@assay/core/postgres'
  import pg from 'pg'

  const [url, policy, mode] = process.argv.slice(1)
  const pool = new pg.Pool({ connectionString: url })
  const deliver = async ({ reason, groupKey }) => {
    console.log(reason, groupKey)
    if (mode === 'die') process.kill(process.pid, 'SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const manager = createAlertManager({
    policy: JSON.parse(policy),
    channels: { team: { kind: 'test', deliver } },
    store: createPostgresAlertManagerStore(fromPgPool(pool)),
    deliveryTimeoutMs: 1_000,
    leaseMs: 2_000,
    concurrency: 1,
  })
  await manager.tick()
  console.log('ready')
  while ((await manager.history({ limit: 60 })).length < 60) {
    await manager.tick()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await pool.end()
`

interface Teller {
  /** Resolves once it waits for alerts. */
  readonly ready: Promise<void>
  /** Resolves once it has ended, to what it told. */
  readonly told: Promise<string[]>
}

function startTeller(url: string, mode: 'live' | 'die' = 'live'): Teller {
  const flags = ['--conditions=@assay/source', '--input-type=module', '--eval', tellAll, '--']
  const child = spawn(process.execPath, [...flags, url, JSON.stringify(shared), mode], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  const ready = Promise.withResolvers<void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'ready') ready.resolve()
    else lines.push(line)
  })
  return { ready: ready.promise, told: once(child, 'close').then(() => lines) }
}

describePostgres('alert managers in processes of their own', (database) => {
  const alerts = makeAlerts(90, 30)
  const client = () => fromPgPool(database().pool)
  const teller = (mode?: 'live' | 'die') => startTeller(database().url, mode)
  /** What fires and resolves here goes to the store in one go. */
  let source: AlertManager
  const historyOf = async (count: number): Promise<void> => {
    while ((await source.history({ limit: count })).length < count) await systemClock.sleep(20)
  }

  beforeEach(async () => {
    await client().query('drop schema public cascade')
    await client().query('create schema public')
    await migrate(client(), migrations)
    source = createAlertManager({
      policy: shared,
      channels: { team: createRecordingChannel() },
      store: createPostgresAlertManagerStore(client()),
    })
  })

  test('send each notification once between them', async () => {
    const tellers = [teller(), teller()]
    await Promise.all(tellers.map(({ ready }) => ready))
    await Promise.all(alerts.map((alert) => source.fire(alert)))
    await historyOf(30)
    await Promise.all(alerts.map((alert) => source.resolve(alert)))

    const told = await Promise.all(tellers.map((each) => each.told))
    const all = told.flat()
    expect(all.filter((line) => line.startsWith('firing'))).toHaveLength(30)
    expect(all.filter((line) => line.startsWith('resolved '))).toHaveLength(30)
    expect(new Set(all).size).toBe(60)
    expect(told.map((own) => own.length > 0)).toEqual([true, true])
    expect(await source.alerts()).toEqual([])
  })

  test('repeat what one sent before it was killed, and lose nothing', async () => {
    const dying = teller('die')
    await dying.ready
    await Promise.all(alerts.map((alert) => source.fire(alert)))
    const toldByTheDead = await dying.told
    expect(toldByTheDead).toHaveLength(1)

    const heir = teller()
    await historyOf(30)
    await Promise.all(alerts.map((alert) => source.resolve(alert)))
    const told = await heir.told
    expect(told).toHaveLength(60)
    expect(new Set(told).size).toBe(60)
    expect(told).toEqual(expect.arrayContaining(toldByTheDead))
  })
})

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
    // Firing again mends an alert.
    expect(await manager.fire({ ...alertFields, labels: { n: '2' } })).toMatchObject({
      outcome: 'accepted',
    })
  })
})
