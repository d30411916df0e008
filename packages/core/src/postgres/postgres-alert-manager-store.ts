import { createAlertGroupState } from '../alert-manager/alert-group-state.ts'
import type { AlertHistoryEntry } from '../alert-manager/alert-history.ts'
import type {
  AlertGroupCommit,
  AlertGroupMember,
  AlertManagerStore,
  AlertPutResult,
  ClaimedAlertGroups,
} from '../alert-manager/alert-manager-store.ts'
import {
  type AlertGroupRef,
  type AlertRoom,
  applyAlertChange,
  type StoredAlert,
  type StoredAlertChange,
} from '../alert-manager/stored-alert-change.ts'
import { AssayError, isAssayError } from '../errors/assay-error.ts'
import { isConcurrencyFailure } from '../sql/is-concurrency-failure.ts'
import type { SqlClient, SqlExecutor, SqlResult, SqlRow, SqlValue } from '../sql/sql-client.ts'
import {
  ALERT_COLUMNS,
  GROUP_COLUMNS,
  HISTORY_COLUMNS,
  parseAlertRow,
  parseGroupRow,
  parseHistoryRow,
  parseMemberRow,
  parseSilenceRow,
  SILENCE_COLUMNS,
} from './alert-manager-rows.ts'

/** Options of {@link createPostgresAlertManagerStore}. */
export interface PostgresAlertManagerStoreOptions {
  /**
   * Keeps what belongs to one manager apart from that of another in the same tables: managers that
   * share a scope share everything. Default `default`.
   */
  readonly scope?: string | undefined
}

/**
 * Keeps what an alert manager knows in PostgreSQL, in the tables of `migrations`, so that it survives
 * the process, and all processes that share the database send each notification once between them.
 *
 * @param client the database
 *
 * @example
 * ```ts
 * import { PGlite } from '@electric-sql/pglite'
 * import { createAlertManager, migrate } from '@assay/core'
 * import { createPostgresAlertManagerStore, fromPglite, migrations } from '@assay/core/postgres'
 * import { createRecordingChannel } from '@assay/core/testing'
 *
 * const client = fromPglite(await PGlite.create())
 * await migrate(client, migrations)
 *
 * const manager = createAlertManager({
 *   policy: { route: { receiver: 'team', groupWaitMs: 0 } },
 *   channels: { team: createRecordingChannel() },
 *   store: createPostgresAlertManagerStore(client),
 * })
 * await manager.fire({
 *   name: 'PayoutStuck',
 *   severity: 'high',
 *   labels: { payout: 'p-1' },
 *   summary: 'Payout p-1 has not arrived.',
 *   startsAt: Date.now(),
 *   source: 'payouts',
 * })
 * console.log((await manager.tick()).delivered) // 1
 * ```
 */
export function createPostgresAlertManagerStore(
  client: SqlClient,
  { scope = 'default' }: PostgresAlertManagerStoreOptions = {},
): AlertManagerStore {
  const write = (text: string, values: readonly SqlValue[]): Promise<SqlResult> =>
    inTransaction(client, (tx) => tx.query(text, values))

  return {
    async put(changes, limits) {
      if (changes.length === 0) return []
      return inTransaction(client, (tx) => putChanges(tx, scope, changes, limits))
    },
    async claimDue({ now, leaseMs, token, limit }) {
      const values = [scope, now, token, now + leaseMs, limit]
      const { rows } = await write(CLAIM, values)
      return rows.length === 0 ? NO_GROUPS : readClaimed(client, scope, rows)
    },
    commit: (commit) => inTransaction(client, (tx) => commitGroup(tx, scope, commit)),
    async firingInhibitors(names) {
      if (names.length === 0) return new Set()
      const { rows } = await client.query(FIRING_INHIBITORS, [scope, JSON.stringify(names)])
      return new Set(rows.map((row) => String(row['name'])))
    },
    async acknowledge({ key, by, at }) {
      const { rows } = await write(ACKNOWLEDGE, [scope, key, by, at])
      return rows.map((row) => String(row['key']))
    },
    async expireAlerts(now) {
      const { rowCount } = await write(EXPIRE, [scope, now])
      return rowCount
    },
    async listAlerts(limit) {
      const { rows } = await client.query(LIST_ALERTS, [scope, limit])
      return rows.map(parseAlertRow)
    },
    async addSilence({ id, matchers, startsAt, endsAt, author, comment }, { now, limit }) {
      const values = [id, JSON.stringify(matchers), startsAt, endsAt, author, comment]
      const { rowCount } = await write(ADD_SILENCE, [scope, ...values, now, limit])
      return rowCount === 1
    },
    async endSilence(id, now) {
      const { rowCount } = await write(END_SILENCE, [scope, id, now])
      return rowCount === 1
    },
    async listSilences(now) {
      const { rows } = await client.query(LIST_SILENCES, [scope, now])
      return rows.map(parseSilenceRow)
    },
    async listHistory({ fingerprint, groupKey, receiver, since, limit }) {
      const { rows } = await client.query(LIST_HISTORY, [
        scope,
        fingerprint === undefined ? null : JSON.stringify([fingerprint]),
        groupKey ?? null,
        receiver ?? null,
        since ?? null,
        limit,
      ])
      return rows.map(parseHistoryRow)
    },
    async prune({ historyBefore, now, limit }) {
      await write(PRUNE_SILENCES, [scope, now])
      await write(PRUNE_ALERTS, [scope])
      const { rowCount } = await write(PRUNE_HISTORY, [scope, historyBefore, limit])
      return rowCount
    },
  }
}

