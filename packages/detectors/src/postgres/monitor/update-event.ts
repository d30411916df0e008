import type { SqlExecutor } from '@assay/core'

import { applyEventUpdate } from '../../monitoring-events/apply-event-update.ts'
import type { MonitoringEvent } from '../../monitoring-events/monitoring-event.ts'
import type { MonitoringEventUpdate } from '../../monitoring-events/monitoring-repository.ts'
import { EVENT_COLUMNS, parseEventRow, writeStatus } from './event-row.ts'
import { toStorableText } from './storable-json.ts'

/** Reads one event; `null` when there is none. */
export async function readEvent(
  executor: SqlExecutor,
  eventId: string,
): Promise<MonitoringEvent | null> {
  // What is no number names no event, and must not reach the server.
  if (!/^\d{1,18}$/.test(eventId)) return null
  const { rows } = await executor.query(READ_EVENT, [eventId])
  return rows[0] === undefined ? null : parseEventRow(rows[0])
}

/**
 * Takes an event on, or ends it. What a person ends is told as ended, so that its alert ends too. The
 * key is locked first, as by a monitor that changes the same finding.
 */
export async function updateEvent(
  tx: SqlExecutor,
  update: MonitoringEventUpdate,
): Promise<MonitoringEvent | 'unknown' | 'conflict'> {
  const named = await readEvent(tx, update.eventId)
  if (named === null) return 'unknown'
  await tx.query(LOCK_KEY, [named.fingerprint])
  const current = await readEvent(tx, update.eventId)
  if (current === null) return 'unknown'

  const event = applyEventUpdate(current, {
    ...update,
    by: toStorableText(update.by),
    notes: update.notes === null ? null : toStorableText(update.notes),
  })
  if (event === 'conflict') return event
  await tx.query(UPDATE_EVENT, [
    event.eventId,
    writeStatus(event.status),
    event.acknowledgedBy,
    event.acknowledgedAt,
    event.acknowledgementNotes,
    event.resolvedBy,
    event.resolvedAt,
    event.resolutionNotes,
    event.updatedAt,
  ])
  if (event.status === 'resolved') await tx.query(END_FINDING, [event.fingerprint, update.now])
  return event
}

const READ_EVENT = `
select ${EVENT_COLUMNS} from monitoring_events as event where event.event_id = $1::bigint`

const LOCK_KEY = 'select from assay_finding_keys where fingerprint = $1 for update'

const UPDATE_EVENT = `
update monitoring_events set
  status = $2,
  acknowledged_by = $3, acknowledged_at = to_timestamp($4::float8 / 1000),
  acknowledgement_notes = $5,
  resolved_by = $6, resolved_at = to_timestamp($7::float8 / 1000),
  resolution_notes = $8, updated_at = to_timestamp($9::float8 / 1000)
where event_id = $1::bigint`

const END_FINDING = `
update assay_finding_keys
set action = 'resolve', ended_at = to_timestamp($2::float8 / 1000), ending = 'by-person',
  revision = revision + 1
where fingerprint = $1`
