import { migrate, type SqlClient } from '@assay/core'
import { fromPglite, fromPgPool, migrations as coreMigrations } from '@assay/core/postgres'
import { describeEachDatabase, describePostgres } from '@assay/test-servers'
import pg from 'pg'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'

import type { Finding } from '../../detector/finding.ts'
import { DAY_MS, HOUR_MS } from '../../monitoring-events/durations.ts'
import { migrations } from '../migrations.ts'
import {
  createMonitoringMaintenance,
  maintainMonitoring,
  type MaintainMonitoringOptions,
} from './maintain-monitoring.ts'
import { createPostgresMonitorStore } from './postgres-monitor-store.ts'
import { createPostgresMonitoringRepository } from './postgres-monitoring-repository.ts'

/** 15 June 2025, noon. */
const NOW = Date.UTC(2025, 5, 15, 12)

describeEachDatabase('Maintenance of monitoring', { fromPglite, fromPgPool }, (client) => {
  beforeAll(async () => {
    await migrate(client(), [...coreMigrations, ...migrations])
  })
  beforeEach(() => dropEverything(client()))

  test('makes the months that are needed next, once', async () => {
    const { addedMonths } = await maintainMonitoring(client(), { now: NOW })
    expect(addedMonths).toBe(3)
    expect(await listMonths(client())).toEqual(['2025_06', '2025_07', '2025_08'])
    expect((await maintainMonitoring(client(), { now: NOW })).addedMonths).toBe(0)
  })

  test.each([
    [Date.UTC(2025, 0, 1), ['2025_01', '2025_02']],
    [Date.UTC(2025, 0, 31, 23), ['2025_01', '2025_02', '2025_03']],
    [Date.UTC(2025, 10, 30), ['2025_11', '2025_12', '2026_01']],
  ])('leaves out no month after %d', async (now, months) => {
    await maintainMonitoring(client(), { now })
    expect(await listMonths(client())).toEqual(months)
  })

  test('removes events 30 days after they ended, and none that is open or acknowledged', async () => {
    const old = NOW - 35 * DAY_MS
    await note(client(), old, ['open', 'taken', 'ended', 'ended late', 'ended just now'])
    await setStatus(client(), 'taken', 'acknowledged', old)
    await setStatus(client(), 'ended', 'resolved', old + 4 * DAY_MS)
    await setStatus(client(), 'ended late', 'resolved', NOW - 30 * DAY_MS)
    await setStatus(client(), 'ended just now', 'resolved', NOW)

    const done = await maintainMonitoring(client(), { now: NOW })
    expect(done).toMatchObject({ removedEvents: 1, droppedMonths: 0, isDone: true })
    expect(await listFingerprints(client())).toEqual([
      'ended just now',
      'ended late',
      'open',
      'taken',
    ])
    expect((await maintainMonitoring(client(), { now: NOW + 1 })).removedEvents).toBe(1)
    await expect(
      maintainMonitoring(client(), { now: NOW, retentionDays: 1 }),
    ).resolves.toMatchObject({ removedEvents: 0 })
  })

  test('drops a month of which nothing is needed any more', async () => {
    const old = Date.UTC(2025, 2, 10)
    await note(client(), old, ['a', 'b'])
    await note(client(), Date.UTC(2025, 3, 10), ['c'])
    for (const name of ['a', 'b', 'c']) {
      await setStatus(client(), name, 'resolved', Date.UTC(2025, 3, 11))
    }
    const done = await maintainMonitoring(client(), { now: NOW })
    expect(done).toMatchObject({ droppedMonths: 2, removedEvents: 0 })
    expect(await listMonths(client())).toEqual(['2025_06', '2025_07', '2025_08'])
    expect(await listFingerprints(client())).toEqual([])
  })

  test('empties a month row by row as long as it holds an open event', async () => {
    const old = Date.UTC(2025, 2, 10)
    await note(client(), old, ['a', 'b', 'open'])
    for (const name of ['a', 'b']) await setStatus(client(), name, 'resolved', old)
    const done = await maintainMonitoring(client(), { now: NOW })
    expect(done).toMatchObject({ droppedMonths: 0, removedEvents: 2 })
    expect(await listFingerprints(client())).toEqual(['open'])
    expect(await listMonths(client())).toContain('2025_03')

    await setStatus(client(), 'open', 'resolved', NOW)
    expect(await maintainMonitoring(client(), { now: NOW })).toMatchObject({ droppedMonths: 0 })
    expect(await listFingerprints(client())).toEqual(['open'])
    const later = { now: NOW + 31 * DAY_MS }
    expect(await maintainMonitoring(client(), later)).toMatchObject({ droppedMonths: 1 })
  })

  test('does not find anew what was removed, until its fingerprint is forgotten too', async () => {
    const old = NOW - 60 * DAY_MS
    await note(client(), old, ['a'])
    await setStatus(client(), 'a', 'resolved', old)
    await maintainMonitoring(client(), { now: NOW })
    await note(client(), NOW, ['a'])
    expect(await listFingerprints(client())).toEqual([])

    const forgotten = await maintainMonitoring(client(), { now: NOW, fingerprintDays: 59 })
    expect(forgotten.removedFingerprints).toBe(1)
    await note(client(), NOW, ['a'])
    expect(await listFingerprints(client())).toEqual(['a'])
  })

  test('finds what comes true again as an event of its own, where the former one was removed', async () => {
    const old = NOW - 60 * DAY_MS
    const store = createPostgresMonitorStore(client())
    await note(client(), old, ['a', 'b'])
    await setStatus(client(), 'a', 'resolved', old)
    const rejudged = [{ subject: 'card-7', ruleIds: ['balance.negative'], fingerprints: [] }]
    await store.note({ findings: [], rejudged, now: old })
    await maintainMonitoring(client(), { now: NOW })
    expect(await listFingerprints(client())).toEqual([])
    const endOf = (name: string): Finding => ({ ...finding(name), action: 'resolve' })
    await store.note({ findings: ['a', 'b'].map(endOf), rejudged: [], now: NOW })
    expect(await listFingerprints(client())).toEqual([])

    await note(client(), NOW, ['a', 'b'])
    expect(await listFingerprints(client())).toEqual(['a', 'b'])
    const { rows } = await client().query(
      'select distinct detection_timestamp as at, status from monitoring_events',
    )
    expect(rows).toEqual([{ at: new Date(NOW), status: 'OPEN' }])
    expect(await store.listUntold({ limit: 10 })).toEqual(
      ['a', 'b'].map((name) => ({ finding: finding(name), revision: 3 })),
    )
  })

  test('tells nobody of an event that is gone', async () => {
    const old = NOW - 60 * DAY_MS
    const store = createPostgresMonitorStore(client())
    await note(client(), old, ['gone', 'open'])
    await setStatus(client(), 'gone', 'resolved', old)
    await maintainMonitoring(client(), { now: NOW })
    expect(
      (await store.listUntold({ limit: 1 })).map(({ finding }) => finding.fingerprint),
    ).toEqual(['open'])
  })

  test('removes in batches, says when some are left, and goes on from there', async () => {
    const old = NOW - 31 * DAY_MS
    const names = ['a', 'b', 'c', 'd', 'e']
    await note(client(), old, [...names, 'open'])
    for (const name of names) await setStatus(client(), name, 'resolved', old)
    const removed: number[] = []
    for (let isDone = false; !isDone;) {
      const done = await maintainMonitoring(client(), { now: NOW, batchSize: 2, batchesMax: 1 })
      removed.push(done.removedEvents)
      isDone = done.isDone
    }
    // As long as some are to be told, none goes: 2 + 2 + 1 are told no more.
    expect(removed).toEqual([0, 0, 2, 2, 1])
    expect(await listFingerprints(client())).toEqual(['open'])
  })

  test('removes old health snapshots, and rows that were set aside', async () => {
    const repository = createPostgresMonitoringRepository(client())
    const store = createPostgresMonitorStore(client())
    const request = { pass: 'p', version: 1, partitions: 1, owner: 'a', leaseMs: 1_000 }
    for (const [index, now] of [NOW - 31 * DAY_MS, NOW - 30 * DAY_MS, NOW].entries()) {
      await repository.saveHealth({ ...HEALTH, takenAt: now })
      const [lease] = await store.lease({ ...request, now })
      await store.commit({
        lease: lease!,
        cursorBefore: index === 0 ? null : String(index),
        cursor: String(index + 1),
        watermark: now,
        readAt: now,
        now,
        states: [],
        findings: [],
        rejudged: [],
        source: null,
        setAside: [{ source: 's', row: '{}', reason: String(index) }],
      })
    }
    const done = await maintainMonitoring(client(), { now: NOW })
    expect(done).toMatchObject({ removedSnapshots: 1, removedSetAside: 1 })
    const kept = await repository.listHealth(10)
    expect(kept.map(({ takenAt }) => takenAt)).toEqual([NOW, NOW - 30 * DAY_MS])
    const { rows } = await client().query('select reason from assay_monitor_set_aside order by id')
    expect(rows).toEqual([{ reason: '1' }, { reason: '2' }])
  })

  test('counts the same whether hours were counted before or not', async () => {
    const repository = createPostgresMonitoringRepository(client())
    const start = NOW - 6 * HOUR_MS
    for (let index = 0; index < 24; index += 1) {
      await note(client(), start + index * 15 * 60_000, [`a-${index}`, `b-${index}`])
    }
    const moments = [0, 1, 2, 2.5, 3, 3.1, 5, 5.5, 6].map((hours) => start + hours * HOUR_MS)
    const ranges = moments.flatMap((since) =>
      moments.flatMap((until) => (since < until ? [{ since, until }] : [])),
    )
    const count = (): Promise<unknown> =>
      Promise.all(ranges.map((range) => repository.readCounts(range)))
    const counted = await count()
    for (const now of [NOW - 3.5 * HOUR_MS, NOW - HOUR_MS, NOW - 2 * HOUR_MS, NOW + HOUR_MS]) {
      await maintainMonitoring(client(), { now })
      expect(await count()).toEqual(counted)
    }
    const { rows } = await client().query(
      'select sum(events)::int as events from assay_event_counts',
    )
    expect(rows).toEqual([{ events: 48 }])
  })

  test('remembers how many events an hour had when they are gone', async () => {
    const repository = createPostgresMonitoringRepository(client())
    const old = NOW - 60 * DAY_MS
    await note(client(), old, ['a', 'b'])
    await maintainMonitoring(client(), { now: old + HOUR_MS + 15 * 60_000 })
    for (const name of ['a', 'b']) await setStatus(client(), name, 'resolved', old)
    await maintainMonitoring(client(), { now: NOW })
    const range = { since: old - (old % HOUR_MS), until: old + HOUR_MS }
    expect(await repository.readCounts(range)).toMatchObject([{ count: 2 }])
    await maintainMonitoring(client(), { now: NOW, fingerprintDays: 30 })
    expect(await repository.readCounts(range)).toEqual([])
  })

  test('ends between two steps when it is told to', async () => {
    const signal = AbortSignal.abort('enough')
    await expect(maintainMonitoring(client(), { now: NOW, signal })).rejects.toBe('enough')
    expect(await listMonths(client())).toEqual([])
  })

  test('is a job of a monitor', async () => {
    const job = createMonitoringMaintenance(client(), { retentionDays: 10 })
    expect(job).toMatchObject({ name: 'monitoring-maintenance', everyMs: 60_000 })
    await note(client(), NOW - 20 * DAY_MS, ['a'])
    await setStatus(client(), 'a', 'resolved', NOW - 20 * DAY_MS)
    await job.run({ now: NOW, signal: new AbortController().signal })
    expect(await listFingerprints(client())).toEqual([])
    const { refreshedAt } = await createPostgresMonitoringRepository(client()).readDashboard()
    expect(refreshedAt).toBe(NOW)
  })
})

