import { createAlertGroupState } from '../../alert-manager/alert-group-state.ts'
import type { AlertPutResult } from '../../alert-manager/alert-manager-store.ts'
import {
  type AlertGroupRef,
  applyAlertChange,
  type StoredAlert,
  type StoredAlertChange,
} from '../../alert-manager/stored-alert-change.ts'
import { AssayError } from '../../errors/assay-error.ts'
import type { SqlExecutor } from '../../sql/sql-client.ts'
import { type AlertRoomLimits, measureAlertRoom } from './alert-room.ts'
import { ALERT_COLUMNS, parseAlertRow } from './alert-row.ts'
import { BOUND_TEXTS } from './bound-texts.ts'
import { readable } from './parse-row.ts'

/** Takes in changes, in order, and enters alerts in their groups. */
export async function putAlertChanges(
  tx: SqlExecutor,
  scope: string,
  {
    changes,
    limits,
  }: { readonly changes: readonly StoredAlertChange[]; readonly limits: AlertRoomLimits },
): Promise<AlertPutResult[]> {
  const before = await lockAlerts(tx, scope, changes)
  const room = await measureAlertRoom(tx, scope, { changes, before, limits })
  const after = new Map(before)
  const joins: GroupJoin[] = []

  const results = changes.map((change) => {
    const { fingerprint } = change
    const applied = applyAlertChange(after.get(fingerprint), change, room)
    if (applied.next !== undefined) {
      if (!after.has(fingerprint)) room.takeAlert()
      after.set(fingerprint, applied.next)
    }
    const at = 'at' in change ? change.at : 0
    const { waitsSince } = applied
    for (const ref of applied.joins) {
      room.takeGroup(ref.key)
      joins.push({ fingerprint, at, waitsSince, ref })
    }
    return { outcome: applied.outcome, droppedGroupCount: applied.droppedGroupCount }
  })

  const changed = [...after.values()].filter((stored) => stored !== before.get(stored.fingerprint))
  if (changed.length > 0) {
    await tx.query(SAVE_ALERTS, [scope, JSON.stringify(changed.map(alertToJson))])
  }
  if (joins.length > 0) await enterGroups(tx, scope, joins)
  return results
}

interface GroupJoin {
  readonly fingerprint: string
  readonly at: number
  readonly waitsSince: number
  readonly ref: AlertGroupRef
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

async function enterGroups(
  tx: SqlExecutor,
  scope: string,
  joins: readonly GroupJoin[],
): Promise<void> {
  // The first alert to join a group opens it.
  const groups = new Map(joins.toReversed().map((join) => [join.ref.key, groupToJson(join)]))
  const members = joins.map(({ fingerprint, ref }) => ({ fingerprint, group_key: ref.key }))
  await tx.query(OPEN_GROUPS, [scope, JSON.stringify([...groups.values()])])
  await tx.query(ADD_MEMBERS, [scope, JSON.stringify(members)])
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
    placed_at: stored.placedAt,
  }
}

function groupToJson({ ref, at, waitsSince }: GroupJoin): object {
  const nextAt = waitsSince + ref.groupWaitMs
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

const LOCK_ALERTS = `
select ${ALERT_COLUMNS} from assay_alerts
where scope = $1 and fingerprint in (${BOUND_TEXTS})
order by fingerprint for update`

const SAVE_ALERTS = `
insert into assay_alerts (scope, ${ALERT_COLUMNS})
select $1, ${ALERT_COLUMNS}
from jsonb_populate_recordset(null::assay_alerts, $2::text::jsonb)
order by fingerprint
on conflict (scope, fingerprint) do update set
  alert = excluded.alert, fired_at = excluded.fired_at, ends_at = excluded.ends_at,
  expires_at = excluded.expires_at, inhibits = excluded.inhibits,
  group_keys = excluded.group_keys, placed_at = excluded.placed_at`

const OPENED_COLUMNS = 'key, route_id, receiver, labels, created_at, next_at, state'

// The update changes nothing. It holds the group, so that nobody ends it before the alert is in it.
const OPEN_GROUPS = `
insert into assay_alert_groups (scope, ${OPENED_COLUMNS})
select $1, ${OPENED_COLUMNS}
from jsonb_populate_recordset(null::assay_alert_groups, $2::text::jsonb)
order by key
on conflict (scope, key) do update set key = excluded.key`

const ADD_MEMBERS = `
insert into assay_alert_members (scope, group_key, fingerprint)
select distinct $1, group_key, fingerprint
from jsonb_populate_recordset(null::assay_alert_members, $2::text::jsonb)
on conflict do nothing`
