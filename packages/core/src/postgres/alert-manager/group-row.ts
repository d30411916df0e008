import { z } from 'zod'

import type { AlertGroupState } from '../../alert-manager/alert-group-state.ts'
import type { AlertTelling, ClaimedAlertGroup } from '../../alert-manager/alert-manager-store.ts'
import type { SqlRow } from '../../sql/sql-client.ts'
import { severitySchema } from './alert-row.ts'
import { parseRow } from './parse-row.ts'

export const GROUP_COLUMNS =
  'key, route_id, receiver, labels, created_at, state, acknowledged_by, acknowledged_at'

/** A group without its members, from a row with {@link GROUP_COLUMNS} and `is_abandoned`. */
export function parseGroupRow(row: SqlRow): Omit<ClaimedAlertGroup, 'members'> {
  const parsed = parseRow(groupRowSchema, row, 'assay_alert_groups')
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

/** A member without its alert. */
export function parseMemberRow(row: SqlRow): AlertTelling & { readonly groupKey: string } {
  const { group_key, told, unsure } = parseRow(memberRowSchema, row, 'assay_alert_members')
  return { groupKey: group_key, told, unsure }
}

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
      level: z.int(),
      nextAt: z.number().nullable(),
      stoppedAt: z.number().nullable(),
    })
    .nullable(),
  acknowledgedAt: z.number(),
})

const groupRowSchema = z.object({
  key: z.string(),
  route_id: z.string(),
  receiver: z.string(),
  labels: z.record(z.string(), z.string()),
  created_at: z.number(),
  state: stateSchema,
  acknowledged_by: z.string().nullable(),
  acknowledged_at: z.number().nullable(),
  is_abandoned: z.boolean(),
})

const memberRowSchema = z.object({
  group_key: z.string(),
  told: z.array(z.string()),
  unsure: z.array(z.string()),
})