describePostgres('Maintenance of monitoring from many sides', (database) => {
  let client: SqlClient
  beforeAll(async () => {
    client = fromPgPool(database().pool)
    await migrate(client, [...coreMigrations, ...migrations])
  })
  beforeEach(() => dropEverything(client))

  test('does everything once, while findings are written', async () => {
    const old = NOW - 40 * DAY_MS
    const names = Array.from({ length: 40 }, (_, index) => `old-${index}`)
    await note(client, old, names)
    for (const name of names.slice(1)) await setStatus(client, name, 'resolved', old)
    const outcomes = await Promise.all([
      ...[1, 2, 3, 4].map(() => maintainMonitoring(client, { now: NOW, batchSize: 5 })),
      ...[1, 2, 3, 4].map((writer) => note(client, NOW, [`new-${writer}`, 'new']).then(() => null)),
    ])
    const done = outcomes.filter((outcome) => outcome !== null)
    const sum = (name: 'addedMonths' | 'removedEvents'): number =>
      done.reduce((total, outcome) => total + outcome[name], 0)
    // A writer may have made the month of June.
    expect([2, 3]).toContain(sum('addedMonths'))
    // Rows that one process is removing are skipped by the others.
    await maintainMonitoring(client, { now: NOW })
    expect(await listFingerprints(client)).toEqual([
      'new',
      ...[1, 2, 3, 4].map((writer) => `new-${writer}`),
      'old-0',
    ])
    expect(sum('removedEvents')).toBeLessThanOrEqual(39)
  })

  test('leaves a month alone that somebody reads, and drops it the next time', async () => {
    const old = Date.UTC(2025, 2, 10)
    await note(client, old, ['a'])
    await setStatus(client, 'a', 'resolved', old)
    const reading = await database().pool.connect()
    await reading.query('begin; select count(*) from monitoring_events')
    const done = await maintainMonitoring(client, { now: NOW })
    await reading.query('commit')
    reading.release()
    expect(done.droppedMonths).toBe(0)
    expect(await listMonths(client)).toContain('2025_03')
    expect(await maintainMonitoring(client, { now: NOW })).toMatchObject({ droppedMonths: 1 })
  })

  test('is done by a member of assay_writer, who owns nothing', async () => {
    const pool = new pg.Pool({ connectionString: database().url, options: '-c role=assay_writer' })
    try {
      const writer = fromPgPool(pool)
      const old = Date.UTC(2025, 2, 10)
      await note(writer, old, ['a'])
      await setStatus(writer, 'a', 'resolved', old)
      const done = await maintainMonitoring(writer, { now: NOW, fingerprintDays: 30 })
      expect(done).toMatchObject({ addedMonths: 3, droppedMonths: 1, isRefreshed: true })
      await expect(writer.query('drop table monitoring_events')).rejects.toMatchObject({
        code: '42501',
      })
    } finally {
      await pool.end()
    }
  })

  test('is refused to a member of assay_reader, who may read all', async () => {
    await note(client, NOW, ['a'])
    const pool = new pg.Pool({ connectionString: database().url, options: '-c role=assay_reader' })
    try {
      const reader = fromPgPool(pool)
      const repository = createPostgresMonitoringRepository(reader)
      expect((await repository.listEvents({ limit: 10 })).events).toHaveLength(1)
      expect(await repository.readCounts({ since: NOW, until: NOW + 1 })).toHaveLength(1)
      await repository.readDashboard()
      await repository.listHealth(1)
      const denied = { code: '42501' }
      await expect(maintainMonitoring(reader, { now: NOW })).rejects.toMatchObject(denied)
      await expect(setStatus(reader, 'a', 'resolved', NOW)).rejects.toMatchObject(denied)
    } finally {
      await pool.end()
    }
  })
})

