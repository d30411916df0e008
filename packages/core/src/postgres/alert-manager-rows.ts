import { z } from 'zod'

import type { AlertGroupState } from '../alert-manager/alert-group-state.ts'
import type { AlertHistoryEntry } from '../alert-manager/alert-history.ts'
import type { AlertTelling, ClaimedAlertGroup } from '../alert-manager/alert-manager-store.ts'
import type { Silence } from '../alert-manager/silence.ts'
import type { StoredAlert } from '../alert-manager/stored-alert-change.ts'
import type { Alert } from '../alerts/alert.ts'
import { AssayError } from '../errors/assay-error.ts'
import type { SqlRow } from '../sql/sql-client.ts'

/** An alert, from a row with {@link ALERT_COLUMNS}. */
export function parseAlertRow(row: SqlRow): StoredAlert {
  const parsed = parse(alertRowSchema, row, 'assay_alerts')
  return {
    fingerprint: parsed.fingerprint,
    alert: parsed.alert,
    firedAt: parsed.fired_at,
    endsAt: parsed.ends_at,
    expiresAt: parsed.expires_at,
    inhibits: parsed.inhibits,
    groupKeys: parsed.group_keys,
  }
}

/** A group without its members, from a row with {@link GROUP_COLUMNS}. */
export function parseGroupRow(row: SqlRow): Omit<ClaimedAlertGroup, 'members'> {
  const parsed = parse(groupRowSchema, row, 'assay_alert_groups')
  const { acknowledged_by: by, acknowledged_at: at } = parsed
  return {
    key: parsed.key,
    routeId: parsed.route_id,
    receiver: parsed.receiver,
    labels: parsed.labels,
    createdAt: parsed.created_at,
    acknowledgement: by === null || at === null ? null : { by, at },
    state: parsed.state,
    isAbandoned: parsed.is_abandoned,
  }
}

/** A member, from a row with the columns of its alert. */
export function parseMemberRow(row: SqlRow): AlertTelling & { readonly groupKey: string } {
  const { group_key, told, unsure } = parse(memberRowSchema, row, 'assay_alert_members')
  return { groupKey: group_key, told, unsure }
}

/** A silence, from a row with {@link SILENCE_COLUMNS}. */
export function parseSilenceRow(row: SqlRow): Silence {
  const {
    starts_at: startsAt,
    ends_at: endsAt,
    ...parsed
  } = parse(silenceRowSchema, row, 'assay_alert_silences')
  return { ...parsed, startsAt, endsAt }
}

/** An entry of the history, from a row with {@link HISTORY_COLUMNS}. */
export function parseHistoryRow(row: SqlRow): AlertHistoryEntry {
  const parsed = parse(historyRowSchema, row, 'alert_history')
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

export const ALERT_COLUMNS =
  'a.fingerprint, a.alert, a.fired_at, a.ends_at, a.expires_at, a.inhibits, a.group_keys'
export const GROUP_COLUMNS =
  'g.key, g.route_id, g.receiver, g.labels, g.created_at, g.state, g.acknowledged_by, g.acknowledged_at'
export const SILENCE_COLUMNS = 'id, matchers, starts_at, ends_at, author, comment'
export const HISTORY_COLUMNS = `
  event, alert_timestamp, alert_level, alert_message, reason, group_key, receiver, fingerprints,
  escalation_level, acknowledged_by, error_code`

const severitySchema = z.enum(['critical', 'high', 'medium', 'low'])
const textsSchema = z.array(z.string())
const labelsSchema = z.record(z.string(), z.string())

const alertSchema: z.ZodType<Alert> = z.object({
  name: z.string(),
  severity: severitySchema,
  labels: labelsSchema,
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
  inhibits: textsSchema,
  group_keys: textsSchema,
})

const stateSchema: z.ZodType<AlertGroupState> = z.object({
  flushAt: z.number(),
  targets: z.record(
    z.string(),
    z.object({
      sequence: z.int(),
      notifiedAt: z.number().nullable(),
      failureCount: z.int(),
      retryAt: z.number().nullable(),
      owedLevel: z.int(),
      shownAcknowledgementAt: z.number(),
    }),
  ),
  escalation: z
    .object({
      severity: severitySchema,
      startedAt: z.number(),
      level: z.int(),
      nextAt: z.number().nullable(),
    })
    .nullable(),
  acknowledgedAt: z.number(),
})

const groupRowSchema = z.object({
  key: z.string(),
  route_id: z.string(),
  receiver: z.string(),
  labels: labelsSchema,
  created_at: z.number(),
  state: stateSchema,
  acknowledged_by: z.string().nullable(),
  acknowledged_at: z.number().nullable(),
  is_abandoned: z.boolean(),
})

const memberRowSchema = z.object({
  group_key: z.string(),
  told: textsSchema,
  unsure: textsSchema,
})

const silenceRowSchema = z.object({
  id: z.string(),
  matchers: z.array(
    z.object({ label: z.string(), op: z.enum(['=', '!=', '=~', '!~']), value: z.string() }),
  ),
  starts_at: z.number(),
  ends_at: z.number(),
  author: z.string(),
  comment: z.string(),
})

const historyRowSchema = z.object({
  event: z.enum(['notified', 'refused', 'acknowledged']),
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
  fingerprints: textsSchema,
  escalation_level: z.int(),
  acknowledged_by: z.string().nullable(),
  error_code: z.string().nullable(),
})

function parse<Schema extends z.ZodType>(
  schema: Schema,
  row: SqlRow,
  table: string,
): z.output<Schema> {
  const parsed = schema.safeParse(row)
  if (parsed.success) return parsed.data
  throw new AssayError('ALERT_ROW_INVALID', {
    message: `A row of ${table} is not one that this release wrote.`,
    retry: 'never',
    context: {
      table,
      columns: [...new Set(parsed.error.issues.map(({ path }) => path[0]))].join(', '),
    },
    cause: parsed.error,
  })
}
