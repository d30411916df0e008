import type { AccountEvent } from '../detector/account-event.ts'

type Kind = AccountEvent['kind']

/**
 * Asks how far the log of `$1` can be read and has been read, behind the place `$2`, `$3`. `begun` is
 * how many transactions may have begun from `xmin` on: those that the snapshot's own xmax leaves out,
 * because none after them has ended yet, are among them. `xid` and `position` are those of the newest
 * row that can be read, null when there is none behind that place.
 *
 * For the rest of the transaction it turns the planner from sorting: events come out of the indexes in
 * order. Where a table has grown since it was last analysed, the planner takes a million new rows for
 * a few, and would sort them all for every page.
 */
export function selectHorizon(kinds: readonly Kind[]): string {
  return `
select set_config('enable_sort', 'off', true), pg_snapshot_xmin(snapshot)::text as xmin, age(pg_snapshot_xmin(snapshot)::xid) as begun,
  newest.xid::text as xid, newest.position::text as position
from pg_current_snapshot() as snapshot
left join lateral (
  ${inOneLog(kinds, {
    select: () => 'xid, position',
    where: `source = $1 and (xid, position) > ($2::xid8, $3::bigint)
      and xid < pg_snapshot_xmin(pg_current_snapshot())`,
    tail: 'order by xid desc, position desc limit 1',
  })}
) as newest on true`
}

/**
 * Selects events of `$1` behind the place `$2`, `$3` and up to `$4`, `$5`, of which the account falls
 * into partition `$7` of `$6`: the first `$8`.
 */
export function selectEvents(kinds: readonly Kind[]): string {
  return inOneLog(kinds, {
    select: eventOf,
    where: `source = $1
      and (xid, position) > ($2::xid8, $3::bigint) and (xid, position) <= ($4::xid8, $5::bigint)
      and account_hash % $6::bigint = $7::bigint`,
    tail: 'order by xid, position limit $8::bigint',
  })
}

/**
 * Selects events of `$1` up to the place `$3`, `$4` of the accounts in the JSON array `$2`, in its
 * order: of as many from the first one on as have at most `$5` events together. `asked` is the account;
 * `kind` is null where it has none. Events are counted before any is read, so that an account that is
 * left out costs no more than `$5` steps through an index.
 */
export function selectAccountEvents(kinds: readonly Kind[]): string {
  const where = `source = $1 and account_id = asked
      and (xid, position) <= ($3::xid8, $4::bigint)`
  return `
with counted as materialized (
  select asked, place, sum(events) over (order by place) as events
  from json_array_elements_text($2::text::json) with ordinality as account(asked, place)
  cross join lateral (
    select count(*) as events from (
      ${inOneLog(kinds, { select: () => '', where, tail: 'limit $5::bigint + 1' })}
    ) as log
  ) as own
)
select asked, log.*
from counted left join lateral (
  ${inOneLog(kinds, { select: eventOf, where, tail: 'order by xid, position' })}
) as log on true
where events <= $5::bigint
order by place, log.xid, log.position`
}

interface LogQuery {
  readonly select: (kind: Kind) => string
  readonly where: string
  /** Order and limit, of each table and then of both. */
  readonly tail: string
}

/** Each table is limited by itself, so that the server reads no more of it than it may need. */
function inOneLog(kinds: readonly Kind[], { select, where, tail }: LogQuery): string {
  const sides = kinds.map(
    (kind) => `(select ${select(kind)} from ${TABLES[kind]} where ${where} ${tail})`,
  )
  return `select * from (${sides.join(' union all ')}) as log ${tail}`
}

const TABLES: Readonly<Record<Kind, string>> = {
  transaction: 'assay_ledger_transactions',
  scan: 'assay_scans',
}

const SHARED_COLUMNS = `
  xid, position, account_id as "accountId", event_time_ms::float8 as "eventTime"`

const COLUMNS: Readonly<Record<Kind, string>> = {
  transaction: `'transaction' as kind, ${SHARED_COLUMNS},
  transaction_id as "transactionId", status, amount_minor as "amountMinor",
  balance_before_minor as "balanceBeforeMinor", balance_after_minor as "balanceAfterMinor", currency,
  sequence, request_id as "requestId", reverses_transaction_id as "reversesTransactionId",
  processing_ms::float8 as "processingMs", null as "scanId", null as "terminalId"`,
  scan: `'scan' as kind, ${SHARED_COLUMNS},
  null as "transactionId", null as status, null::numeric as "amountMinor",
  null::numeric as "balanceBeforeMinor", null::numeric as "balanceAfterMinor", null as currency,
  null::bigint as sequence, null as "requestId", null as "reversesTransactionId",
  null::float8 as "processingMs", scan_id as "scanId", terminal_id as "terminalId"`,
}

function eventOf(kind: Kind): string {
  return COLUMNS[kind]
}