describe('maintenance of monitoring', () => {
  test.each<[string, Partial<MaintainMonitoringOptions>]>([
    ['retentionDays', { retentionDays: 0 }],
    ['healthDays', { healthDays: 1.5 }],
    ['fingerprintDays', { retentionDays: 30, fingerprintDays: 29 }],
    ['batchSize', { batchSize: 0 }],
    ['batchesMax', { batchesMax: -1 }],
  ])('refuses a wrong %s', async (option, wrong) => {
    const refused = maintainMonitoring({} as SqlClient, { now: NOW, ...wrong })
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_OPTION', context: { option } })
  })

  test('refuses a job that never runs, or with a wrong retention', () => {
    const invalid = expect.objectContaining({ code: 'INVALID_OPTION' })
    const client = {} as SqlClient
    expect(() => createMonitoringMaintenance(client, { everyMs: 0 })).toThrow(invalid)
    expect(() => createMonitoringMaintenance(client, { retentionDays: 0 })).toThrow(invalid)
  })
})

const HEALTH = {
  status: 'healthy',
  totalTransactionsLastHour: 1,
  successfulTransactionsLastHour: 1,
  failedTransactionsLastHour: 0,
  successRateBps: 10_000,
  processingP50Ms: null,
  processingP95Ms: null,
  processingP99Ms: null,
  totalBalanceMinor: {},
  negativeBalances: 0,
  openEvents: 0,
  criticalEventsLastHour: 0,
} as const

