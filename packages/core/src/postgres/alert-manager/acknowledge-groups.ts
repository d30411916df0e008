import type { SqlExecutor } from '../../sql/sql-client.ts'

/** Notes who took groups on, makes them due, and returns their keys. */
export async function acknowledgeGroups(
  tx: SqlExecutor,
  scope: string,
  { key, by, at }: { readonly key: string; readonly by: string; readonly at: number },
): Promise<string[]> {
  const { rows } = await tx.query(ACKNOWLEDGE, [scope, key, by, at])
  return rows.map((row) => String(row['key']))
}

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