const NO_GROUPS: ClaimedAlertGroups = { groups: [], unreadable: [] }

/** A transaction that lost a race is run again, so often at most. */
const ATTEMPTS_MAX = 5

/**
 * Runs what writes. Each statement must see what others have committed while it waited for a lock,
 * whatever the host isolates by. Alerts are locked before groups, and each in one order, so that
 * transactions hardly ever wait for each other in a circle.
 */
async function inTransaction<Result>(
  client: SqlClient,
  work: (tx: SqlExecutor) => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await client.transaction(async (tx) => {
        await tx.query('set transaction isolation level read committed')
        return work(tx)
      })
    } catch (error) {
      if (attempt === ATTEMPTS_MAX || !isConcurrencyFailure(error)) throw error
    }
  }
}

async function putChanges(
  tx: SqlExecutor,
  scope: string,
  changes: readonly StoredAlertChange[],
  limits: { readonly alerts: number; readonly groups: number },
): Promise<AlertPutResult[]> {
  const before = await lockAlerts(tx, scope, changes)
  const room = await measureRoom(tx, scope, { changes, before, limits })
  const after = new Map(before)
  const joins: {
    readonly fingerprint: string
    readonly at: number
    readonly ref: AlertGroupRef
  }[] = []

  const results = changes.map((change) => {
    const { fingerprint } = change
    const applied = applyAlertChange(after.get(fingerprint), change, room)
    if (applied.next !== undefined) {
      if (!after.has(fingerprint)) room.takeAlert()
      after.set(fingerprint, applied.next)
    }
    for (const ref of applied.joins) {
      room.takeGroup(ref.key)
      joins.push({ fingerprint, at: 'at' in change ? change.at : 0, ref })
    }
    return { outcome: applied.outcome, droppedGroupCount: applied.droppedGroupCount }
  })

  const changed = [...after.values()].filter((stored) => stored !== before.get(stored.fingerprint))
  if (changed.length > 0)
    await tx.query(SAVE_ALERTS, [scope, JSON.stringify(changed.map(alertToJson))])
  if (joins.length > 0) {
    const groups = new Map(joins.toReversed().map(({ ref, at }) => [ref.key, groupToJson(ref, at)]))
    const members = joins.map(({ fingerprint, ref }) => ({ fingerprint, group_key: ref.key }))
    await tx.query(OPEN_GROUPS, [scope, JSON.stringify([...groups.values()])])
    await tx.query(ADD_MEMBERS, [scope, JSON.stringify(members)])
  }
  return results
}

async function lockAlerts(
  tx: SqlExecutor,
  scope: string,
  changes: readonly StoredAlertChange[],
): Promise<Map<string, StoredAlert>> {
  const fingerprints = [...new Set(changes.map(({ fingerprint }) => fingerprint))]
  const { rows } = await tx.query(LOCK_ALERTS, [scope, JSON.stringify(fingerprints)])
  const alerts = new Map<string, StoredAlert>()
  for (const row of rows) {
    // An alert that cannot be read is written anew by the next one of its name.
    const stored = readable(() => parseAlertRow(row))
    if (!(stored instanceof AssayError)) alerts.set(stored.fingerprint, stored)
  }
  return alerts
}

interface CountedRoom extends AlertRoom {
  takeAlert(): void
  takeGroup(key: string): void
}

