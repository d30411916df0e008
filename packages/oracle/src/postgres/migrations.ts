import type { Migration } from '@assay/core'

/**
 * What `@assay/oracle` keeps in PostgreSQL, in order, after the migrations of `@assay/core`.
 *
 * `oracle_call_history` is for people and their tools: its columns are those of the table that it
 * replaces. What the client itself needs beside them stands in `assay_oracle_calls`, row by row.
 *
 * @example
 * ```ts
 * import { PGlite } from '@electric-sql/pglite'
 * import { migrate } from '@assay/core'
 * import { fromPglite, migrations as coreMigrations } from '@assay/core/postgres'
 * import { migrations } from '@assay/oracle/postgres'
 *
 * const client = fromPglite(await PGlite.create())
 * await migrate(client, coreMigrations)
 * console.log((await migrate(client, migrations)).applied) // [ 'oracle/0001-call-history' ]
 * ```
 */
export const migrations: readonly Migration[] = [
  {
    id: 'oracle/0001-call-history',
    sql: `
create table oracle_call_history (
  id bigserial primary key,
  fpmm_address text not null,
  season_id integer,
  player_address text,
  function_name text not null,
  parameters jsonb not null,
  status text not null check (status in ('success', 'failed', 'pending', 'retrying')),
  attempt_count integer not null default 0,
  max_attempts integer not null,
  transaction_hash text,
  error_message text,
  error_code text,
  created_at timestamptz not null,
  first_attempt_at timestamptz,
  last_attempt_at timestamptz,
  completed_at timestamptz,
  request_id text not null,
  retry_reason text,
  notes text
);

comment on table oracle_call_history is
  'Every value that was to be written to an oracle contract, and what became of it.';
comment on column oracle_call_history.id is 'Grows in the order in which calls came.';
comment on column oracle_call_history.fpmm_address is 'The market: the address of its contract.';
comment on column oracle_call_history.season_id is 'The season, where the host has named one.';
comment on column oracle_call_history.player_address is 'The wallet whose position changed.';
comment on column oracle_call_history.function_name is 'The function of the oracle contract.';
comment on column oracle_call_history.parameters is 'Its arguments; integers are decimal text.';
comment on column oracle_call_history.status is
  'pending: on its way. retrying: a try has failed, and another follows. success: on chain, or a newer value took its place. failed: its tries are used up.';
comment on column oracle_call_history.attempt_count is 'Tries to get it mined that have failed.';
comment on column oracle_call_history.max_attempts is 'Tries that it gets.';
comment on column oracle_call_history.transaction_hash is 'The transaction that carried it.';
comment on column oracle_call_history.error_message is 'Why the last try failed, in one sentence.';
comment on column oracle_call_history.error_code is 'The same as a stable code.';
comment on column oracle_call_history.created_at is 'When it was asked for.';
comment on column oracle_call_history.first_attempt_at is 'When a transaction first carried it.';
comment on column oracle_call_history.last_attempt_at is 'When a transaction last began to carry it.';
comment on column oracle_call_history.completed_at is 'When it ended, however it did.';
comment on column oracle_call_history.request_id is 'The idempotency key of the request.';
comment on column oracle_call_history.retry_reason is 'The code of the failure that it was retried for.';
comment on column oracle_call_history.notes is 'What else helps to understand it.';

create index idx_oracle_call_history_fpmm_address on oracle_call_history (fpmm_address);
create index idx_oracle_call_history_status on oracle_call_history (status);
create index idx_oracle_call_history_created_at on oracle_call_history (created_at desc);
create index idx_oracle_call_history_player on oracle_call_history (player_address);
create index idx_oracle_call_history_season on oracle_call_history (season_id);
create index idx_oracle_call_history_function on oracle_call_history (function_name);
create index idx_oracle_call_history_failed on oracle_call_history (created_at desc)
where status in ('failed', 'retrying');
create index idx_oracle_call_history_audit
on oracle_call_history (fpmm_address, function_name, created_at desc);

create table assay_oracle_calls (
  call_id bigint primary key references oracle_call_history (id) on delete cascade,
  idempotency_key text not null unique,
  request_hash text not null,
  contract text not null,
  call_key text,
  bps integer,
  policy text not null check (policy in ('latest', 'every')),
  sequence bigint not null,
  observed_at double precision not null,
  state text not null check (
    state in ('waiting', 'carried', 'succeeded', 'failed', 'superseded')
  ),
  revision bigint not null,
  carrier text,
  has_joined boolean not null,
  transaction_id text,
  not_before double precision not null
);

create index assay_oracle_calls_waiting on assay_oracle_calls (contract, call_id)
where state = 'waiting';
create index assay_oracle_calls_carried on assay_oracle_calls (contract, call_id)
where state = 'carried';
create index assay_oracle_calls_by_carrier on assay_oracle_calls (carrier)
where state = 'carried';
create index assay_oracle_calls_open on assay_oracle_calls (call_key)
where call_key is not null and state in ('waiting', 'carried');
create index assay_oracle_calls_on_chain on assay_oracle_calls (call_key, sequence desc, call_id desc)
where call_key is not null and state = 'succeeded';

create table assay_oracle_call_attempts (
  call_id bigint not null references oracle_call_history (id) on delete cascade,
  number integer not null,
  carrier text not null,
  transaction_hash text,
  outcome text not null check (outcome in ('succeeded', 'failed')),
  error_code text,
  error_message text,
  ended_at double precision not null,
  primary key (call_id, number)
);

create table assay_oracle_cursors (
  watcher text primary key,
  block_number bigint not null,
  block_hash text not null
);

alter table oracle_call_history enable row level security;
alter table assay_oracle_calls enable row level security;
alter table assay_oracle_call_attempts enable row level security;
alter table assay_oracle_cursors enable row level security;

do $$
declare table_name text;
begin
  foreach table_name in array array[
    'oracle_call_history', 'assay_oracle_calls', 'assay_oracle_call_attempts',
    'assay_oracle_cursors'
  ] loop
    if exists (select from pg_catalog.pg_roles where rolname = 'assay_reader') then
      execute format('grant select on %I to assay_reader', table_name);
      execute format(
        'create policy %I on %I for select to assay_reader using (true)',
        table_name || '_read', table_name
      );
    end if;
    if exists (select from pg_catalog.pg_roles where rolname = 'assay_writer') then
      execute format('grant select, insert, update, delete on %I to assay_writer', table_name);
      execute format(
        'create policy %I on %I for all to assay_writer using (true) with check (true)',
        table_name || '_write', table_name
      );
    end if;
  end loop;
  if exists (select from pg_catalog.pg_roles where rolname = 'assay_writer') then
    grant usage on sequence oracle_call_history_id_seq to assay_writer;
  end if;
end
$$;
`,
  },
]
