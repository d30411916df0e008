import { z } from 'zod'

import { AssayError } from '../../errors/assay-error.ts'
import type { SqlRow } from '../../sql/sql-client.ts'
import type { Transaction } from '../../transactions/transaction.ts'
import { parseTableRow } from '../parse-table-row.ts'

/** What is read of a transaction; its attempts come with it, in order. */
export const TRANSACTION_COLUMNS = `
t.id, t.idempotency_key, t.request_hash, t.chain, t.account, t.payload, t.covers, t.coalesce_key,
t.expires_at, t.state, t.revision, t.nonce, t.prepared, t.purpose, t.sent_attempts, t.mined, t.reason,
t.enqueued_at, t.sent_at, t.updated_at,
(
  select coalesce(json_agg(json_build_object(
    'hash', a.hash, 'raw', a.raw, 'purpose', a.purpose, 'covers', a.covers, 'terms', a.terms,
    'signedAt', a.signed_at
  ) order by a.number), '[]')
  from assay_transaction_attempts a where a.transaction_id = t.id
) as attempts`

/**
 * Reads a row with {@link TRANSACTION_COLUMNS}.
 *
 * @throws {AssayError} `TRANSACTION_ROW_INVALID`
 */
export function parseTransactionRow(row: SqlRow): Transaction {
  const read = parseTableRow(rowSchema, row, {
    table: 'assay_transactions',
    createError: (problem) => new AssayError('TRANSACTION_ROW_INVALID', problem),
  })
  return {
    id: read.id,
    idempotencyKey: read.idempotency_key,
    requestHash: read.request_hash,
    chain: read.chain,
    account: read.account,
    payload: read.payload,
    covers: read.covers,
    coalesceKey: read.coalesce_key,
    expiresAt: read.expires_at,
    state: read.state,
    revision: read.revision,
    nonce: read.nonce,
    prepared: read.prepared,
    purpose: read.purpose,
    attempts: read.attempts,
    sentAttempts: read.sent_attempts,
    mined: read.mined,
    reason: read.reason,
    enqueuedAt: read.enqueued_at,
    sentAt: read.sent_at,
    updatedAt: read.updated_at,
  }
}

const purposeSchema = z.enum(['send', 'cancel'])

const rowSchema = z.object({
  id: z.string(),
  idempotency_key: z.string(),
  request_hash: z.string(),
  chain: z.string(),
  account: z.string(),
  payload: z.json(),
  covers: z.array(z.string()),
  coalesce_key: z.string().nullable(),
  expires_at: z.number().nullable(),
  state: z.enum([
    'queued',
    'assigned',
    'signed',
    'broadcasting',
    'in-flight',
    'mined',
    'confirmed',
    'reverted',
    'rejected',
    'superseded',
    'abandoned',
    'conflict',
  ]),
  revision: z.bigint().transform(Number),
  nonce: z.bigint().nullable(),
  prepared: z.json(),
  purpose: purposeSchema,
  sent_attempts: z.number(),
  mined: z
    .object({
      hash: z.string(),
      blockNumber: z.string().transform(BigInt),
      blockHash: z.string(),
      succeeded: z.boolean(),
      receipt: z.json(),
    })
    .nullable(),
  reason: z.string().nullable(),
  enqueued_at: z.number(),
  sent_at: z.number().nullable(),
  updated_at: z.number(),
  attempts: z.array(
    z.object({
      hash: z.string(),
      raw: z.string(),
      purpose: purposeSchema,
      covers: z.array(z.string()),
      terms: z.json(),
      signedAt: z.number(),
    }),
  ),
})
