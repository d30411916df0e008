import { type SqlClient, type SqlExecutor, type SqlValue } from '@assay/core'
import { z } from 'zod'

import type { AccountCandidates } from '../ledger/account-candidates.ts'
import type {
  AccountBalance,
  AccountId,
  LedgerTransaction,
  TransactionId,
} from '../ledger/ledger-entry.ts'
import type { LedgerRepository, ReadLedger } from '../ledger/ledger-repository.ts'
import { bigintAsText } from '../monitor/bigint-as-text.ts'
import { assertSource } from './assert-source.ts'
import { inParts, loadInTurns } from './load-in-turns.ts'
import { neighboursIn } from './neighbours-in.ts'
import { type CursorQuery, readThroughCursor } from './read-through-cursor.ts'
import { untilUndisturbed } from './until-undisturbed.ts'
import { withAccountHash } from './with-account-hash.ts'

/** Options of {@link createPostgresLedgerRepository}. */
export interface PostgresLedgerRepositoryOptions {
  /** Which ledger, where one database holds several: 1 to 255 characters. Default `default`. */
  readonly source?: string | undefined
}

/** A {@link LedgerRepository} that can be filled. */
export interface PostgresLedgerRepository extends LedgerRepository {
  /**
   * Adds transactions, thousands in one statement. A transaction that the ledger has already is left
   * as it is, so a load that broke off can be repeated as a whole. Only a pending one gives way, to the
   * first row that says how it was decided; who reads the ledger as an event source then sees it
   * again. Loads into one ledger take turns, part by part.
   *
   * @param transactions any number; they are sent in parts, each of which is added whole or not at all
   * @returns what became of them
   */
  addTransactions(transactions: readonly LedgerTransaction[]): Promise<AddedTransactions>
  /**
   * Sets balances. An account that the ledger has already is overwritten, and of several rows of one
   * account the last one counts.
   *
   * @param balances any number; they are sent in parts, each of which is set whole or not at all
   */
  setBalances(balances: readonly AccountBalance[]): Promise<void>
}

/** What became of transactions that were to be added. Each row counts in one place. */
export interface AddedTransactions {
  readonly added: number
  /** How many took the place of a pending row. */
  readonly decided: number
  /** How many were there already, word for word, or are pending rows that were decided since. */
  readonly redelivered: number
  /** Those whose name was there already and that say otherwise. The first one stays. */
  readonly conflicting: readonly {
    readonly accountId: AccountId
    readonly transactionId: TransactionId
  }[]
}

/**
 * A ledger in PostgreSQL, in the tables of this subpath's `migrations`.
 *
 * A snapshot is one REPEATABLE READ transaction: writers go on meanwhile, and what they commit is not
 * seen. It holds one connection from its first batch to its last, so with PGlite, which has only one,
 * `work` must not use the client.
 *
 * @param client the database; `migrate` has brought it up to date
 * @param options.source which ledger, where one database holds several
 * @throws `INVALID_OPTION` for a source that is empty or too long
 *
 * @example
 * ```ts no-run
 * import { fromPgPool } from '@assay/core/postgres'
 * import { detectBalanceDiscrepancies } from '@assay/detectors'
 * import { createPostgresLedgerRepository } from '@assay/detectors/postgres'
 * import pg from 'pg'
 *
 * const ledger = createPostgresLedgerRepository(fromPgPool(new pg.Pool()))
 * const { summary } = await detectBalanceDiscrepancies({ ledger })
 * console.log(summary.findings)
 * ```
 */