function finding(fingerprint: string): Finding {
  return {
    fingerprint,
    ruleId: 'balance.negative',
    ruleVersion: 1,
    severity: 'high',
    action: 'open',
    subject: 'card-7',
    transactionIds: [],
    eventTime: 0,
    confidence: 1,
    evidence: {},
  }
}

async function note(client: SqlClient, now: number, names: readonly string[]): Promise<void> {
  const findings = names.map(finding)
  await createPostgresMonitorStore(client).note({ findings, rejudged: [], now })
}

async function setStatus(
  client: SqlClient,
  fingerprint: string,
  status: 'acknowledged' | 'resolved',
  now: number,
): Promise<void> {
  const repository = createPostgresMonitoringRepository(client)
  const { events } = await repository.listEvents({ limit: 100 })
  const eventId = events.find((event) => event.fingerprint === fingerprint)?.eventId ?? 'none'
  const updated = await repository.updateEvent({ eventId, status, by: 'ada', notes: null, now })
  expect(updated).toMatchObject({ status })
}

async function listFingerprints(client: SqlClient): Promise<unknown[]> {
  const { rows } = await client.query('select fingerprint from monitoring_events order by 1')
  return rows.map((row) => row['fingerprint'])
}

async function listMonths(client: SqlClient): Promise<string[]> {
  const { rows } = await client.query(
    `select relname::text as name from pg_inherits join pg_class as child on child.oid = inhrelid
     where inhparent = 'monitoring_events'::regclass order by 1`,
  )
  return rows.map((row) => String(row['name']).replace('monitoring_events_', ''))
}

async function dropEverything(client: SqlClient): Promise<void> {
  for (const month of await listMonths(client)) {
    await client.query(`drop table monitoring_events_${month}`)
  }
  await client.query(`truncate assay_finding_keys, system_health_snapshots, assay_event_counts,
    assay_monitor_set_aside, assay_monitor_partitions, assay_monitor_owners`)
  await client.query(
    `update assay_dashboard_clock set refreshed_at = 'epoch', counted_until = 'epoch'`,
  )
}
