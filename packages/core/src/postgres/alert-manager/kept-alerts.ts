import type { StoredAlert } from '../../alert-manager/stored-alert-change.ts'
import type { SqlExecutor } from '../../sql/sql-client.ts'
import { ALERT_COLUMNS, parseAlertRow } from './alert-row.ts'
import { BOUND_TEXTS } from './bound-texts.ts'

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
