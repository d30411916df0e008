import type { SqlRow } from '@assay/core'
import { z } from 'zod'

import type { Finding } from '../../detector/finding.ts'
import { algorithmOf, parseAlgorithm } from '../../monitoring-events/finding-algorithm.ts'

/** What a finding is read from: an event, joined with its key. */
export const FINDING_COLUMNS = `
  event.fingerprint, event.event_type, event.detection_algorithm, event.severity, event.card_id,
  event.transaction_ids, event.affected_amount_minor, event.currency, event.event_time_ms,
  event.confidence_score, event.event_data, finding_key.action, finding_key.revision,
  finding_key.told_revision`

/**
 * The event of each key in `finding_key`, as `event`. A plain join may read every month there is, where
 * the planner takes the keys for more than they are.
 */
export const JOIN_EVENT = `
cross join lateral (
  select * from monitoring_events
  where event_id = finding_key.event_id and detection_timestamp = finding_key.detected_at limit 1
) as event`

/** The columns that a finding is written into, with their types. */
export const WRITTEN_COLUMNS = {
  fingerprint: 'text',
  event_type: 'text',
  severity: 'text',
  card_id: 'text',
  transaction_ids: 'jsonb',
  affected_amount_minor: 'numeric',
  currency: 'text',
  detection_algorithm: 'text',
  confidence_score: 'float8',
  event_data: 'jsonb',
  event_time_ms: 'float8',
} as const

type WrittenRow = Readonly<Record<keyof typeof WRITTEN_COLUMNS, unknown>>

/** A finding as the columns that it is written into. */
export function writeFinding(finding: Finding): WrittenRow {
  const { amount } = finding
  return {
    fingerprint: finding.fingerprint,
    event_type: finding.ruleId,
    severity: finding.severity,
    card_id: finding.subject,
    transaction_ids: finding.transactionIds,
    affected_amount_minor: amount === undefined ? null : String(amount.amountMinor),
    currency: amount?.currency ?? null,
    detection_algorithm: algorithmOf(finding),
    confidence_score: finding.confidence,
    event_data: finding.evidence,
    event_time_ms: finding.eventTime,
  }
}

/** Reads {@link FINDING_COLUMNS}. */
export function parseFindingRow(row: SqlRow): ReadFinding {
  const read = findingRowSchema.parse(row)
  const { affected_amount_minor: amountMinor, currency } = read
  return {
    finding: {
      fingerprint: read.fingerprint,
      ruleId: read.event_type,
      ruleVersion: parseAlgorithm(read.detection_algorithm),
      severity: read.severity,
      action: read.action,
      subject: read.card_id,
      transactionIds: read.transaction_ids,
      ...(amountMinor !== null && currency !== null && { amount: { amountMinor, currency } }),
      eventTime: read.event_time_ms,
      confidence: read.confidence_score,
      evidence: read.event_data,
    },
    revision: read.revision,
    toldRevision: read.told_revision,
  }
}

/** A finding with how often it has changed, and which change was told. */
export interface ReadFinding {
  readonly finding: Finding
  readonly revision: number
  readonly toldRevision: number
}

/** The shape of evidence. */
export const evidenceSchema = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean(), z.null()]),
)

/** The shape of the severity. */
export const severitySchema = z.enum(['critical', 'high', 'medium', 'low'])

/** The shape of an amount, which comes as text. */
export const amountSchema = z.string().transform(BigInt).nullable()

const findingRowSchema = z.object({
  fingerprint: z.string(),
  event_type: z.string(),
  detection_algorithm: z.string(),
  severity: severitySchema,
  card_id: z.string(),
  transaction_ids: z.array(z.string()),
  affected_amount_minor: amountSchema,
  currency: z.string().nullable(),
  event_time_ms: z.number(),
  confidence_score: z.number(),
  event_data: evidenceSchema,
  action: z.enum(['open', 'update', 'resolve']),
  revision: z.int(),
  told_revision: z.int(),
})
