import type { SqlClient, SqlRow } from '@assay/core'
import { z } from 'zod'

import type {
  MonitoringDashboard,
  MonitoringRepository,
} from '../../monitoring-events/monitoring-repository.ts'
import { severitySchema } from './finding-row.ts'
import { listHealth, saveHealth } from './health-snapshots.ts'
import { listEvents } from './list-events.ts'
import { readCounts } from './read-counts.ts'
import { readEventFigures } from './read-event-figures.ts'
import { readEvent, updateEvent } from './update-event.ts'
import { runWriteTransaction } from './write-transaction.ts'

/**
 * What people and their tools read of `createPostgresMonitorStore`, and write about it. Pages are read
 * in the order of an index, so the thousandth costs what the first does. The dashboard is as old as
 * the last `maintainMonitoring`.
 *
 * @param client the database; `migrate` has brought it up to date
 *
 * @example
 * ```ts no-run
 * import { fromPgPool } from '@assay/core/postgres'
 * import { createPostgresMonitoringRepository } from '@assay/detectors/postgres'
 * import pg from 'pg'
 *
 * const repository = createPostgresMonitoringRepository(fromPgPool(new pg.Pool()))
 * const { events, next } = await repository.listEvents({ status: 'open', limit: 50 })
 * console.log(events.length, next)
 * ```
 */
export function createPostgresMonitoringRepository(client: SqlClient): MonitoringRepository {
  return {
    listEvents: (filter) => listEvents(client, filter),
    getEvent: (eventId) => readEvent(client, eventId),
    updateEvent: (update) => runWriteTransaction(client, (tx) => updateEvent(tx, update)),
    readCounts: (range) => readCounts(client, range),
    readEventFigures: (now) => readEventFigures(client, now),
    async readDashboard() {
      const { rows } = await client.query(READ_DASHBOARD)
      return summarise(rows)
    },
    listHealth: (limit) => listHealth(client, limit),
    saveHealth: (snapshot) => saveHealth(client, snapshot),
  }
}

function summarise(rows: readonly SqlRow[]): MonitoringDashboard {
  const read = z.array(summarySchema).parse(rows)
  const open = { critical: 0, high: 0, medium: 0, low: 0 }
  const byType = new Map<string, number>()
  const sum = { acknowledged: 0, resolvedLastDay: 0, detectedLastDay: 0 }
  for (const { type, severity, ...counts } of read) {
    // Before the first event there is a row without any.
    if (type === null || severity === null) continue
    open[severity] += counts.open
    if (counts.open > 0) byType.set(type, (byType.get(type) ?? 0) + counts.open)
    sum.acknowledged += counts.acknowledged
    sum.resolvedLastDay += counts.resolvedLastDay
    sum.detectedLastDay += counts.detectedLastDay
  }
  return {
    refreshedAt: read[0]?.refreshedAt.getTime() ?? 0,
    open,
    ...sum,
    // Rows come in the order of types, which a sort keeps among equals.
    openByType: [...byType]
      .map(([type, count]) => ({ type, count }))
      .toSorted((left, right) => right.count - left.count),
  }
}

const summarySchema = z.object({
  refreshedAt: z.date(),
  type: z.string().nullable(),
  severity: severitySchema.nullable(),
  open: z.number(),
  acknowledged: z.number(),
  resolvedLastDay: z.number(),
  detectedLastDay: z.number(),
})

const READ_DASHBOARD = `
select refreshed_at as "refreshedAt", event_type as type, severity,
  coalesce(open_events, 0)::float8 as open,
  coalesce(acknowledged_events, 0)::float8 as acknowledged,
  coalesce(resolved_last_day, 0)::float8 as "resolvedLastDay",
  coalesce(detected_last_day, 0)::float8 as "detectedLastDay"
from assay_dashboard_clock left join monitoring_dashboard_summary on true
order by event_type, severity`
