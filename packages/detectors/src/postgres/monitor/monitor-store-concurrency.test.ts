import { migrate, type SqlClient, type SqlExecutor } from '@assay/core'
import { fromPgPool, migrations as coreMigrations } from '@assay/core/postgres'
import { createSeededRandom } from '@assay/core/testing'
import { describePostgres } from '@assay/test-servers'
import pg from 'pg'
import { beforeAll, beforeEach, expect, test } from 'vitest'

import type { Finding } from '../../detector/finding.ts'
import type { LeaseRequest, MonitorCommit, PartitionLease } from '../../monitor/monitor-store.ts'
import { migrations } from '../migrations.ts'
import { createPostgresMonitorStore } from './postgres-monitor-store.ts'
import { createPostgresMonitoringRepository } from './postgres-monitoring-repository.ts'

const NOW = Date.UTC(2025, 5, 15, 12)
const LEASE_MS = 1_000

describePostgres('Monitors that share a PostgreSQL store', (database) => {
  let client: SqlClient
  beforeAll(async () => {
    client = fromPgPool(database().pool)
    await migrate(client, [...coreMigrations, ...migrations])
  })
  beforeEach(async () => {
    await client.query(`truncate assay_monitor_partitions, assay_monitor_owners,
      assay_monitor_states, assay_monitor_set_aside, assay_finding_keys, monitoring_events`)
  })

  test('never wait for each other in a circle, whatever they find in whatever order', async () => {
    const random = createSeededRandom(7)
    const failures: unknown[] = []
    const watched = watchFailures(client, failures)
    const store = createPostgresMonitorStore(watched)
    const repository = createPostgresMonitoringRepository(watched)
    const pick = (): Finding[] =>
      Array.from({ length: 12 }, () => {
        const action = (['open', 'open', 'update', 'resolve'] as const)[Math.floor(random() * 4)]!
        const name = `f-${Math.floor(random() * 30)}`
        return finding({ fingerprint: name, action, eventTime: NOW + Math.floor(random() * 1_000) })
      })

    async function monitor(number: number): Promise<void> {
      const pass = `pass ${number % 2}`
      for (let round = 0; round < 25; round += 1) {
        const [lease] = await store.lease(request({ pass, owner: `monitor-${number}` }))
        const { cursor } = lease === undefined ? { cursor: null } : await store.open(lease)
        if (lease !== undefined) {
          const rejudged = [{ subject: 'card-7', ruleIds: ['balance.negative'], fingerprints: [] }]
          await store.commit(
            page(lease, {
              cursorBefore: cursor,
              cursor: String(Number(cursor) + 1),
              findings: pick(),
              rejudged: round % 5 === 0 ? rejudged : [],
            }),
          )
        }
        await store.note({ findings: pick(), rejudged: [], now: NOW })
        const untold = await store.listUntold({ limit: 20 })
        await store.markTold(
          untold.toReversed().map(({ finding: { fingerprint }, revision }) => ({
            fingerprint,
            revision,
          })),
        )
        const { events } = await repository.listEvents({ limit: 30, status: 'open' })
        const chosen = events[Math.floor(random() * events.length)]
        if (chosen !== undefined) {
          const { eventId } = chosen
          const update = { eventId, by: 'ada', notes: null, now: NOW }
          await repository.updateEvent({ ...update, status: 'resolved' })
        }
      }
    }
    await Promise.all([0, 1, 2, 3].map(monitor))
    expect(failures).toEqual([])
    const { rows } = await client.query(`
      select count(*)::int as keys, count(distinct event_id)::int as ids,
        (select count(*)::int from monitoring_events) as events
      from assay_finding_keys`)
    expect(rows).toEqual([{ keys: 30, ids: 30, events: 30 }])
  })

  test('move a cursor once for each page, while they take a partition from each other', async () => {
    const store = createPostgresMonitorStore(client)
    const committed: { token: number; cursor: string }[] = []
    let now = NOW

    async function monitor(owner: string): Promise<void> {
      for (let round = 0; round < 40; round += 1) {
        // Every lease has ended when the next monitor asks, but its holder does not know.
        now += LEASE_MS
        const [lease] = await store.lease(request({ owner, now }))
        if (lease === undefined) continue
        const { cursor: cursorBefore } = await store.open(lease)
        const cursor = String(Number(cursorBefore) + 1)
        const findings = [finding({ fingerprint: `page ${cursor}` })]
        const states = [{ key: 'card', state: cursor, wakeAt: 1 }]
        const outcome = await store.commit(
          page(lease, { cursorBefore, cursor, findings, states, now }),
        )
        if (outcome === 'committed') committed.push({ token: lease.token, cursor })
      }
    }
    await Promise.all(['a', 'b', 'c', 'd'].map(monitor))

    const [lease] = await store.lease(request({ owner: 'last', now: now + LEASE_MS }))
    const { cursor, waiting } = await store.open(lease!)
    expect(committed.length).toBeGreaterThan(0)
    expect(cursor).toBe(String(committed.length))
    expect(waiting).toEqual([{ key: 'card', state: cursor, wakeAt: 1 }])
    expect(new Set(committed.map((each) => each.cursor)).size).toBe(committed.length)
    const byCursor = committed.toSorted((a, b) => Number(a.cursor) - Number(b.cursor))
    expect(byCursor.map(({ token }) => token)).toEqual(
      byCursor.map(({ token }) => token).toSorted((a, b) => a - b),
    )
    expect(await store.listUntold({ limit: 1_000 })).toHaveLength(committed.length)
  })

  test('write nothing of a page that waited while the partition was taken over', async () => {
    const store = createPostgresMonitorStore(client)
    const [former] = await store.lease(request({}))
    const taking = await database().pool.connect()
    await taking.query('begin')
    await taking.query('update assay_monitor_partitions set owner = $1, token = token + 1', ['b'])
    const outcome = store.commit(page(former!, { cursor: '1', findings: [finding({})] }))
    await waitForBlocked(client)
    await taking.query('commit')
    taking.release()
    await expect(outcome).resolves.toBe('lost')
    expect(await store.listUntold({ limit: 10 })).toEqual([])
  })

  test('are not taken over while a page of theirs is being written', async () => {
    const store = createPostgresMonitorStore(client)
    const [lease] = await store.lease(request({}))
    await store.note({ findings: [finding({})], rejudged: [], now: NOW })
    const holding = await database().pool.connect()
    await holding.query('begin; select from assay_finding_keys for update')
    const findings = [finding({ action: 'update', eventTime: NOW + 1 })]
    const outcome = store.commit(page(lease!, { cursor: '1', findings }))
    await waitForBlocked(client)
    const taken = store.lease(request({ owner: 'b', now: NOW + LEASE_MS }))
    await waitForBlocked(client, 2)
    await holding.query('commit')
    holding.release()
    await expect(outcome).resolves.toBe('committed')
    const [next] = await taken
    expect((await store.open(next!)).cursor).toBe('1')
  })

  test('keep all of a page or nothing', async () => {
    const store = createPostgresMonitorStore(client)
    const [lease] = await store.lease(request({}))
    const impossible = finding({ confidence: 2 })
    const states = [{ key: 'card', state: '1', wakeAt: 1 }]
    const setAside = [{ source: 's', row: '{}', reason: 'wrong' }]
    const commit = page(lease!, { cursor: '1', states, setAside, findings: [impossible] })
    await expect(store.commit(commit)).rejects.toMatchObject({ code: '23514' })
    expect(await store.open(lease!)).toMatchObject({ cursor: null, waiting: [] })
    expect(await store.commit({ ...commit, findings: [finding({})] })).toBe('committed')
  })

  test('write although the month that they knew was dropped', async () => {
    const store = createPostgresMonitorStore(client)
    await store.note({ findings: [finding({})], rejudged: [], now: NOW })
    await client.query('drop table monitoring_events_2025_06; ')
    const note = { findings: [finding({ fingerprint: 'new' })], rejudged: [], now: NOW }
    await expect(store.note(note)).rejects.toMatchObject({ code: '23514' })
    await store.note(note)
    const untold = await store.listUntold({ limit: 10 })
    expect(untold.map(({ finding: { fingerprint } }) => fingerprint)).toEqual(['new'])
  })

  test('work under any isolation that the host has set', async () => {
    const options = '-c default_transaction_isolation=serializable'
    const pool = new pg.Pool({ connectionString: database().url, options })
    const store = createPostgresMonitorStore(fromPgPool(pool))
    const outcomes = await Promise.all(
      ['a', 'b', 'c'].map(async (pass) => {
        const [lease] = await store.lease(request({ pass }))
        const findings = [finding({}), finding({ fingerprint: pass })]
        const first = await store.commit(page(lease!, { cursor: '1', findings }))
        return [first, await store.commit(page(lease!, { cursorBefore: '1', cursor: '2' }))]
      }),
    ).finally(() => pool.end())
    expect(outcomes.flat()).toEqual(Array.from({ length: 6 }, () => 'committed'))
    expect(await createPostgresMonitorStore(client).listUntold({ limit: 10 })).toHaveLength(4)
  })

  test('index nothing of a state but its key, so that updates stay within their page', async () => {
    const { rows } = await client.query(`
      select count(*)::int as indexes from pg_index where indrelid = 'assay_monitor_states'::regclass`)
    expect(rows).toEqual([{ indexes: 1 }])
  })
})

