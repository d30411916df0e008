import type { AlertGroupClaim } from '../../alert-manager/alert-manager-store.ts'
import type { SqlExecutor, SqlRow } from '../../sql/sql-client.ts'
import { BOUND_TEXTS } from './bound-texts.ts'
import { GROUP_COLUMNS } from './group-row.ts'

/** Lends groups that are due, and returns their rows, those first that have been due longest. */
export async function claimDueGroups(
  tx: SqlExecutor,
  scope: string,
  { now, leaseMs, token, limit, receivers }: AlertGroupClaim,
): Promise<readonly SqlRow[]> {
  const { rows } = await tx.query(CLAIM, [
    scope,
    JSON.stringify([...receivers]),
    now,
    token,
    leaseMs,
    limit,
  ])
  return rows
}

const CLAIM = `
with due as materialized (
  select key as due_key, lease_token is not null as is_abandoned from assay_alert_groups
  where scope = $1 and next_at <= $3::float8
    and (lease_until is null or lease_until <= $3::float8)
    and (receiver in (${BOUND_TEXTS}) or next_at <= $3::float8 - $5::float8)
  order by next_at, key limit $6::bigint
  for update skip locked
), claimed as (
  update assay_alert_groups set lease_token = $4, lease_until = $3::float8 + $5::float8
  from due where scope = $1 and key = due_key
  returning ${GROUP_COLUMNS}, next_at, is_abandoned
)
select * from claimed order by next_at, key`
