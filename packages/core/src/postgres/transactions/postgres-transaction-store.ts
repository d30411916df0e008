import type { SqlClient, SqlRow, SqlValue } from '../../sql/sql-client.ts'
import type {
  TransactionCount,
  TransactionFilter,
  TransactionStore,
} from '../../transactions/transaction-store.ts'
import type { Transaction, TransactionState } from '../../transactions/transaction.ts'
import { createPostgresJobLeaseStore } from '../postgres-job-lease-store.ts'
import { commitMoves } from './commit-moves.ts'
import { enqueueRows } from './enqueue-rows.ts'
import { parseTransactionRow, TRANSACTION_COLUMNS } from './transaction-row.ts'

/**
 * Keeps transactions in PostgreSQL, in the tables of `migrations`. Any number of processes may share
 * it: each step is compare-and-set, and a nonce is given once.
 *
 * @param client where the statements run
 *
 * @example
 * ```ts
 * import { PGlite } from '@electric-sql/pglite'
 * import { createTransactionManager, migrate } from '@assay/core'
 * import { createPostgresTransactionStore, fromPglite, migrations } from '@assay/core/postgres'
 * import { createFakeChain } from '@assay/core/testing'
 *
 * const client = fromPglite(await PGlite.create())
 * await migrate(client, migrations)
 *
 * const chain = createFakeChain()
 * const store = createPostgresTransactionStore(client)
 * const transactions = createTransactionManager({ sender: chain.sender(), store })
 * await transactions.enqueue([{ idempotencyKey: 'payout-7', payload: { writes: 'hello' } }])
 * await transactions.tick()
 * chain.mine()
 * console.log(chain.writes()) // [ 'hello' ]
 * await transactions.close()
 * ```
 */
export function createPostgresTransactionStore(client: SqlClient): TransactionStore {
  async function select(
    conditions: string,
    values: readonly SqlValue[],
  ): Promise<readonly Transaction[]> {
    const text = `select ${TRANSACTION_COLUMNS} from assay_transactions t where ${conditions}`
    const { rows } = await client.query(text, values)
    return rows.map(parseTransactionRow)
  }

  return {
    leases: createPostgresJobLeaseStore(client, { scope: 'transactions' }),
    enqueue: (transactions, now) => enqueueRows(client, transactions, now),
    commit: (moves) => commitMoves(client, moves),
    async get(ids) {
      if (ids.length === 0) return []
      return select('t.id = any (array (select jsonb_array_elements_text($1::jsonb)))', [
        JSON.stringify(ids),
      ])
    },
    find: async (key) => (await select('t.idempotency_key = $1', [key]))[0] ?? null,
    listLive: ({ chain, account }) => select(LIVE, [chain, account]),
    listQueued: ({ chain, account }, limit) => select(QUEUED, [chain, account, limit]),
    async nextNonce({ chain, account }) {
      const { rows } = await client.query(NEXT_NONCE, [chain, account])
      const next: unknown = rows[0]?.['next']
      return typeof next === 'bigint' ? next : null
    },
    list: (filter) => select(LISTED, valuesOf(filter)),
    async countOpen() {
      const { rows } = await client.query(COUNT_OPEN)
      return rows.map(parseCount)
    },
    async prune({ before, limit }) {
      return (await client.query(PRUNE, [before, limit])).rowCount
    },
  }
}

const LIVE = `t.chain = $1 and t.account = $2
and t.state in ('assigned', 'signed', 'broadcasting', 'in-flight', 'mined')
order by t.nonce`

const QUEUED = `t.chain = $1 and t.account = $2 and t.state = 'queued' and t.purpose = 'send'
order by t.position limit $3::int`

const NEXT_NONCE = `
select max(nonce) + 1 as next from assay_nonce_reservations where chain = $1 and account = $2`

const LISTED = `($1::text is null or t.chain = $1::text)
and ($2::text is null or t.account = $2::text)
and ($3::jsonb is null or t.state in (select jsonb_array_elements_text($3::jsonb)))
and ($4::text is null or t.position < (
  select from_here.position from assay_transactions from_here where from_here.id = $4::text
))
order by t.position desc limit $5::int`

const COUNT_OPEN = `
select chain, account, state, count(*)::int as count from assay_transactions
where state in ('queued', 'assigned', 'signed', 'broadcasting', 'in-flight', 'mined')
group by chain, account, state`

const PRUNE = `
delete from assay_transactions where position in (
  select position from assay_transactions
  where state in ('confirmed', 'reverted', 'rejected', 'superseded', 'abandoned', 'conflict')
    and updated_at < $1::double precision
  order by updated_at limit $2::int
)`

function valuesOf({
  chain,
  account,
  states,
  beforeId,
  limit,
}: TransactionFilter): readonly SqlValue[] {
  const wanted = states === undefined ? null : JSON.stringify(states)
  return [chain ?? null, account ?? null, wanted, beforeId ?? null, limit]
}

function parseCount({ chain, account, state, count }: SqlRow): TransactionCount {
  return {
    chain: String(chain),
    account: String(account),
    state: state as TransactionState,
    count: Number(count),
  }
}
