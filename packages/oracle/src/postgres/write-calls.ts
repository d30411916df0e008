import type { SqlExecutor } from '@assay/core'

import type { OracleCallAttempt } from '../calls/oracle-call-store.ts'
import { nameOfCallKey, type OracleCall, statusOfCall } from '../calls/oracle-call.ts'

/** Writes calls as they are now, new ones and those that were there. Their rows are locked. */
export async function writeCalls(tx: SqlExecutor, calls: readonly OracleCall[]): Promise<void> {
  if (calls.length === 0) return
  const input = JSON.stringify(calls.map(toJson))
  await tx.query(WRITE_HISTORY, [input])
  await tx.query(WRITE_CALLS, [input])
}

/** Writes tries that have ended. */
export async function writeAttempts(
  tx: SqlExecutor,
  attempts: readonly OracleCallAttempt[],
): Promise<void> {
  if (attempts.length === 0) return
  const input = JSON.stringify(attempts.map((one) => ({ ...one, callId: String(one.callId) })))
  await tx.query(WRITE_ATTEMPTS, [input])
}

const ROWS = `jsonb_to_recordset($1::jsonb) as row (
  id bigint, market text, season_id int, player text, function_name text, args jsonb, status text,
  attempt_count int, attempts_max int, transaction_hash text, error_message text, error_code text,
  created_at float8, first_attempt_at float8, last_attempt_at float8, completed_at float8,
  idempotency_key text, retry_reason text, notes text, request_hash text, contract text,
  call_key text, bps int, policy text, sequence bigint, observed_at float8, state text,
  revision bigint, carrier text, has_joined boolean, transaction_id text, not_before float8
)`

const WRITE_HISTORY = `
insert into oracle_call_history as h (
  id, fpmm_address, season_id, player_address, function_name, parameters, status, attempt_count,
  max_attempts, transaction_hash, error_message, error_code, created_at, first_attempt_at,
  last_attempt_at, completed_at, request_id, retry_reason, notes
)
select id, market, season_id, player, function_name, args, status, attempt_count, attempts_max,
  transaction_hash, error_message, error_code, to_timestamp(created_at / 1000),
  to_timestamp(first_attempt_at / 1000), to_timestamp(last_attempt_at / 1000),
  to_timestamp(completed_at / 1000), idempotency_key, retry_reason, notes
from ${ROWS}
on conflict (id) do update set
  status = excluded.status, attempt_count = excluded.attempt_count,
  transaction_hash = excluded.transaction_hash, error_message = excluded.error_message,
  error_code = excluded.error_code, first_attempt_at = excluded.first_attempt_at,
  last_attempt_at = excluded.last_attempt_at, completed_at = excluded.completed_at,
  retry_reason = excluded.retry_reason, notes = excluded.notes`

const WRITE_CALLS = `
insert into assay_oracle_calls as c (
  call_id, idempotency_key, request_hash, contract, call_key, bps, policy, sequence, observed_at,
  state, revision, carrier, has_joined, transaction_id, not_before
)
select id, idempotency_key, request_hash, contract, call_key, bps, policy, sequence, observed_at,
  state, revision, carrier, has_joined, transaction_id, not_before
from ${ROWS}
on conflict (call_id) do update set
  state = excluded.state, revision = excluded.revision, carrier = excluded.carrier,
  has_joined = excluded.has_joined, transaction_id = excluded.transaction_id,
  not_before = excluded.not_before`

const WRITE_ATTEMPTS = `
insert into assay_oracle_call_attempts (
  call_id, number, carrier, transaction_hash, outcome, error_code, error_message, ended_at
)
select "callId", number, carrier, "transactionHash", outcome, "errorCode", "errorMessage", "endedAt"
from jsonb_to_recordset($1::jsonb) as row (
  "callId" bigint, number int, carrier text, "transactionHash" text, outcome text,
  "errorCode" text, "errorMessage" text, "endedAt" float8
)`

function toJson(call: OracleCall): object {
  return {
    id: String(call.id),
    market: call.market,
    season_id: call.seasonId,
    player: call.player,
    function_name: call.functionName,
    args: call.args,
    status: statusOfCall(call),
    attempt_count: call.attemptCount,
    attempts_max: call.attemptsMax,
    transaction_hash: call.transactionHash,
    error_message: call.errorMessage,
    error_code: call.errorCode,
    created_at: call.createdAt,
    first_attempt_at: call.firstAttemptAt,
    last_attempt_at: call.lastAttemptAt,
    completed_at: call.completedAt,
    idempotency_key: call.idempotencyKey,
    retry_reason: call.retryReason,
    notes: call.notes,
    request_hash: call.requestHash,
    contract: call.contract,
    call_key: call.policy === 'latest' ? nameOfCallKey(call) : null,
    bps: call.bps,
    policy: call.policy,
    sequence: String(call.sequence),
    observed_at: call.observedAt,
    state: call.state,
    revision: call.revision,
    carrier: call.carrier,
    has_joined: call.hasJoined,
    transaction_id: call.transactionId,
    not_before: call.notBefore,
  }
}
