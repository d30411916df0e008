import { assertWholeNumber, InvalidOptionError, type SqlClient } from '@assay/core'
import { z } from 'zod'

import type { MonitorJob } from '../../monitor/monitor-options.ts'
import { DAY_MS } from '../../monitoring-events/durations.ts'
import { untilUndisturbed } from '../until-undisturbed.ts'
import { addEventsMonth } from './event-months.ts'

/** How long things are kept. */
export interface MonitoringRetention {
  /** Days that an event stays after it was resolved. One that was not stays for ever. Default 30. */
  readonly retentionDays?: number | undefined
  /** Days that a health snapshot, or a row that was set aside, stays. Default 30. */
  readonly healthDays?: number | undefined
  /**
   * Days that it is remembered that a finding has ended, so that judging old rows again does not find
   * it anew, and how many events each hour had. At least `retentionDays`. Default 400.
   */
  readonly fingerprintDays?: number | undefined
}

/** Options of {@link maintainMonitoring}. */
export interface MaintainMonitoringOptions extends MonitoringRetention {
  /** In epoch milliseconds. */
  readonly now: number
  /** The most rows that one statement removes. Default 1,000. */
  readonly batchSize?: number | undefined
  /** The most batches of each kind in one call. Default 100. */
  readonly batchesMax?: number | undefined
  /** Ends it between two statements. */
  readonly signal?: AbortSignal | undefined
}

/** What was done. */
export interface MonitoringMaintenance {
  readonly addedMonths: number
  readonly droppedMonths: number
  /** Beside those of dropped months. */
  readonly removedEvents: number
  readonly removedFingerprints: number
  readonly removedSnapshots: number
  readonly removedSetAside: number
  /** Whether the dashboard is of `now`; not when another process refreshes it at this moment. */
  readonly isRefreshed: boolean
  /** Whether nothing is left to remove; otherwise the next call goes on. */
  readonly isDone: boolean
}

/**
 * Makes the months that events are about to be written into, removes what is old in batches, drops months of
 * which nothing is needed any more, and refreshes the dashboard, while others read and write. An event
 * that is open or acknowledged is never removed. Any number of processes may call it at once.
 *
 * @param client the database; its user owns the tables or is a member of `assay_writer`
 * @param options the time, and how long things are kept
 * @throws `INVALID_OPTION` for an option that is out of range
 *
 * @example
 * ```ts no-run
 * import { systemClock } from '@assay/core'
 * import { fromPgPool } from '@assay/core/postgres'
 * import { maintainMonitoring } from '@assay/detectors/postgres'
 * import pg from 'pg'
 *
 * const done = await maintainMonitoring(fromPgPool(new pg.Pool()), { now: systemClock.now() })
 * console.log(done.removedEvents, done.droppedMonths)
 * ```
 */
export async function maintainMonitoring(
  client: SqlClient,
  options: MaintainMonitoringOptions,
): Promise<MonitoringMaintenance> {
  const { now, retentionDays, healthDays, fingerprintDays, batchSize, batchesMax, signal } =
    readOptions(options)
  const endedBefore = now - retentionDays * DAY_MS
  const takenBefore = now - healthDays * DAY_MS
  let isDone = true

  async function remove(statement: string, before: number): Promise<number> {
    let removed = 0
    for (let batch = 0; batch < batchesMax; batch += 1) {
      signal?.throwIfAborted()
      const { rowCount } = await untilUndisturbed(() =>
        client.query(statement, [before, batchSize]),
      )
      removed += rowCount
      if (rowCount < batchSize) return removed
    }
    isDone = false
    return removed
  }

  const addedMonths = await addMonths(client, now, signal)
  await remove(TELL_NO_MORE, endedBefore)
  // An event goes only once nobody is going to be told of it.
  const droppedMonths = isDone ? await dropMonths(client, endedBefore, signal) : 0
  const removedEvents = isDone ? await remove(REMOVE_EVENTS, endedBefore) : 0
  const removedFingerprints = await remove(REMOVE_KEYS, now - fingerprintDays * DAY_MS)
  await remove(REMOVE_COUNTS, now - fingerprintDays * DAY_MS)
  const removedSnapshots = await remove(REMOVE_SNAPSHOTS, takenBefore)
  const removedSetAside = await remove(REMOVE_SET_ASIDE, takenBefore)
  signal?.throwIfAborted()
  const isRefreshed = await ask(client, REFRESH, now)
  return {
    addedMonths,
    droppedMonths,
    removedEvents,
    removedFingerprints,
    removedSnapshots,
    removedSetAside,
    isRefreshed,
    isDone,
  }
}

/** Options of {@link createMonitoringMaintenance}. */
export interface MonitoringMaintenanceOptions extends MonitoringRetention {
  /** How often, which is also how old the dashboard becomes, in milliseconds. Default a minute. */
  readonly everyMs?: number | undefined
}