export function createPostgresLedgerRepository(
  client: SqlClient,
  { source = 'default' }: PostgresLedgerRepositoryOptions = {},
): PostgresLedgerRepository {
  assertSource('createPostgresLedgerRepository', source)
  const turn = { lockClass: LOCK_CLASS, source }

  return {
    hasUniqueIds: true,
    readSnapshot: (work, options) =>
      readThroughCursor(client, selectEntries(source, options), options.batchSize, work),
    async addTransactions(transactions) {
      const sum = { added: 0, decided: 0, redelivered: 0, conflicting: [] as Conflict[] }
      const parts = await loadInTurns(client, turn, transactions, (executor, part) =>
        addPart(executor, source, part),
      )
      for (const { added, decided, conflicting } of parts) {
        sum.added += added
        sum.decided += decided
        sum.conflicting.push(...conflicting)
      }
      const { added, decided, conflicting } = sum
      sum.redelivered = transactions.length - added - decided - conflicting.length
      return sum
    },
    async setBalances(balances) {
      for (const part of inParts(balances)) {
        await untilUndisturbed(() =>
          client.query(SET_BALANCES, [source, JSON.stringify(part, bigintAsText)]),
        )
      }
    },
  }
}

type Conflict = AddedTransactions['conflicting'][number]

function selectEntries(
  source: string,
  { candidates, accountIds, sinceMs }: ReadLedger,
): CursorQuery {
  const values: SqlValue[] = [source]
  const placeholderOf = (value: SqlValue): string => `$${values.push(value)}`
  const only = [
    candidates && selectCandidates(candidates, placeholderOf),
    accountIds &&
      `select jsonb_array_elements_text(${placeholderOf(JSON.stringify(accountIds))}::text::jsonb)`,
  ].filter((accounts) => accounts !== undefined)

  const since = sinceMs === undefined ? '' : `and event_time_ms >= ${placeholderOf(sinceMs)}`

  if (only.length === 0) return { text: selectEntriesOf('', since), values }
  const chosen = `with chosen (account_id) as materialized (${only.join(' intersect ')})`
  const where = 'and account_id in (select account_id from chosen)'
  return { text: `${chosen} ${selectEntriesOf(where, since)}`, values }
}

function selectCandidates(
  candidates: AccountCandidates,
  placeholderOf: (value: SqlValue) => string,
): string {
  return candidates.kind === 'failed'
    ? `select account_id from assay_ledger_transactions where source = $1 and status = 'failed'`
    : neighboursIn('assay_ledger_transactions', placeholderOf(candidates.withinMs))
}

// A balance stands before its account's transactions: its place in their order is -1.
const selectEntriesOf = (where: string, since: string): string => `
select 'balance' as kind, account_id as "accountId", currency, event_time_ms::float8 as "eventTime",
  balance_minor as "balanceMinor", checkpoint_minor as "checkpointMinor",
  overdraft_limit_minor as "overdraftLimitMinor",
  null as "transactionId", null as status, null::numeric as "amountMinor",
  null::numeric as "balanceBeforeMinor", null::numeric as "balanceAfterMinor",
  null::text as "requestId", null::text as "reversesTransactionId", null::float8 as "processingMs",
  null::bigint as sequence, false as is_unsequenced, -1::bigint as place, -1::bigint as position
from assay_account_balances where source = $1 ${where}
union all
select 'transaction', account_id, currency, event_time_ms::float8, null, null, null,
  transaction_id, status, amount_minor, balance_before_minor, balance_after_minor,
  request_id, reverses_transaction_id, processing_ms::float8,
  sequence, sequence is null, coalesce(sequence, 0), position
from assay_ledger_transactions where source = $1 ${where} ${since}
order by "accountId", is_unsequenced, place, position`

/** Of the lock that loads into a ledger take turns by. */
const LOCK_CLASS = 1_279_546_183

async function addPart(
  executor: SqlExecutor,
  source: string,
  transactions: readonly LedgerTransaction[],
): Promise<Omit<AddedTransactions, 'redelivered'>> {
  const values = [source, JSON.stringify(withAccountHash(transactions), bigintAsText)]
  const { rowCount: added } = await executor.query(ADD_TRANSACTIONS, values)
  if (added === transactions.length) return { added, decided: 0, conflicting: [] }
  const { rowCount: decided } = await executor.query(DECIDE_PENDING, values)
  const { rows } = await executor.query(FIND_CONFLICTS, values)
  return { added, decided, conflicting: z.array(conflictSchema).parse(rows) }
}

