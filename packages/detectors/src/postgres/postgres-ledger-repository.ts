import {
  assertWholeNumber,
  InvalidOptionError,
  isConcurrencyFailure,
  retry,
  type SqlClient,
  type SqlExecutor,
} from '@assay/core'
import { z } from 'zod'

import type {
  AccountBalance,
  AccountId,
  LedgerEntryInput,
  LedgerTransaction,
  TransactionId,
} from '../ledger/ledger-entry.ts'
import type { LedgerRepository } from '../ledger/ledger-repository.ts'

/** Options of {@link createPostgresLedgerRepository}. */
export interface PostgresLedgerRepositoryOptions {
  /** Which ledger, where one database holds several: 1 to 255 characters. Default `default`. */
  readonly source?: string | undefined
}

/** A {@link LedgerRepository} that can be filled. */
export interface PostgresLedgerRepository extends LedgerRepository {
  /**
   * Adds transactions, thousands in one statement. A transaction that the ledger has already is left
   * as it is, so a load that broke off can be repeated as a whole. Loads into one ledger take turns,
   * part by part.
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

/** What became of transactions that were to be added. */
export interface AddedTransactions {
  readonly added: number
  /** How many were there already, word for word. */
  readonly redelivered: number
  /** Those whose name was there already and that say otherwise. The first one stays. */
  readonly conflicting: readonly {
    readonly accountId: AccountId
    readonly transactionId: TransactionId
  }[]
}

/** Some 2 MB of JSON. */
const ROWS_PER_STATEMENT = 5_000

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
  if (source.length === 0 || source.length > 255) {
    throw new InvalidOptionError('createPostgresLedgerRepository', 'source', '1 to 255 characters')
  }

  return {
    hasUniqueIds: true,
    readSnapshot: (work, { batchSize }) =>
      client.transaction(async (transaction) => {
        await transaction.query('set transaction isolation level repeatable read, read only')
        return work(readBatches(transaction, source, batchSize))
      }),
    async addTransactions(transactions) {
      const outcomes = { added: 0, redelivered: 0, conflicting: [] as Conflict[] }
      for (const part of inParts(transactions)) {
        const { added, conflicting } = await untilUndisturbed(() =>
          client.transaction((transaction) => addPart(transaction, source, part)),
        )
        outcomes.added += added
        outcomes.redelivered += part.length - added - conflicting.length
        outcomes.conflicting.push(...conflicting)
      }
      return outcomes
    },
    async setBalances(balances) {
      for (const part of inParts(balances)) {
        await untilUndisturbed(() => client.query(SET_BALANCES, [source, toJson(part)]))
      }
    },
  }
}

type Conflict = AddedTransactions['conflicting'][number]

async function* readBatches(
  executor: SqlExecutor,
  source: string,
  batchSize: number,
): AsyncIterable<readonly LedgerEntryInput[]> {
  // It stands in a statement, which takes no placeholder there.
  assertWholeNumber('readSnapshot', 'batchSize', batchSize, { min: 1 })
  // One query for all, so that nothing depends on how the server would plan each page of it.
  await executor.query(OPEN_ENTRIES, [source])
  for (;;) {
    const { rows } = await executor.query(`fetch ${batchSize} from assay_ledger_entries`)
    // The reader parses each entry, so that one that does not parse stops no other.
    if (rows.length > 0) yield rows as readonly unknown[] as readonly LedgerEntryInput[]
    if (rows.length < batchSize) return
  }
}

