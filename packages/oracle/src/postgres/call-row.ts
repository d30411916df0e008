import { AssayError, type SqlRow } from '@assay/core'
import { z } from 'zod'

import type { OracleCall } from '../calls/oracle-call.ts'

/** A call as both of its tables have it. */
export const CALL_COLUMNS = `
h.id, h.fpmm_address, h.season_id, h.player_address, h.function_name, h.parameters, h.attempt_count,
h.max_attempts, h.transaction_hash, h.error_message, h.error_code, h.retry_reason, h.notes,
round(extract(epoch from h.created_at) * 1000)::float8 as created_at,
round(extract(epoch from h.first_attempt_at) * 1000)::float8 as first_attempt_at,
round(extract(epoch from h.last_attempt_at) * 1000)::float8 as last_attempt_at,
round(extract(epoch from h.completed_at) * 1000)::float8 as completed_at,
c.idempotency_key, c.request_hash, c.contract, c.bps, c.policy, c.sequence, c.observed_at, c.state,
c.revision, c.carrier, c.has_joined, c.transaction_id, c.not_before`

export const CALL_TABLES = 'oracle_call_history h join assay_oracle_calls c on c.call_id = h.id'

/**
 * Reads a row with {@link CALL_COLUMNS}.
 *
 * @throws {AssayError} `ORACLE_CALL_ROW_INVALID`
 */
export function parseCallRow(row: SqlRow): OracleCall {
  const parsed = rowSchema.safeParse(row)
  if (!parsed.success) throw rowInvalidError(parsed.error)
  const { data } = parsed
  return {
    id: data.id,
    idempotencyKey: data.idempotency_key,
    requestHash: data.request_hash,
    contract: data.contract,
    market: data.fpmm_address,
    functionName: data.function_name,
    args: data.parameters,
    bps: data.bps,
    policy: data.policy,
    sequence: data.sequence,
    observedAt: data.observed_at,
    seasonId: data.season_id,
    player: data.player_address,
    state: data.state,
    revision: data.revision,
    attemptCount: data.attempt_count,
    attemptsMax: data.max_attempts,
    carrier: data.carrier,
    hasJoined: data.has_joined,
    transactionId: data.transaction_id,
    notBefore: data.not_before,
    transactionHash: data.transaction_hash,
    errorCode: data.error_code,
    errorMessage: data.error_message,
    retryReason: data.retry_reason,
    notes: data.notes,
    createdAt: data.created_at,
    firstAttemptAt: data.first_attempt_at,
    lastAttemptAt: data.last_attempt_at,
    completedAt: data.completed_at,
  }
}

const textSchema = z.string().nullable()
const momentSchema = z.number().nullable()

const rowSchema = z.object({
  id: z.bigint(),
  fpmm_address: z.string(),
  season_id: z.number().nullable(),
  player_address: textSchema,
  function_name: z.string(),
  parameters: z.array(z.json()),
  attempt_count: z.number(),
  max_attempts: z.number(),
  transaction_hash: textSchema,
  error_message: textSchema,
  error_code: textSchema,
  retry_reason: textSchema,
  notes: textSchema,
  created_at: z.number(),
  first_attempt_at: momentSchema,
  last_attempt_at: momentSchema,
  completed_at: momentSchema,
  idempotency_key: z.string(),
  request_hash: z.string(),
  contract: z.string(),
  bps: z.number().nullable(),
  policy: z.enum(['latest', 'every']),
  sequence: z.bigint(),
  observed_at: z.number(),
  state: z.enum(['waiting', 'carried', 'succeeded', 'failed', 'superseded']),
  revision: z.bigint().transform(Number),
  carrier: textSchema,
  has_joined: z.boolean(),
  transaction_id: textSchema,
  not_before: z.number(),
})

function rowInvalidError(cause: z.ZodError): AssayError {
  return new AssayError('ORACLE_CALL_ROW_INVALID', {
    message: 'A row of oracle_call_history is not one that this release wrote.',
    retry: 'never',
    context: { columns: [...new Set(cause.issues.map(({ path }) => path[0]))].join(', ') },
    cause,
  })
}
