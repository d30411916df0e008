import type { AlertGroupCommit } from '../../alert-manager/alert-manager-store.ts'
import type { SqlExecutor } from '../../sql/sql-client.ts'
import { addHistory } from './alert-history.ts'
import { BOUND_TEXTS } from './bound-texts.ts'
import { forgetGrouplessAlerts } from './forget-groupless-alerts.ts'

/** Records what a claimed group's round has done, and gives the group back or ends it. */
export async function commitGroupRound(
  tx: SqlExecutor,
  scope: string,
  { key, token, state, nextAt, tellings, history }: AlertGroupCommit,
): Promise<boolean> {
  const { rowCount } = await tx.query(LOCK_GROUP, [scope, key, token])
  if (rowCount === 0) return false
  if (tellings.length > 0) await tx.query(SAVE_TELLINGS, [scope, key, JSON.stringify(tellings)])
  const unknown = tellings.filter(({ told, unsure }) => told.length === 0 && unsure.length === 0)
  if (history.length > 0) await addHistory(tx, scope, history)
  if (unknown.length > 0 && (await releaseMembers(tx, scope, { key, members: unknown }))) {
    const ended = await tx.query(END_GROUP, [scope, key])
    if (ended.rowCount > 0) return true
  }
  const { acknowledgedAt } = state
  await tx.query(SAVE_GROUP, [scope, key, JSON.stringify(state), nextAt, acknowledgedAt])
  return true
}

/**
 * Lets those go that have ended or belong elsewhere.
 *
 * @returns whether any member left the group
 */
async function releaseMembers(
  tx: SqlExecutor,
  scope: string,
  { key, members }: { readonly key: string; readonly members: AlertGroupCommit['tellings'] },
): Promise<boolean> {
  const asked = JSON.stringify(members.map(({ fingerprint }) => fingerprint))
  const { rows } = await tx.query(RELEASE_MEMBERS, [scope, asked, key])
  if (rows.length === 0) return false
  const fingerprints = rows.map((row) => String(row['fingerprint']))
  await forgetGrouplessAlerts(tx, scope, fingerprints)
  return true
}

const LOCK_GROUP = `
select key from assay_alert_groups where scope = $1 and key = $2 and lease_token = $3 for update`

const SAVE_TELLINGS = `
update assay_alert_members m set told = saved.told, unsure = saved.unsure
from jsonb_populate_recordset(null::assay_alert_members, $3::text::jsonb) as saved
where m.scope = $1 and m.group_key = $2 and m.fingerprint = saved.fingerprint`

const RELEASE_MEMBERS = `
delete from assay_alert_members m using assay_alerts a
where m.scope = $1 and m.group_key = $3 and m.fingerprint in (${BOUND_TEXTS})
  and a.scope = m.scope and a.fingerprint = m.fingerprint
  and (a.ends_at is not null or not a.group_keys @> to_jsonb(m.group_key))
returning m.fingerprint`

const END_GROUP = `
delete from assay_alert_groups
where scope = $1 and key = $2 and not exists (
  select from assay_alert_members where scope = $1 and group_key = $2
)`

// Somebody may have taken the group on while its round was under way: then it is due.
const SAVE_GROUP = `
update assay_alert_groups set
  state = $3::text::jsonb, lease_token = null, lease_until = null,
  next_at = case when acknowledged_at > $5::float8 then 0 else $4::float8 end
where scope = $1 and key = $2`