/**
 * {@link maintainMonitoring} as a job of a monitor: of all monitors on the database one does it.
 *
 * @param client the database; its user owns the tables or is a member of `assay_writer`
 * @param options how often, and how long things are kept
 * @throws `INVALID_OPTION` for an option that is out of range
 *
 * @example
 * ```ts no-run
 * import { fromPgPool } from '@assay/core/postgres'
 * import { createMonitor } from '@assay/detectors'
 * import {
 *   createMonitoringMaintenance,
 *   createPostgresEventSource,
 *   createPostgresMonitorStore,
 * } from '@assay/detectors/postgres'
 * import pg from 'pg'
 *
 * const client = fromPgPool(new pg.Pool())
 * const monitor = createMonitor({
 *   sources: [createPostgresEventSource(client)],
 *   store: createPostgresMonitorStore(client),
 *   jobs: [createMonitoringMaintenance(client)],
 * })
 * await monitor.run()
 * ```
 */
export function createMonitoringMaintenance(
  client: SqlClient,
  { everyMs = 60_000, ...retention }: MonitoringMaintenanceOptions = {},
): MonitorJob {
  assertWholeNumber('createMonitoringMaintenance', 'everyMs', everyMs, { min: 1 })
  readOptions({ ...retention, now: 0 })
  return {
    name: 'monitoring-maintenance',
    everyMs,
    async run({ now, signal }) {
      await maintainMonitoring(client, { ...retention, now, signal })
    },
  }
}

type ReadOptions = Pick<MaintainMonitoringOptions, 'signal'> & {
  readonly [Name in Exclude<keyof MaintainMonitoringOptions, 'signal'>]: number
}

function readOptions({
  now,
  retentionDays = 30,
  healthDays = 30,
  fingerprintDays = Math.max(400, retentionDays),
  batchSize = 1_000,
  batchesMax = 100,
  signal,
}: MaintainMonitoringOptions): ReadOptions {
  const numbers = { retentionDays, healthDays, fingerprintDays, batchSize, batchesMax }
  for (const [name, value] of Object.entries(numbers)) {
    assertWholeNumber(FUNCTION, name, value, { min: 1 })
  }
  if (fingerprintDays < retentionDays) {
    throw new InvalidOptionError(FUNCTION, 'fingerprintDays', 'at least `retentionDays`')
  }
  return { now, ...numbers, signal }
}

const FUNCTION = 'maintainMonitoring'

/** No month is shorter than 28 days, so none is left out, and the next one is always among them. */
async function addMonths(
  client: SqlClient,
  now: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  let added = 0
  for (const days of [0, 28, 56]) {
    signal?.throwIfAborted()
    if (await addEventsMonth(client, now + days * DAY_MS)) added += 1
  }
  return added
}

async function dropMonths(
  client: SqlClient,
  endedBefore: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  let dropped = 0
  for (;;) {
    signal?.throwIfAborted()
    if (!(await ask(client, DROP_MONTH, endedBefore))) return dropped
    dropped += 1
  }
}

async function ask(client: SqlClient, statement: string, moment: number): Promise<boolean> {
  const { rows } = await untilUndisturbed(() => client.query(statement, [moment]))
  return z.boolean().parse(rows[0]?.['answer'])
}

const DROP_MONTH = 'select assay_drop_events_month(to_timestamp($1::float8 / 1000)) as answer'

const REFRESH = 'select assay_refresh_dashboard(to_timestamp($1::float8 / 1000)) as answer'

// Where nobody is told of findings, nobody must be told of them when their events are gone.
const TELL_NO_MORE = `
with forgotten as (
  select fingerprint from assay_finding_keys
  where told_revision < revision and ended_at < to_timestamp($1::float8 / 1000)
  order by ended_at limit $2::bigint for update skip locked
)
update assay_finding_keys as kept set told_revision = revision
from forgotten where kept.fingerprint = forgotten.fingerprint`

const REMOVE_EVENTS = `
with expired as (
  select event_id, detection_timestamp from monitoring_events
  where status = 'RESOLVED' and resolved_at < to_timestamp($1::float8 / 1000)
  order by resolved_at limit $2::bigint for update skip locked
)
delete from monitoring_events as event using expired
where event.event_id = expired.event_id
  and event.detection_timestamp = expired.detection_timestamp`

const REMOVE_KEYS = `
with expired as (
  select fingerprint from assay_finding_keys
  where ended_at < to_timestamp($1::float8 / 1000)
  order by ended_at limit $2::bigint for update skip locked
)
delete from assay_finding_keys as kept using expired
where kept.fingerprint = expired.fingerprint`

const REMOVE_COUNTS = `
delete from assay_event_counts where (hour, event_type, severity) in (
  select hour, event_type, severity from assay_event_counts
  where hour < to_timestamp($1::float8 / 1000)
  order by hour limit $2::bigint for update skip locked
)`

const REMOVE_SNAPSHOTS = `
delete from system_health_snapshots where snapshot_id in (
  select snapshot_id from system_health_snapshots
  where snapshot_timestamp < to_timestamp($1::float8 / 1000)
  order by snapshot_timestamp, snapshot_id limit $2::bigint for update skip locked
)`

const REMOVE_SET_ASIDE = `
delete from assay_monitor_set_aside where id in (
  select id from assay_monitor_set_aside
  where set_aside_at < to_timestamp($1::float8 / 1000)
  order by set_aside_at, id limit $2::bigint for update skip locked
)`