// A balance stands before its account's transactions: its place in their order is -1.
const OPEN_ENTRIES = `
declare assay_ledger_entries no scroll cursor for
select 'balance' as kind, account_id as "accountId", currency, event_time_ms::float8 as "eventTime",
  balance_minor as "balanceMinor", checkpoint_minor as "checkpointMinor",
  overdraft_limit_minor as "overdraftLimitMinor",
  null as "transactionId", null as status, null::numeric as "amountMinor",
  null::numeric as "balanceBeforeMinor", null::numeric as "balanceAfterMinor",
  null::bigint as sequence, false as is_unsequenced, -1::bigint as place, -1::bigint as position
from assay_account_balances where source = $1
union all
select 'transaction', account_id, currency, event_time_ms::float8, null, null, null,
  transaction_id, status, amount_minor, balance_before_minor, balance_after_minor,
  sequence, sequence is null, coalesce(sequence, 0), position
from assay_ledger_transactions where source = $1
order by "accountId", is_unsequenced, place, position`

/** Runs again what PostgreSQL rolled back because of others that wrote at the same time. */
function untilUndisturbed<Result>(write: () => Promise<Result>): Promise<Result> {
  return retry(write, {
    isRetryable: isConcurrencyFailure,
    deadlineMs: Infinity,
  })
}

/** Loads into one ledger wait here for each other: in opposite orders they would deadlock. */
async function takeTurn(executor: SqlExecutor, source: string): Promise<void> {
  // A stricter level would keep showing the ledger as it was before the wait.
  await executor.query('set transaction isolation level read committed')
  await executor.query('select pg_advisory_xact_lock($1::int, hashtext($2))', [LOCK_CLASS, source])
}

/** Tells the lock from others in this database. Any number does, as long as it never changes. */
const LOCK_CLASS = 1_279_546_183

async function addPart(
  executor: SqlExecutor,
  source: string,
  transactions: readonly LedgerTransaction[],
): Promise<{ added: number; conflicting: readonly Conflict[] }> {
  await takeTurn(executor, source)
  const values = [source, toJson(transactions)]
  const { rowCount: added } = await executor.query(ADD_TRANSACTIONS, values)
  if (added === transactions.length) return { added, conflicting: [] }
  const { rows } = await executor.query(FIND_CONFLICTS, values)
  return { added, conflicting: z.array(conflictSchema).parse(rows) }
}

const conflictSchema = z.object({
  accountId: z.string().brand<'AccountId'>(),
  transactionId: z.string().brand<'TransactionId'>(),
})

const TRANSACTION_COLUMNS = `
  account_id, transaction_id, sequence, status, amount_minor, balance_before_minor,
  balance_after_minor, currency, event_time_ms`

const INCOMING_TRANSACTIONS = `
incoming (${TRANSACTION_COLUMNS}, place) as (
  select * from rows from (jsonb_to_recordset($2::text::jsonb) as (
    "accountId" text, "transactionId" text, sequence bigint, status text, "amountMinor" numeric,
    "balanceBeforeMinor" numeric, "balanceAfterMinor" numeric, currency text, "eventTime" bigint
  )) with ordinality
)`

const ADD_TRANSACTIONS = `
with ${INCOMING_TRANSACTIONS}
insert into assay_ledger_transactions (source, ${TRANSACTION_COLUMNS})
select $1, ${TRANSACTION_COLUMNS} from incoming order by place
on conflict do nothing`

const FIND_CONFLICTS = `
with ${INCOMING_TRANSACTIONS}
select incoming.account_id as "accountId", incoming.transaction_id as "transactionId"
from incoming join assay_ledger_transactions as known using (account_id, transaction_id)
where known.source = $1 and (
  known.sequence, known.status, known.amount_minor, known.balance_before_minor,
  known.balance_after_minor, known.currency, known.event_time_ms
) is distinct from (
  incoming.sequence, incoming.status, incoming.amount_minor, incoming.balance_before_minor,
  incoming.balance_after_minor, incoming.currency, incoming.event_time_ms
)
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

function* inParts<Row>(rows: readonly Row[]): Iterable<readonly Row[]> {
  for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT) {
    yield rows.slice(start, start + ROWS_PER_STATEMENT)
  }
}

function toJson(rows: readonly object[]): string {
  return JSON.stringify(rows, (_key, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  )
}
