import { z } from 'zod'

import type { AlertHistoryEntry, AlertHistoryFilter } from '../../alert-manager/alert-history.ts'
import type { SqlExecutor, SqlRow } from '../../sql/sql-client.ts'
import { severitySchema } from './alert-row.ts'
import { parseRow } from './parse-row.ts'

/** Adds entries to the history. */
export async function addHistory(
  tx: SqlExecutor,
  scope: string,
  entries: readonly AlertHistoryEntry[],
): Promise<void> {
  await tx.query(ADD_HISTORY, [scope, JSON.stringify(entries.map(entryToJson))])
}

/** Entries of the history, the newest first. */
export async function listHistory(
  client: SqlExecutor,
  scope: string,
  {
    fingerprint,
    groupKey,
    receiver,
    since,
    limit,
  }: AlertHistoryFilter & { readonly limit: number },
): Promise<AlertHistoryEntry[]> {
  const { rows } = await client.query(LIST_HISTORY, [
    scope,
    fingerprint === undefined ? null : JSON.stringify([fingerprint]),
    groupKey ?? null,
    receiver ?? null,
    since ?? null,
    limit,
  ])
  return rows.map(parseHistoryRow)
}

/** Deletes the oldest entries of before a moment, `limit` at most, and returns how many. */
export async function pruneHistory(
  tx: SqlExecutor,
  scope: string,
  { before, limit }: { readonly before: number; readonly limit: number },
): Promise<number> {
  const { rowCount } = await tx.query(PRUNE_HISTORY, [scope, before, limit])
  return rowCount
}

const DETAIL_COLUMNS = `
  event, alert_level, alert_message, reason, group_key, receiver, fingerprints, escalation_level,
  acknowledged_by, error_code`

const ADD_HISTORY = `
insert into alert_history (scope, alert_timestamp, ${DETAIL_COLUMNS})
select $1, to_timestamp(at / 1000), ${DETAIL_COLUMNS}
from jsonb_to_recordset($2::text::jsonb) as added(
  at float8, event text, alert_level text, alert_message text, reason text, group_key text,
  receiver text, fingerprints jsonb, escalation_level int, acknowledged_by text, error_code text
)`

const LIST_HISTORY = `
select alert_timestamp, ${DETAIL_COLUMNS} from alert_history
where scope = $1
  and ($2::text is null or fingerprints @> $2::text::jsonb)
  and ($3::text is null or group_key = $3)
  and ($4::text is null or receiver = $4)
  and ($5::float8 is null or alert_timestamp >= to_timestamp($5::float8 / 1000))
order by alert_timestamp desc, alert_id desc limit $6::bigint`

const PRUNE_HISTORY = `
delete from alert_history where alert_id in (
  select alert_id from alert_history
  where scope = $1 and alert_timestamp < to_timestamp($2::float8 / 1000)
  order by alert_timestamp, alert_id limit $3::bigint
)`

const historyRowSchema = z.object({
  event: z.enum(['notified', 'refused', 'acknowledged', 'resolved']),
  alert_timestamp: z.date(),
  alert_level: severitySchema,
  alert_message: z.string(),
  reason: z.enum([
    'firing',
    'resolved-members',
    'resolved',
    'repeat',
    'escalation',
    'acknowledged',
  ]),
  group_key: z.string(),
  receiver: z.string(),
  fingerprints: z.array(z.string()),
  escalation_level: z.int(),
  acknowledged_by: z.string().nullable(),
  error_code: z.string().nullable(),
})

function parseHistoryRow(row: SqlRow): AlertHistoryEntry {
  const parsed = parseRow(historyRowSchema, row, 'alert_history')
  return {
    event: parsed.event,
    at: parsed.alert_timestamp.getTime(),
    severity: parsed.alert_level,
    message: parsed.alert_message,
    reason: parsed.reason,
    groupKey: parsed.group_key,
    receiver: parsed.receiver,
    fingerprints: parsed.fingerprints,
    escalationLevel: parsed.escalation_level,
    acknowledgedBy: parsed.acknowledged_by,
    errorCode: parsed.error_code,
  }
}

function entryToJson(entry: AlertHistoryEntry): object {
  return {
    at: entry.at,
    event: entry.event,
    alert_level: entry.severity,
    alert_message: entry.message,
    reason: entry.reason,
    group_key: entry.groupKey,
    receiver: entry.receiver,
    fingerprints: entry.fingerprints,
    escalation_level: entry.escalationLevel,
    acknowledged_by: entry.acknowledgedBy,
    error_code: entry.errorCode,
  }
}
