import { z } from 'zod'

import type { StoredAlert } from '../../alert-manager/stored-alert-change.ts'
import type { Alert } from '../../alerts/alert.ts'
import type { SqlRow } from '../../sql/sql-client.ts'
import { parseRow } from './parse-row.ts'

export const ALERT_COLUMNS =
  'fingerprint, alert, fired_at, ends_at, expires_at, inhibits, group_keys, placed_at'

/** An alert, from a row with {@link ALERT_COLUMNS}. */
export function parseAlertRow(row: SqlRow): StoredAlert {
  const parsed = parseRow(alertRowSchema, row, 'assay_alerts')
  return {
    fingerprint: parsed.fingerprint,
    alert: parsed.alert,
    firedAt: parsed.fired_at,
    endsAt: parsed.ends_at,
    expiresAt: parsed.expires_at,
    inhibits: parsed.inhibits,
    groupKeys: parsed.group_keys,
    placedAt: parsed.placed_at,
  }
}

export const severitySchema = z.enum(['critical', 'high', 'medium', 'low'])

const alertSchema: z.ZodType<Alert> = z.object({
  name: z.string(),
  severity: severitySchema,
  labels: z.record(z.string(), z.string()),
  summary: z.string(),
  description: z.string().optional(),
  runbookUrl: z.string().optional(),
  value: z.number().optional(),
  startsAt: z.number(),
  source: z.string(),
})

const alertRowSchema = z.object({
  fingerprint: z.string(),
  alert: alertSchema,
  fired_at: z.number(),
  ends_at: z.number().nullable(),
  expires_at: z.number().nullable(),
  inhibits: z.array(z.string()),
  group_keys: z.array(z.string()),
  placed_at: z.number().nullable(),
})