function request(fields: Partial<LeaseRequest>): LeaseRequest {
  return {
    pass: 'pass',
    version: 1,
    partitions: 1,
    owner: 'a',
    now: NOW,
    leaseMs: LEASE_MS,
    ...fields,
  }
}

function page(lease: PartitionLease, fields: Partial<MonitorCommit>): MonitorCommit {
  return {
    lease,
    cursorBefore: null,
    cursor: null,
    watermark: NOW,
    readAt: NOW,
    now: NOW,
    states: [],
    findings: [],
    rejudged: [],
    setAside: [],
    source: null,
    ...fields,
  }
}

function finding(fields: Partial<Finding>): Finding {
  return {
    fingerprint: 'finding',
    ruleId: 'balance.negative',
    ruleVersion: 1,
    severity: 'high',
    action: 'open',
    subject: 'card-7',
    transactionIds: ['tx-1'],
    eventTime: NOW,
    confidence: 1,
    evidence: {},
    ...fields,
  }
}

/** Notes what statements fail with, also those that are run again. */
function watchFailures(client: SqlClient, failures: unknown[]): SqlClient {
  const watch = (executor: SqlExecutor): SqlExecutor => ({
    async query(text, values) {
      try {
        return await executor.query(text, values)
      } catch (error) {
        failures.push(error)
        throw error
      }
    },
  })
  return {
    ...watch(client),
    transaction: (work) => client.transaction((executor) => work(watch(executor))),
  }
}

/** Resolves when so many statements of this database wait for a lock. */
async function waitForBlocked(client: SqlClient, count = 1): Promise<void> {
  for (;;) {
    const { rows } = await client.query(`
      select count(*)::int as blocked from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`)
    if (Number(rows[0]?.['blocked']) >= count) return
  }
}
