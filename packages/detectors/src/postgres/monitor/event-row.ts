import type { SqlRow } from '@assay/core'
import { z } from 'zod'

import type { MonitoringEvent } from '../../monitoring-events/monitoring-event.ts'
import { amountSchema, evidenceSchema, severitySchema } from './finding-row.ts'

/** What an event is read from. */
export const EVENT_COLUMNS = `
  event.event_id, event.fingerprint, event.event_type, event.severity, event.card_id,
  event.transaction_ids, event.affected_amount_minor, event.currency, event.detection_algorithm,
  event.confidence_score, event.event_data, event.status, event.event_time_ms,
  event.detection_timestamp, event.updated_at, event.acknowledged_by, event.acknowledged_at,
  event.acknowledgement_notes, event.resolved_by, event.resolved_at, event.resolution_notes`

/** Reads {@link EVENT_COLUMNS}. */
export function parseEventRow(row: SqlRow): MonitoringEvent {
  const read = eventRowSchema.parse(row)
  return {
    eventId: String(read.event_id),
    fingerprint: read.fingerprint,
    type: read.event_type,
    severity: read.severity,
    cardId: read.card_id,
    transactionIds: read.transaction_ids,
    amountMinor: read.affected_amount_minor,
    currency: read.currency,
    algorithm: read.detection_algorithm,
    confidence: read.confidence_score,
    eventData: read.event_data,
    status: STATUSES[read.status],
    eventTime: read.event_time_ms,
    detectedAt: read.detection_timestamp.getTime(),
    updatedAt: read.updated_at.getTime(),
    acknowledgedBy: read.acknowledged_by,
    acknowledgedAt: read.acknowledged_at?.getTime() ?? null,
    acknowledgementNotes: read.acknowledgement_notes,
    resolvedBy: read.resolved_by,
    resolvedAt: read.resolved_at?.getTime() ?? null,
    resolutionNotes: read.resolution_notes,
  }
}

/** The status as the tables have it. */
export function writeStatus(status: MonitoringEvent['status']): keyof typeof STATUSES {
  return WRITTEN_STATUSES[status]
}

const STATUSES = { OPEN: 'open', ACKNOWLEDGED: 'acknowledged', RESOLVED: 'resolved' } as const

const WRITTEN_STATUSES = {
  open: 'OPEN',
  acknowledged: 'ACKNOWLEDGED',
  resolved: 'RESOLVED',
} as const

const eventRowSchema = z.object({
  event_id: z.bigint(),
  fingerprint: z.string(),
  event_type: z.string(),
  severity: severitySchema,
  card_id: z.string(),
  transaction_ids: z.array(z.string()),
  affected_amount_minor: amountSchema,
  currency: z.string().nullable(),
  detection_algorithm: z.string(),
  confidence_score: z.number(),
  event_data: evidenceSchema,
  status: z.enum(['OPEN', 'ACKNOWLEDGED', 'RESOLVED']),
  event_time_ms: z.number(),
  detection_timestamp: z.date(),
  updated_at: z.date(),
  acknowledged_by: z.string().nullable(),
  acknowledged_at: z.date().nullable(),
  acknowledgement_notes: z.string().nullable(),
  resolved_by: z.string().nullable(),
  resolved_at: z.date().nullable(),
  resolution_notes: z.string().nullable(),
})
