import type { SqlExecutor, SqlValue } from '@assay/core'

import { nameOfCallKey, type OracleCall, type OracleCallPolicy } from '../calls/oracle-call.ts'
import { CALL_COLUMNS, CALL_TABLES, parseCallRow } from './call-row.ts'

/** Reads calls. */
export async function selectCalls(
  sql: SqlExecutor,
  rest: string,
  values: readonly SqlValue[],
): Promise<readonly OracleCall[]> {
  const { rows } = await sql.query(`select ${CALL_COLUMNS} from ${CALL_TABLES} ${rest}`, values)
  return rows.map(parseCallRow)
}

/** Whatever is decided about a key is decided by one transaction at a time. */
export async function lockKeys(tx: SqlExecutor, names: readonly string[]): Promise<void> {
  if (names.length === 0) return
  await tx.query(LOCK, [JSON.stringify([...new Set(names)].toSorted())])
}

/** The keys of those of which only the newest matters. */
export function keysOf(
  calls: readonly (Parameters<typeof nameOfCallKey>[0] & { readonly policy: OracleCallPolicy })[],
): readonly string[] {
  return calls.filter(({ policy }) => policy === 'latest').map((call) => nameOfCallKey(call))
}

/** What a set needs of some keys: all that has not ended, and the newest that is on chain. */
export async function loadRivals(
  tx: SqlExecutor,
  names: readonly string[],
): Promise<readonly OracleCall[]> {
  if (names.length === 0) return []
  return selectCalls(tx, RIVALS, [JSON.stringify([...new Set(names)])])
}

const LOCK = `
select pg_advisory_xact_lock(hashtextextended('assay_oracle_calls ' || name, 0))
from jsonb_array_elements_text($1::jsonb) with ordinality as names (name, place) order by place`

/** An array, and not a subquery: for that the planner reads whole tables while it knows little of them. */
const RIVALS = `
where h.id = any (array (
  select call_id from assay_oracle_calls
  where call_key = any (array (select jsonb_array_elements_text($1::jsonb)))
    and state in ('waiting', 'carried')
  union all
  select newest.call_id from jsonb_array_elements_text($1::jsonb) as names (name), lateral (
    select call_id from assay_oracle_calls
    where call_key = name and state = 'succeeded'
    order by sequence desc, call_id desc limit 1
  ) as newest
))
order by h.id`
