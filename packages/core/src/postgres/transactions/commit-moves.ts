import type { SqlExecutor } from '../../sql/sql-client.ts'
import type { TransactionMove } from '../../transactions/transaction-store.ts'
import { queryAgain } from '../query-again.ts'

/**
 * Makes moves in one statement, which is one transaction: rows that stand at their revisions are locked,
 * nonces reserved, and only where both went well rows and attempts are written.
 *
 * @returns for each move whether it was made
 */
export async function commitMoves(
  client: SqlExecutor,
  moves: readonly TransactionMove[],
): Promise<readonly boolean[]> {
  if (moves.length === 0) return []
  const { rows } = await queryAgain(client, COMMIT, [JSON.stringify(moves.map(toJson))])
  const made = new Set(rows.map(({ id }) => id))
  return moves.map(({ next }) => made.has(next.id))
}

/** Rows are locked in the order of their ids, so that two commits never wait for each other. */
const COMMIT = `
with moves as (
  select * from jsonb_to_recordset($1::jsonb) as move (
    id text, revision bigint, state text, nonce bigint, payload jsonb, covers jsonb, prepared jsonb,
    purpose text, sent_attempts int, attempt_count int, attempt jsonb, mined jsonb, reason text,
    sent_at double precision, updated_at double precision
  )
), standing as (
  select t.id, t.chain, t.account, t.nonce as had_nonce
  from assay_transactions t join moves m on m.id = t.id and m.revision = t.revision
  order by t.id for update of t
), reserved as (
  insert into assay_nonce_reservations (chain, account, nonce, transaction_id)
  select s.chain, s.account, m.nonce, m.id from moves m join standing s on s.id = m.id
  where m.nonce is not null and s.had_nonce is null
  on conflict do nothing
  returning transaction_id
), made as (
  select m.* from moves m join standing s on s.id = m.id
  where m.nonce is null or s.had_nonce is not null
    or m.id in (select transaction_id from reserved)
), forgotten as (
  delete from assay_transaction_attempts a using made m
  where a.transaction_id = m.id and a.number > m.attempt_count
), added as (
  insert into assay_transaction_attempts
    (transaction_id, number, hash, raw, purpose, covers, terms, signed_at)
  select m.id, m.attempt_count, m.attempt ->> 'hash', m.attempt ->> 'raw', m.attempt ->> 'purpose',
    m.attempt -> 'covers', m.attempt -> 'terms', (m.attempt ->> 'signedAt')::double precision
  from made m where m.attempt is not null
)
update assay_transactions t set
  state = m.state, revision = t.revision + 1, nonce = m.nonce,
  payload = coalesce(m.payload, t.payload), covers = m.covers, prepared = m.prepared,
  purpose = m.purpose, sent_attempts = m.sent_attempts, mined = m.mined, reason = m.reason,
  sent_at = m.sent_at, updated_at = m.updated_at
from made m where t.id = m.id
returning t.id`

/** Payload and attempt only where they are new: both may be long, and most moves change neither. */
function toJson({ revision, next }: TransactionMove): object {
  const isSigned = next.state === 'signed'
  const { mined } = next
  return {
    id: next.id,
    revision,
    state: next.state,
    nonce: next.nonce === null ? null : String(next.nonce),
    payload: isSigned ? next.payload : null,
    covers: next.covers,
    prepared: next.prepared,
    purpose: next.purpose,
    sent_attempts: next.sentAttempts,
    attempt_count: next.attempts.length,
    attempt: isSigned ? next.attempts.at(-1) : null,
    mined: mined === null ? null : { ...mined, blockNumber: String(mined.blockNumber) },
    reason: next.reason,
    sent_at: next.sentAt,
    updated_at: next.updatedAt,
  }
}
