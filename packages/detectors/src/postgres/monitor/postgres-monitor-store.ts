import type { SqlClient, SqlExecutor } from '@assay/core'
import { z } from 'zod'

import type {
  MonitorCommit,
  MonitorNote,
  MonitorStore,
  SetAsideRow,
} from '../../monitor/monitor-store.ts'
import { untilUndisturbed } from '../until-undisturbed.ts'
import { commitPage } from './commit-page.ts'
import { createEventMonths } from './event-months.ts'
import { FINDING_COLUMNS, JOIN_EVENT, parseFindingRow } from './finding-row.ts'
import { leasePartitions, releasePartitions } from './lease-partitions.ts'
import { putFindings } from './put-findings.ts'
import { toStorableJson } from './storable-json.ts'
import { runWriteTransaction } from './write-transaction.ts'

/**
 * A {@link MonitorStore} in PostgreSQL, in the tables of this subpath's `migrations`: findings become
 * rows of `monitoring_events`. Any number of monitors, in any number of processes, may share it.
 *
 * A page is committed in one transaction, which a former holder of the partition cannot write
 * after it has lost its lease. What two monitors find at the same time is stored once.
 *
 * @param client the database; `migrate` has brought it up to date
 *
 * @example
 * ```ts no-run
 * import { fromPgPool } from '@assay/core/postgres'
 * import { createMonitor } from '@assay/detectors'
 * import { createPostgresEventSource, createPostgresMonitorStore } from '@assay/detectors/postgres'
 * import pg from 'pg'
 *
 * const client = fromPgPool(new pg.Pool())
 * const monitor = createMonitor({
 *   sources: [createPostgresEventSource(client)],
 *   store: createPostgresMonitorStore(client),
 * })
 * await monitor.cycle()
 * ```
 */
export function createPostgresMonitorStore(client: SqlClient): MonitorStore {
  const months = createEventMonths(client)

  /** Runs what writes findings, which need the month of their detection. */
  async function writeFindings<Result>(
    now: number,
    work: (tx: SqlExecutor) => Promise<Result>,
  ): Promise<Result> {
    await months.ensure(now)
    try {
      return await runWriteTransaction(client, work)
    } catch (error) {
      months.forget()
      throw error
    }
  }

  async function commit(page: MonitorCommit): Promise<'committed' | 'lost'> {
    if (isQuiet(page)) {
      return (await untilUndisturbed(() => commitPage(client, page))) ? 'committed' : 'lost'
    }
    return writeFindings(page.now, async (tx) => {
      if (!(await commitPage(tx, page))) return 'lost'
      const { lease, setAside, now } = page
      await putFindings(tx, { ...page, context: { pass: lease.pass, partition: lease.partition } })
      if (setAside.length > 0) await addSetAside(tx, lease.pass, setAside, now)
      return 'committed'
    })
  }

  async function note(noted: MonitorNote): Promise<void> {
    await writeFindings(noted.now, (tx) => putFindings(tx, { ...noted, source: null, context: {} }))
  }

  return {
    lease: (request) => runWriteTransaction(client, (tx) => leasePartitions(tx, request)),
    release: (owner, pass) =>
      runWriteTransaction(client, (tx) => releasePartitions(tx, owner, pass)),
    async open({ pass, partition }) {
      // One statement, so that the states are those of the cursor.
      const { rows } = await client.query(OPEN, [pass, partition])
      const read = z.array(openedSchema).parse(rows)
      return {
        cursor: read[0]?.cursor ?? null,
        watermark: read[0]?.watermark ?? null,
        readAt: read[0]?.readAt ?? null,
        waiting: read.flatMap(({ key, state, wakeAt }) =>
          key === null || state === null ? [] : [{ key, state, wakeAt }],
        ),
      }
    },
    async loadStates({ pass, partition }, keys) {
      if (keys.length === 0) return []
      const { rows } = await client.query(LOAD_STATES, [pass, partition, toStorableJson(keys)])
      return z.array(stateSchema).parse(rows)
    },
    commit,
    note,
    async listUntold({ after, limit }) {
      const { rows } = await client.query(LIST_UNTOLD, [after ?? null, limit])
      return rows.map(parseFindingRow).map(({ finding, revision }) => ({ finding, revision }))
    },
    async markTold(told) {
      if (told.length === 0) return
      await untilUndisturbed(() => client.query(MARK_TOLD, [toStorableJson(told)]))
    },
    async listPositions() {
      const { rows } = await client.query(LIST_POSITIONS)
      return z.array(positionSchema).parse(rows)
    },
  }
}

/** Whether a page only moves the cursor and states, as most do. */
function isQuiet({ findings, rejudged, setAside }: MonitorCommit): boolean {
  return findings.length === 0 && rejudged.length === 0 && setAside.length === 0
}

async function addSetAside(
  tx: SqlExecutor,
  pass: string,
  rows: readonly SetAsideRow[],
  now: number,
): Promise<void> {
  await tx.query(ADD_SET_ASIDE, [pass, now, toStorableJson(rows)])
}

const stateSchema = z.object({
  key: z.string(),
  state: z.string(),
  wakeAt: z.number().nullable(),
})

const openedSchema = z.object({
  cursor: z.string().nullable(),
  watermark: z.number().nullable(),
  readAt: z.number().nullable(),
  key: z.string().nullable(),
  state: z.string().nullable(),
  wakeAt: z.number().nullable(),
})

const positionSchema = z.object({
  pass: z.string(),
  partition: z.int(),
  owner: z.string().nullable(),
  watermark: z.number().nullable(),
  beganAt: z.number(),
  readAt: z.number().nullable(),
})

const OPEN = `
select cursor, watermark, read_at as "readAt", key, state, wake_at as "wakeAt"
from assay_monitor_partitions
left join assay_monitor_states on partition_id = id and wake_at is not null
where pass = $1 and partition = $2`

const LOAD_STATES = `
select key, state, wake_at as "wakeAt" from assay_monitor_states
where partition_id = (
    select id from assay_monitor_partitions where pass = $1 and partition = $2
  ) and key in (select json_array_elements_text($3::text::json))`

const LIST_UNTOLD = `
select ${FINDING_COLUMNS}
from (
  select * from assay_finding_keys
  where told_revision < revision and event_id > coalesce(
    (select event_id from assay_finding_keys where fingerprint = $1::text), 0
  )
  order by event_id limit $2::bigint
) as finding_key ${JOIN_EVENT}
order by finding_key.event_id`

const MARK_TOLD = `
with told as (
  select kept.fingerprint, newest.revision
  from assay_finding_keys as kept
  join (
    select fingerprint, max(revision) as revision
    from json_to_recordset($1::text::json) as named(fingerprint text, revision int)
    group by fingerprint
  ) as newest using (fingerprint)
  order by kept.fingerprint for update of kept
)
update assay_finding_keys as kept set told_revision = told.revision
from told where kept.fingerprint = told.fingerprint`

const LIST_POSITIONS = `
select pass, partition, owner, watermark, began_at as "beganAt", read_at as "readAt"
from assay_monitor_partitions order by pass, partition`

// In the order of the source, which is that of any other pass that may be adding the same rows.
const ADD_SET_ASIDE = `
insert into assay_monitor_set_aside (pass, source, content, reason, set_aside_at)
select $1, source, refused."row", reason, to_timestamp($2::float8 / 1000)
from json_to_recordset($3::text::json) as refused(source text, "row" text, reason text)
on conflict (source, reason, md5(content)) do nothing`