/** Counts only where something may be new: processes that write at once may go a batch beyond. */
async function measureRoom(
  tx: SqlExecutor,
  scope: string,
  {
    changes,
    before,
    limits,
  }: {
    readonly changes: readonly StoredAlertChange[]
    readonly before: ReadonlyMap<string, StoredAlert>
    readonly limits: { readonly alerts: number; readonly groups: number }
  },
): Promise<CountedRoom> {
  const keys = new Set(
    changes.flatMap((change) => ('groups' in change ? change.groups.map(({ key }) => key) : [])),
  )
  const mayBeNew = changes.some(
    ({ kind, fingerprint }) => kind === 'fire' && !before.has(fingerprint),
  )
  const found = await tx.query(FIND_GROUPS, [scope, JSON.stringify([...keys])])
  const groups = new Set(found.rows.map((row) => String(row['key'])))
  const isCounting = mayBeNew || groups.size < keys.size
  const counts = isCounting
    ? (await tx.query(COUNT, [scope, limits.alerts, limits.groups])).rows[0]
    : {}
  let alertCount = Number(counts?.['alerts'] ?? 0)
  let groupCount = Number(counts?.['groups'] ?? 0)
  return {
    hasRoomForAlert: () => alertCount < limits.alerts,
    hasRoomForGroup: (key) => groups.has(key) || groupCount < limits.groups,
    takeAlert() {
      alertCount += 1
    },
    takeGroup(key) {
      if (groups.has(key)) return
      groups.add(key)
      groupCount += 1
    },
  }
}

async function readClaimed(
  client: SqlExecutor,
  scope: string,
  rows: readonly SqlRow[],
): Promise<ClaimedAlertGroups> {
  const unreadable: AssayError[] = []
  const read = <Value>(parse: () => Value): Value | undefined => {
    const value = readable(parse)
    if (!(value instanceof AssayError)) return value
    unreadable.push(value)
    return undefined
  }

  const keys = rows.map((row) => row['key'])
  const { rows: memberRows } = await client.query(MEMBERS, [scope, JSON.stringify(keys)])
  const membersByKey = new Map<string, AlertGroupMember[]>()
  for (const row of memberRows) {
    const member = read(() => ({ ...parseMemberRow(row), stored: parseAlertRow(row) }))
    if (member === undefined) continue
    const { groupKey, ...rest } = member
    const members = membersByKey.get(groupKey) ?? []
    members.push(rest)
    membersByKey.set(groupKey, members)
  }

  const groups = rows
    .map((row) => read(() => parseGroupRow(row)))
    .filter((group) => group !== undefined)
    .map((group) => Object.assign(group, { members: membersByKey.get(group.key) ?? [] }))
  return { groups, unreadable }
}

async function commitGroup(
  tx: SqlExecutor,
  scope: string,
  { key, token, state, nextAt, tellings, history }: AlertGroupCommit,
): Promise<boolean> {
  const { rowCount } = await tx.query(LOCK_GROUP, [scope, key, token])
  if (rowCount === 0) return false
  if (tellings.length > 0) await tx.query(SAVE_TELLINGS, [scope, key, JSON.stringify(tellings)])
  const released = await tx.query(RELEASE_MEMBERS, [scope, key])
  if (released.rows.length > 0) {
    const fingerprints = released.rows.map((row) => row['fingerprint'])
    await tx.query(FORGET_ALERTS, [scope, JSON.stringify(fingerprints)])
  }
  if (history.length > 0) {
    await tx.query(ADD_HISTORY, [scope, JSON.stringify(history.map(historyToJson))])
  }
  const ended = released.rows.length > 0 ? await tx.query(END_GROUP, [scope, key]) : { rowCount: 0 }
  if (ended.rowCount === 0) {
    const { acknowledgedAt } = state
    await tx.query(SAVE_GROUP, [scope, key, JSON.stringify(state), nextAt, acknowledgedAt])
  }
  return true
}

function readable<Value>(parse: () => Value): Value | AssayError {
  try {
    return parse()
  } catch (error) {
    if (isAssayError(error)) return error
    throw error
  }
}

function alertToJson(stored: StoredAlert): object {
  return {
    fingerprint: stored.fingerprint,
    alert: stored.alert,
    fired_at: stored.firedAt,
    ends_at: stored.endsAt,
    expires_at: stored.expiresAt,
    inhibits: stored.inhibits,
    group_keys: stored.groupKeys,
  }
}

function groupToJson(ref: AlertGroupRef, at: number): object {
  const nextAt = at + ref.groupWaitMs
  return {
    key: ref.key,
    route_id: ref.routeId,
    receiver: ref.receiver,
    labels: ref.labels,
    created_at: at,
    next_at: nextAt,
    state: createAlertGroupState(nextAt),
  }
}

