import type { SqlExecutor } from '../../sql/sql-client.ts'
import { BOUND_TEXTS } from './bound-texts.ts'

/**
 * Deletes ended alerts without a group.
 *
 * @param fingerprints those that it may delete; without them, all
 */
export async function forgetGrouplessAlerts(
  tx: SqlExecutor,
  scope: string,
  fingerprints?: readonly string[],
): Promise<void> {
  if (fingerprints === undefined) await tx.query(FORGET_ALL, [scope])
  else await tx.query(FORGET_SOME, [scope, JSON.stringify(fingerprints)])
}

/** One that is being changed is skipped: it may fire again. */
const forget = (which: string): string => `
with groupless as materialized (
  select a.fingerprint from assay_alerts a
  where a.scope = $1 and a.ends_at is not null and ${which} and not exists (
    select from assay_alert_members m where m.scope = a.scope and m.fingerprint = a.fingerprint
  )
  for update of a skip locked
)
delete from assay_alerts a using groupless
where a.scope = $1 and a.fingerprint = groupless.fingerprint`

const FORGET_ALL = forget('true')
const FORGET_SOME = forget(`a.fingerprint in (${BOUND_TEXTS})`)
