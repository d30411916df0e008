import { isConcurrencyFailure, type SqlClient, type SqlExecutor, type SqlRow } from '@assay/core'

import { type CallSet, createCallSet } from '../calls/call-set.ts'
import type {
  OracleCallAttempt,
  OracleCallFilter,
  OracleCallStore,
} from '../calls/oracle-call-store.ts'
import type { OracleCall } from '../calls/oracle-call.ts'
import { keysOf, loadRivals, lockKeys, selectCalls } from './load-calls.ts'
import { writeAttempts, writeCalls } from './write-calls.ts'

/**
 * Keeps calls in PostgreSQL, in the tables of `migrations`, with the history in
 * `oracle_call_history`. Any number of processes may share it.
 *
 * @param client where the statements run
 *
 * @example
 * ```ts
 * import { PGlite } from '@electric-sql/pglite'
 * import { migrate } from '@assay/core'
 * import { fromPglite, migrations as coreMigrations } from '@assay/core/postgres'
 * import { createPostgresOracleCallStore, migrations } from '@assay/oracle/postgres'
 *
 * const client = fromPglite(await PGlite.create())
 * await migrate(client, coreMigrations)
 * await migrate(client, migrations)
 * console.log(await createPostgresOracleCallStore(client).history({})) // []
 * ```
 */
export function createPostgresOracleCallStore(client: SqlClient): OracleCallStore {
  return {
    async submit(requests, now) {
      if (requests.length === 0) return []
      const keys = requests.map(({ idempotencyKey }) => idempotencyKey)
      return write(client, async (tx) => {
        await lockKeys(tx, [...keysOf(requests), ...keys])
        const known = await selectCalls(tx, BY_KEYS, [JSON.stringify(keys)])
        const rivals = await loadRivals(tx, keysOf(requests))
        const ids = await takeIds(tx, requests.length)
        const set = createCallSet(merge(known, rivals), () => ids.shift() ?? 0n)
        const submitted = set.submit(requests, now)
        await save(tx, set)
        return submitted
      })
    },
    async claim({ contract, carriers, perCarrier, now }) {
      const limit = carriers.length * perCarrier
      const due = await selectCalls(client, DUE, [contract, now, limit])
      if (due.length === 0) return []
      return write(client, async (tx) => {
        await lockKeys(tx, keysOf(due))
        const rivals = await loadRivals(tx, keysOf(due))
        const still = await selectCalls(tx, STILL_DUE, [idsOf(due), now])
        const set = createCallSet(merge(still, rivals), noIds)
        const free = still.filter((call) => set.isFree(set.get(call.id) ?? call))
        const claimed = free.map(({ id }, index) =>
          set.carry(id, carriers[Math.floor(index / perCarrier)] ?? '', now),
        )
        await save(tx, set)
        return claimed
      })
    },
    async attach(carriers) {
      if (carriers.length > 0) await client.query(ATTACH, [JSON.stringify(carriers)])
    },
    async join(carrier, now) {
      return write(client, async (tx) => {
        const seen = await selectCalls(tx, BY_CARRIER, [carrier])
        await lockKeys(tx, keysOf(seen))
        const carried = await selectCalls(tx, BY_CARRIER, [carrier])
        const set = createCallSet(merge(carried, await loadRivals(tx, keysOf(seen))), noIds)
        const joined = set.join(carrier, now)
        await save(tx, set)
        return joined
      })
    },
    listCarried: (contract, limit) => selectCalls(client, CARRIED, [contract, limit]),
    async settle(results, now) {
      if (results.length === 0) return []
      const ids = idsOf(results)
      return write(client, async (tx) => {
        const keys = keysOf(await selectCalls(tx, BY_IDS, [ids]))
        await lockKeys(tx, keys)
        const calls = await selectCalls(tx, `${BY_IDS} for update of c`, [ids])
        const set = createCallSet(merge(calls, await loadRivals(tx, keys)), noIds)
        const settled = set.settle(results, now)
        await save(tx, set)
        return settled
      })
    },
    get: (ids) => selectCalls(client, BY_IDS, [JSON.stringify(ids.map(String))]),
    async find(idempotencyKey) {
      const [call] = await selectCalls(client, 'where c.idempotency_key = $1', [idempotencyKey])
      return call ?? null
    },
    history: (filter) => selectCalls(client, HISTORY, valuesOf(filter)),
    async listAttempts(id) {
      const { rows } = await client.query(ATTEMPTS, [id])
      return rows.map(parseAttempt)
    },
    async nextDueAt(contract) {
      const { rows } = await client.query(NEXT_DUE, [contract])
      const at: unknown = rows[0]?.['at']
      return typeof at === 'number' ? at : null
    },
  }
}