const conflictSchema = z.object({
  accountId: z.string().brand<'AccountId'>(),
  transactionId: z.string().brand<'TransactionId'>(),
})

/** What a transaction says beside its name. */
const DETAILS = [
  'sequence',
  'status',
  'amount_minor',
  'balance_before_minor',
  'balance_after_minor',
  'currency',
  'event_time_ms',
  'request_id',
  'reverses_transaction_id',
  'processing_ms',
]
const detailsOf = (row: string): string => DETAILS.map((detail) => `${row}.${detail}`).join(', ')

const COLUMNS = ['account_id', 'account_hash', 'transaction_id', ...DETAILS].join(', ')

const INCOMING_TRANSACTIONS = `
incoming (${COLUMNS}, place) as (
  select * from rows from (jsonb_to_recordset($2::text::jsonb) as (
    "accountId" text, "accountHash" bigint, "transactionId" text, sequence bigint, status text,
    "amountMinor" numeric, "balanceBeforeMinor" numeric, "balanceAfterMinor" numeric, currency text,
    "eventTime" bigint, "requestId" text, "reversesTransactionId" text, "processingMs" bigint
  )) with ordinality
)`

const ADD_TRANSACTIONS = `
with ${INCOMING_TRANSACTIONS}
insert into assay_ledger_transactions (source, ${COLUMNS})
select $1, ${COLUMNS} from incoming order by place
on conflict do nothing`

// A decided row goes to the end of the log, as if it had come in now.
const DECIDE_PENDING = `
with ${INCOMING_TRANSACTIONS},
first_decisions as (
  select distinct on (account_id, transaction_id) incoming.*
  from incoming join assay_ledger_transactions as known using (account_id, transaction_id)
  where known.source = $1 and known.status = 'pending' and incoming.status <> 'pending'
  order by account_id, transaction_id, place
),
decisions as (
  select *, nextval('assay_event_position') as position
  from (select * from first_decisions order by place) as in_order_of_arrival
)
update assay_ledger_transactions as known
set (${DETAILS.join(', ')}) = row(${detailsOf('decisions')}),
  position = decisions.position, xid = default
from decisions
where known.source = $1 and known.status = 'pending'
  and (known.account_id, known.transaction_id) = (decisions.account_id, decisions.transaction_id)`

// A pending row that comes again after the decision tells nothing new.
const FIND_CONFLICTS = `
with ${INCOMING_TRANSACTIONS}
select incoming.account_id as "accountId", incoming.transaction_id as "transactionId"
from incoming join assay_ledger_transactions as known using (account_id, transaction_id)
where known.source = $1
  and (incoming.status <> 'pending' or known.status = 'pending')
  and (${detailsOf('known')}) is distinct from (${detailsOf('incoming')})
order by place`

const SET_BALANCES = `
with incoming as (
  select * from rows from (jsonb_to_recordset($2::text::jsonb) as (
    "accountId" text, currency text, "balanceMinor" numeric, "checkpointMinor" numeric,
    "overdraftLimitMinor" numeric, "eventTime" bigint
  )) with ordinality
)
insert into assay_account_balances (
  source, account_id, currency, balance_minor, checkpoint_minor, overdraft_limit_minor, event_time_ms
)
select distinct on ("accountId") $1, "accountId", currency, "balanceMinor", "checkpointMinor",
  "overdraftLimitMinor", "eventTime"
from incoming order by "accountId", ordinality desc
on conflict (source, account_id) do update set
  currency = excluded.currency, balance_minor = excluded.balance_minor,
  checkpoint_minor = excluded.checkpoint_minor,
  overdraft_limit_minor = excluded.overdraft_limit_minor, event_time_ms = excluded.event_time_ms`
