import type { SqlClient, SqlExecutor } from '../../sql/sql-client.ts'
import { transactionKeyReusedError } from '../../transactions/transaction-key-reused-error.ts'
import type { EnqueuedTransaction, NewTransaction } from '../../transactions/transaction-store.ts'
import { runWriteTransaction } from '../run-write-transaction.ts'
import { parseTransactionRow, TRANSACTION_COLUMNS } from './transaction-row.ts'

/**
 * Stores new transactions, all or none.
 *
 * @throws {AssayError} `TRANSACTION_KEY_REUSED`
 */
export async function enqueueRows(
  client: SqlClient,
  transactions: readonly NewTransaction[],
  now: number,
): Promise<readonly EnqueuedTransaction[]> {
  if (transactions.length === 0) return []
  return runWriteTransaction(client, (tx) => enqueueWithin(tx, transactions, now))
}

async function enqueueWithin(
  tx: SqlExecutor,
  transactions: readonly NewTransaction[],
  now: number,
): Promise<readonly EnqueuedTransaction[]> {
  const coalescing = transactions.filter(({ coalesceKey }) => coalesceKey !== null)
  if (coalescing.length > 0) await lockCoalesceKeys(tx, coalescing)
  const input = JSON.stringify(transactions.map((one) => toJson(one, now)))
  const inserted = await tx.query(INSERT, [input])
  const insertedIds = new Set(inserted.rows.map(({ id }) => id))
  if (coalescing.length > 0) await tx.query(SUPERSEDE, [JSON.stringify([...insertedIds]), now])

  const keys = transactions.map(({ idempotencyKey }) => idempotencyKey)
  const { rows } = await tx.query(SELECT_BY_KEYS, [JSON.stringify(keys)])
  const byKey = new Map(rows.map(parseTransactionRow).map((one) => [one.idempotencyKey, one]))
  return transactions.map(({ id, idempotencyKey, requestHash }) => {
    const transaction = byKey.get(idempotencyKey)
    if (transaction === undefined) throw new Error(`No row has the key of transaction ${id}.`)
    if (transaction.requestHash !== requestHash) throw transactionKeyReusedError(transaction.id)
    return { outcome: transaction.id === id ? 'queued' : 'known', transaction }
  })
}

/** Of two processes that coalesce by one key, the one sees what the other has stored. */
async function lockCoalesceKeys(
  tx: SqlExecutor,
  transactions: readonly NewTransaction[],
): Promise<void> {
  const names = transactions.map(({ chain, account, coalesceKey }) =>
    ['assay_transactions', chain, account, coalesceKey].join(' '),
  )
  await tx.query(LOCK, [JSON.stringify([...new Set(names)].toSorted())])
}

const LOCK = `
select pg_advisory_xact_lock(hashtextextended(name, 0))
from jsonb_array_elements_text($1::jsonb) with ordinality as names (name, place) order by place`

const INSERT = `
insert into assay_transactions (
  id, idempotency_key, request_hash, chain, account, payload, covers, coalesce_key, expires_at, state,
  revision, purpose, sent_attempts, enqueued_at, updated_at
)
select one ->> 'id', one ->> 'idempotencyKey', one ->> 'requestHash', one ->> 'chain',
  one ->> 'account', one -> 'payload', one -> 'covers', one ->> 'coalesceKey',
  (one ->> 'expiresAt')::double precision, 'queued', 1, one ->> 'purpose', 0,
  (one ->> 'now')::double precision, (one ->> 'now')::double precision
from jsonb_array_elements($1::jsonb) with ordinality as requests (one, place)
order by place
on conflict (idempotency_key) do nothing
returning id`

const SUPERSEDE = `
update assay_transactions older
set state = 'superseded', revision = older.revision + 1, updated_at = $2::double precision
from assay_transactions newer
where newer.id = any (array (select jsonb_array_elements_text($1::jsonb)))
  and newer.coalesce_key = older.coalesce_key
  and newer.chain = older.chain and newer.account = older.account
  and older.state = 'queued' and older.position < newer.position`

const SELECT_BY_KEYS = `
select ${TRANSACTION_COLUMNS} from assay_transactions t
where t.idempotency_key = any (array (select jsonb_array_elements_text($1::jsonb)))`

function toJson(transaction: NewTransaction, now: number): object {
  return { ...transaction, now }
}