/** A transaction that lost a race is run again, so often at most. */
const TRIES_MAX = 8

/** Each statement must see what others have committed while it waited for a lock. */
async function write<Result>(
  client: SqlClient,
  work: (tx: SqlExecutor) => Promise<Result>,
): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await client.transaction(async (tx) => {
        await tx.query('set transaction isolation level read committed')
        return work(tx)
      })
    } catch (error) {
      if (tries === TRIES_MAX || !isConcurrencyFailure(error)) throw error
    }
  }
}

async function save(tx: SqlExecutor, set: CallSet): Promise<void> {
  await writeCalls(tx, set.changes())
  await writeAttempts(tx, set.attempts)
}

function merge(calls: readonly OracleCall[], rivals: readonly OracleCall[]): readonly OracleCall[] {
  return [...new Map([...calls, ...rivals].map((call) => [call.id, call])).values()]
}

async function takeIds(tx: SqlExecutor, count: number): Promise<bigint[]> {
  const { rows } = await tx.query(TAKE_IDS, [count])
  return rows.map(({ id }) => id as bigint)
}

function noIds(): never {
  throw new Error('Nothing new is stored in this step.')
}

function idsOf(calls: readonly { readonly id: bigint }[]): string {
  return JSON.stringify(calls.map(({ id }) => String(id)))
}

const IDS = '(array (select id::bigint from jsonb_array_elements_text($1::jsonb) as ids (id)))'

const TAKE_IDS = `
select nextval('oracle_call_history_id_seq') as id from generate_series(1, $1::int)`
const BY_KEYS = `
where c.idempotency_key = any (array (select jsonb_array_elements_text($1::jsonb))) order by h.id`
const BY_IDS = `where h.id = any ${IDS} order by h.id`
const BY_CARRIER = `where c.carrier = $1 and c.state = 'carried' order by h.id`
const CARRIED = `where c.contract = $1 and c.state = 'carried' order by h.id limit $2::int`
const DUE = `
where c.contract = $1 and c.state = 'waiting' and c.not_before <= $2::float8
order by h.id limit $3::int`
const STILL_DUE = `
where h.id = any ${IDS} and c.state = 'waiting' and c.not_before <= $2::float8
order by h.id for update of c skip locked`
const ATTACH = `
update assay_oracle_calls c
set transaction_id = attached ->> 'transactionId', revision = c.revision + 1
from jsonb_array_elements($1::jsonb) as carriers (attached)
where c.carrier = attached ->> 'carrier' and c.state = 'carried' and c.transaction_id is null`
const NEXT_DUE = `
select min(not_before) as at from assay_oracle_calls where contract = $1 and state = 'waiting'`
const ATTEMPTS = `
select call_id, number, carrier, transaction_hash, outcome, error_code, error_message, ended_at
from assay_oracle_call_attempts where call_id = $1::bigint order by number`
const HISTORY = `
where ($1::text is null or h.fpmm_address = $1::text)
  and ($2::text is null or h.function_name = $2::text)
  and ($3::text is null or h.player_address = $3::text)
  and ($4::int is null or h.season_id = $4::int)
  and ($5::text is null or h.status = $5::text)
  and ($6::float8 is null or h.created_at >= to_timestamp($6::float8 / 1000))
  and ($7::float8 is null or h.created_at <= to_timestamp($7::float8 / 1000))
  and ($8::bigint is null or h.id < $8::bigint)
order by h.id desc limit $9::int`

function valuesOf(filter: OracleCallFilter) {
  const { market, functionName, player, seasonId, status, fromMs, toMs, beforeId, limit } = filter
  return [
    market ?? null,
    functionName ?? null,
    player ?? null,
    seasonId ?? null,
    status ?? null,
    fromMs ?? null,
    toMs ?? null,
    beforeId ?? null,
    limit ?? 100,
  ]
}

function parseAttempt(row: SqlRow): OracleCallAttempt {
  return {
    callId: row['call_id'] as bigint,
    number: Number(row['number']),
    carrier: String(row['carrier']),
    transactionHash: textOf(row['transaction_hash']),
    outcome: row['outcome'] === 'succeeded' ? 'succeeded' : 'failed',
    errorCode: textOf(row['error_code']),
    errorMessage: textOf(row['error_message']),
    endedAt: Number(row['ended_at']),
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
