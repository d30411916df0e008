import type { Migration } from '../../sql/migrate.ts'

/**
 * Tables of the transaction manager.
 *
 * A nonce is reserved by its row in `assay_nonce_reservations`, which is never deleted: whatever
 * becomes of the transaction, no other one gets the nonce. Attempts have rows of their own, because
 * their bytes are written once and read seldom. Moments are epoch milliseconds.
 */
export const transactionMigration: Migration = {
  id: 'core/0005-transactions',
  sql: `
create table assay_transactions (
  position bigint generated always as identity primary key,
  id text not null unique,
  idempotency_key text not null unique check (char_length(idempotency_key) <= 255),
  request_hash text not null,
  chain text not null,
  account text not null,
  payload jsonb not null,
  covers jsonb not null,
  coalesce_key text,
  expires_at double precision,
  state text not null check (state in (
    'queued', 'assigned', 'signed', 'broadcasting', 'in-flight', 'mined',
    'confirmed', 'reverted', 'rejected', 'superseded', 'abandoned', 'conflict'
  )),
  revision bigint not null,
  nonce bigint check (nonce >= 0),
  prepared jsonb,
  purpose text not null check (purpose in ('send', 'cancel')),
  sent_attempts int not null,
  mined jsonb,
  reason text,
  enqueued_at double precision not null,
  sent_at double precision,
  updated_at double precision not null
);

create index assay_transactions_queued on assay_transactions (chain, account, position)
where state = 'queued';
create index assay_transactions_coalescing on assay_transactions (chain, account, coalesce_key)
where state = 'queued' and coalesce_key is not null;
create index assay_transactions_live on assay_transactions (chain, account, nonce)
where state in ('assigned', 'signed', 'broadcasting', 'in-flight', 'mined');
create index assay_transactions_ended on assay_transactions (updated_at)
where state in ('confirmed', 'reverted', 'rejected', 'superseded', 'abandoned', 'conflict');

create table assay_transaction_attempts (
  transaction_id text not null references assay_transactions (id) on delete cascade,
  number int not null,
  hash text not null,
  raw text not null,
  purpose text not null check (purpose in ('send', 'cancel')),
  covers jsonb not null,
  terms jsonb,
  signed_at double precision not null,
  primary key (transaction_id, number)
);

create index assay_transaction_attempts_by_hash on assay_transaction_attempts (hash);

create table assay_nonce_reservations (
  chain text not null,
  account text not null,
  nonce bigint not null,
  transaction_id text not null,
  primary key (chain, account, nonce)
);

do $$
declare table_name text;
begin
  foreach table_name in array array[
    'assay_transactions', 'assay_transaction_attempts', 'assay_nonce_reservations'
  ] loop
    if exists (select from pg_catalog.pg_roles where rolname = 'assay_reader') then
      execute format('grant select on %I to assay_reader', table_name);
    end if;
    if exists (select from pg_catalog.pg_roles where rolname = 'assay_writer') then
      execute format('grant select, insert, update, delete on %I to assay_writer', table_name);
    end if;
  end loop;
end
$$;
`,
}