function historyToJson(entry: AlertHistoryEntry): object {
  return {
    alert_level: entry.severity,
    alert_message: entry.message,
    at: entry.at,
    event: entry.event,
    reason: entry.reason,
    group_key: entry.groupKey,
    receiver: entry.receiver,
    fingerprints: entry.fingerprints,
    escalation_level: entry.escalationLevel,
    acknowledged_by: entry.acknowledgedBy,
    error_code: entry.errorCode,
  }
}

/** The texts of a JSON array that is bound as text. */
const TEXTS = 'select jsonb_array_elements_text($2::text::jsonb)'

const LOCK_ALERTS = `
select ${ALERT_COLUMNS} from assay_alerts a
where a.scope = $1 and a.fingerprint in (${TEXTS})
order by a.fingerprint for update`

const FIND_GROUPS = `
select key from assay_alert_groups where scope = $1 and key in (${TEXTS})`

const COUNT = `
select
  (select count(*)::int from
    (select from assay_alerts where scope = $1 limit $2::bigint) as alerts) as alerts,
  (select count(*)::int from
    (select from assay_alert_groups where scope = $1 limit $3::bigint) as groups) as groups`

const SAVE_ALERTS = `
insert into assay_alerts (
  scope, fingerprint, alert, fired_at, ends_at, expires_at, inhibits, group_keys
)
select $1, fingerprint, alert, fired_at, ends_at, expires_at, inhibits, group_keys
from jsonb_to_recordset($2::text::jsonb) as saved(
  fingerprint text, alert jsonb, fired_at float8, ends_at float8, expires_at float8,
  inhibits jsonb, group_keys jsonb
)
order by fingerprint
on conflict (scope, fingerprint) do update set
  alert = excluded.alert, fired_at = excluded.fired_at, ends_at = excluded.ends_at,
  expires_at = excluded.expires_at, inhibits = excluded.inhibits,
  group_keys = excluded.group_keys`

// The update changes nothing. It holds the group, so that nobody ends it before the alert is in it.
const OPEN_GROUPS = `
insert into assay_alert_groups (
  scope, key, route_id, receiver, labels, created_at, next_at, state
)
select $1, key, route_id, receiver, labels, created_at, next_at, state
from jsonb_to_recordset($2::text::jsonb) as opened(
  key text, route_id text, receiver text, labels jsonb, created_at float8, next_at float8,
  state jsonb
)
order by key
on conflict (scope, key) do update set key = excluded.key`

const ADD_MEMBERS = `
insert into assay_alert_members (scope, group_key, fingerprint)
select distinct $1, group_key, fingerprint
from jsonb_to_recordset($2::text::jsonb) as added(group_key text, fingerprint text)
on conflict do nothing`

const CLAIM = `
with due as materialized (
  select key, lease_token is not null as is_abandoned from assay_alert_groups
  where scope = $1 and next_at <= $2::float8
    and (lease_until is null or lease_until <= $2::float8)
  order by next_at, key limit $5::bigint
  for update skip locked
), claimed as (
  update assay_alert_groups g set lease_token = $3, lease_until = $4::float8
  from due where g.scope = $1 and g.key = due.key
  returning ${GROUP_COLUMNS}, g.next_at, due.is_abandoned
)
select * from claimed order by next_at, key`

const MEMBERS = `
select m.group_key, m.told, m.unsure, ${ALERT_COLUMNS}
from assay_alert_members m
join assay_alerts a on a.scope = m.scope and a.fingerprint = m.fingerprint
where m.scope = $1 and m.group_key in (${TEXTS})`

const LOCK_GROUP = `
select key from assay_alert_groups where scope = $1 and key = $2 and lease_token = $3 for update`

const SAVE_TELLINGS = `
update assay_alert_members m set told = saved.told, unsure = saved.unsure
from jsonb_to_recordset($3::text::jsonb) as saved(fingerprint text, told jsonb, unsure jsonb)
where m.scope = $1 and m.group_key = $2 and m.fingerprint = saved.fingerprint`

const RELEASE_MEMBERS = `
delete from assay_alert_members m using assay_alerts a
where m.scope = $1 and m.group_key = $2 and m.told = '[]' and m.unsure = '[]'
  and a.scope = m.scope and a.fingerprint = m.fingerprint
  and (a.ends_at is not null or not a.group_keys @> to_jsonb(m.group_key))
returning m.fingerprint`

