import { assertWholeNumber, type SqlExecutor, type SqlRow } from '@assay/core'
import { z } from 'zod'

import type { SystemHealthSnapshot } from '../../monitoring-events/system-health-snapshot.ts'
import { toStorableJson } from './storable-json.ts'

/** The newest snapshots, newest first. */
export async function listHealth(
  executor: SqlExecutor,
  limit: number,
): Promise<readonly SystemHealthSnapshot[]> {
  assertWholeNumber('listHealth', 'limit', limit, { min: 1 })
  const { rows } = await executor.query(LIST_HEALTH, [limit])
  return rows.map(parseSnapshotRow)
}

/** Adds a snapshot. */
export async function saveHealth(
  executor: SqlExecutor,
  snapshot: SystemHealthSnapshot,
): Promise<void> {
  await executor.query(SAVE_HEALTH, [
    snapshot.takenAt,
    snapshot.status,
    snapshot.totalTransactionsLastHour,
    snapshot.successfulTransactionsLastHour,
    snapshot.failedTransactionsLastHour,
    snapshot.successRateBps,
    snapshot.processingP50Ms,
    snapshot.processingP95Ms,
    snapshot.processingP99Ms,
    toStorableJson(snapshot.totalBalanceMinor),
    snapshot.negativeBalances,
    snapshot.openEvents,
    snapshot.criticalEventsLastHour,
  ])
}

function parseSnapshotRow(row: SqlRow): SystemHealthSnapshot {
  const read = snapshotRowSchema.parse(row)
  return {
    takenAt: read.snapshot_timestamp.getTime(),
    status: read.status,
    totalTransactionsLastHour: read.total,
    successfulTransactionsLastHour: read.successful,
    failedTransactionsLastHour: read.failed,
    successRateBps: read.success_rate_bps,
    processingP50Ms: read.processing_p50_ms,
    processingP95Ms: read.processing_p95_ms,
    processingP99Ms: read.processing_p99_ms,
    totalBalanceMinor: read.total_balance_minor,
    negativeBalances: read.negative,
    openEvents: read.open,
    criticalEventsLastHour: read.critical,
  }
}

const snapshotRowSchema = z.object({
  snapshot_timestamp: z.date(),
  status: z.enum(['healthy', 'degraded', 'unknown']),
  total: z.number(),
  successful: z.number(),
  failed: z.number(),
  success_rate_bps: z.number().nullable(),
  processing_p50_ms: z.number().nullable(),
  processing_p95_ms: z.number().nullable(),
  processing_p99_ms: z.number().nullable(),
  total_balance_minor: z.record(z.string(), z.string().transform(BigInt)),
  negative: z.number(),
  open: z.number(),
  critical: z.number(),
})

const LIST_HEALTH = `
select snapshot_timestamp, status, total_transactions_last_hour::float8 as total,
  successful_transactions_last_hour::float8 as successful,
  failed_transactions_last_hour::float8 as failed,
  (success_rate_percent * 100)::int as success_rate_bps,
  processing_p50_ms, processing_p95_ms, processing_p99_ms, total_balance_minor,
  negative_balances::float8 as negative, open_events::float8 as open,
  critical_events_last_hour::float8 as critical
from system_health_snapshots
order by snapshot_timestamp desc, snapshot_id desc limit $1::bigint`

const SAVE_HEALTH = `
insert into system_health_snapshots (
  snapshot_timestamp, status, total_transactions_last_hour, successful_transactions_last_hour,
  failed_transactions_last_hour, success_rate_percent, processing_p50_ms, processing_p95_ms,
  processing_p99_ms, total_balance_minor, negative_balances, open_events, critical_events_last_hour
) values (
  to_timestamp($1::float8 / 1000), $2, $3, $4, $5, $6::numeric / 100, $7, $8, $9,
  $10::text::jsonb, $11, $12, $13
)`
