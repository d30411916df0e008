import type { ToldAlerts } from '../../alert-manager/alert-manager-store.ts'
import { SEVERITIES } from '../../alert-manager/severity-rank.ts'
import type { StoredAlert } from '../../alert-manager/stored-alert-change.ts'
import { AssayError } from '../../errors/assay-error.ts'
import type { SqlExecutor } from '../../sql/sql-client.ts'
import { ALERT_COLUMNS, parseAlertRow } from './alert-row.ts'
import { BOUND_TEXTS } from './bound-texts.ts'
import { readable } from './parse-row.ts'

/** Which of these names some alert that fires now carries in `inhibits`. */
export async function findFiringInhibitors(
  client: SqlExecutor,
  scope: string,
  names: readonly string[],
): Promise<ReadonlySet<string>> {
  if (names.length === 0) return new Set()
  const { rows } = await client.query(FIRING_INHIBITORS, [scope, JSON.stringify(names)])
  return new Set(rows.map((row) => String(row['name'])))
}

/** Ends alerts that should have been fired again by now, and returns how many. */
export async function expireAlerts(tx: SqlExecutor, scope: string, now: number): Promise<number> {
  const { rowCount } = await tx.query(EXPIRE, [scope, now])
  return rowCount
}

/** The alerts that are kept, those that fired last first. */
export async function listAlerts(
  client: SqlExecutor,
  scope: string,
  limit: number,
): Promise<StoredAlert[]> {
  const { rows } = await client.query(LIST_ALERTS, [scope, limit])
  return rows.map(parseAlertRow)
}

/**
 * The alerts that fire and that a receiver was told of, the worst first, then those that have fired
 * longest. A row that cannot be read is left out, so that it does not stand in the way of the others.
 */
export async function listToldAlerts(
  client: SqlExecutor,
  scope: string,
  { receiver, limit }: { readonly receiver: string; readonly limit: number },
): Promise<ToldAlerts> {
  const { rows } = await client.query(LIST_TOLD, [scope, receiver, limit])
  const alerts = rows.flatMap((row) => {
    const alert = readable(() => parseAlertRow(row))
    return alert instanceof AssayError ? [] : [alert]
  })
  return { alerts, omittedCount: Number(rows[0]?.['total'] ?? 0) - alerts.length }
}

/** Which of these alerts fire now. */
export async function findFiring(
  client: SqlExecutor,
  scope: string,
  fingerprints: readonly string[],
): Promise<ReadonlySet<string>> {
  if (fingerprints.length === 0) return new Set()
  const { rows } = await client.query(FIRING, [scope, JSON.stringify(fingerprints)])
  return new Set(rows.map((row) => String(row['fingerprint'])))
}

const FIRING_INHIBITORS = `
select distinct name
from assay_alerts, jsonb_array_elements_text(inhibits) as name
where scope = $1 and ends_at is null and inhibits <> '[]' and name in (${BOUND_TEXTS})`

const EXPIRE = `
with expired as materialized (
  select fingerprint from assay_alerts
  where scope = $1 and ends_at is null and expires_at <= $2::float8
  order by fingerprint for update skip locked
)
update assay_alerts a set ends_at = $2::float8
from expired where a.scope = $1 and a.fingerprint = expired.fingerprint`

const LIST_ALERTS = `
select ${ALERT_COLUMNS} from assay_alerts where scope = $1
order by fired_at desc, fingerprint limit $2::bigint`

const LIST_TOLD = `
with known as materialized (
  select distinct fingerprint from assay_alert_members
  where scope = $1 and told @> to_jsonb($2::text)
)
select ${ALERT_COLUMNS}, count(*) over () as total
from assay_alerts join known using (fingerprint)
where scope = $1 and ends_at is null
order by array_position('{${SEVERITIES.join()}}'::text[], alert->>'severity'), fired_at, fingerprint
limit $3::bigint`

const FIRING = `
select fingerprint from assay_alerts
where scope = $1 and ends_at is null and fingerprint in (${BOUND_TEXTS})`