/** Ended alerts without a group. One that is being changed is skipped: it may fire again. */
const GROUPLESS = `
  a.scope = $1 and a.ends_at is not null and not exists (
    select from assay_alert_members m where m.scope = a.scope and m.fingerprint = a.fingerprint
  )
  for update of a skip locked`

const FORGET_ALERTS = `
with groupless as materialized (
  select a.fingerprint from assay_alerts a
  where a.fingerprint in (${TEXTS}) and ${GROUPLESS}
)
delete from assay_alerts a using groupless
where a.scope = $1 and a.fingerprint = groupless.fingerprint`

const END_GROUP = `
delete from assay_alert_groups g
where g.scope = $1 and g.key = $2 and not exists (
  select from assay_alert_members m where m.scope = $1 and m.group_key = $2
)`

// Somebody may have taken the group on while its round was under way: then it is due.
const SAVE_GROUP = `
update assay_alert_groups set
  state = $3::text::jsonb, lease_token = null, lease_until = null,
  next_at = case when acknowledged_at > $5::float8 then 0 else $4::float8 end
where scope = $1 and key = $2`

const ADD_HISTORY = `
insert into alert_history (
  scope, alert_level, alert_message, alert_timestamp, event, reason, group_key, receiver,
  fingerprints, escalation_level, acknowledged_by, error_code
)
select
  $1, alert_level, alert_message, to_timestamp(at / 1000), event, reason, group_key, receiver,
  fingerprints, escalation_level, acknowledged_by, error_code
from jsonb_to_recordset($2::text::jsonb) as added(
  alert_level text, alert_message text, at float8, event text, reason text, group_key text,
  receiver text, fingerprints jsonb, escalation_level int, acknowledged_by text, error_code text
)`

const FIRING_INHIBITORS = `
select distinct name
from assay_alerts, jsonb_array_elements_text(inhibits) as name
where scope = $1 and ends_at is null and inhibits <> '[]' and name in (${TEXTS})`

const ACKNOWLEDGE = `
with found as materialized (
  select key from assay_alert_groups
  where scope = $1 and (key = $2 or key in (
    select group_key from assay_alert_members where scope = $1 and fingerprint = $2
  ))
  order by key for update
)
update assay_alert_groups g set
  acknowledged_by = $3, acknowledged_at = $4::float8, next_at = least(g.next_at, $4::float8)
from found where g.scope = $1 and g.key = found.key
returning g.key`

const EXPIRE = `
with expired as materialized (
  select fingerprint from assay_alerts
  where scope = $1 and ends_at is null and expires_at <= $2::float8
  order by fingerprint for update skip locked
)
update assay_alerts a set ends_at = $2::float8
from expired where a.scope = $1 and a.fingerprint = expired.fingerprint`

const LIST_ALERTS = `
select ${ALERT_COLUMNS} from assay_alerts a where a.scope = $1
order by a.fired_at desc, a.fingerprint limit $2::bigint`

const ADD_SILENCE = `
insert into assay_alert_silences (scope, ${SILENCE_COLUMNS})
select $1, $2, $3::text::jsonb, $4::float8, $5::float8, $6, $7
where (
  select count(*) from assay_alert_silences where scope = $1 and ends_at > $8::float8
) < $9::bigint`

const END_SILENCE = `
update assay_alert_silences set ends_at = $3::float8
where scope = $1 and id = $2 and ends_at > $3::float8`

const LIST_SILENCES = `
select ${SILENCE_COLUMNS} from assay_alert_silences
where scope = $1 and ends_at > $2::float8 order by ends_at, id`

const LIST_HISTORY = `
select ${HISTORY_COLUMNS} from alert_history
where scope = $1
  and ($2::text is null or fingerprints @> $2::text::jsonb)
  and ($3::text is null or group_key = $3)
  and ($4::text is null or receiver = $4)
  and ($5::float8 is null or alert_timestamp >= to_timestamp($5::float8 / 1000))
order by alert_timestamp desc, alert_id desc limit $6::bigint`

const PRUNE_SILENCES = `
delete from assay_alert_silences where scope = $1 and ends_at <= $2::float8`

const PRUNE_ALERTS = `
with groupless as materialized (
  select a.fingerprint from assay_alerts a where ${GROUPLESS}
)
delete from assay_alerts a using groupless
where a.scope = $1 and a.fingerprint = groupless.fingerprint`

const PRUNE_HISTORY = `
delete from alert_history where alert_id in (
  select alert_id from alert_history
  where scope = $1 and alert_timestamp < to_timestamp($2::float8 / 1000)
  order by alert_timestamp, alert_id limit $3::bigint
)`
