import type { Migration } from '@assay/core'

/**
 * The tables of `createPostgresLedgerRepository`. Give them to `migrate` after those of
 * `@assay/core/postgres`.
 *
 * @example
 * ```ts no-run
 * import { migrate } from '@assay/core'
 * import { fromPgPool, migrations as coreMigrations } from '@assay/core/postgres'
 * import { migrations } from '@assay/detectors/postgres'
 * import pg from 'pg'
 *
 * await migrate(fromPgPool(new pg.Pool()), [...coreMigrations, ...migrations])
 * ```
 */
export const migrations: readonly Migration[] = [
  {
    id: 'detectors/0001-ledger',
    // Names are compared byte by byte, which is fast and the same on every server, whatever its
    // locale. A numeric of 78 digits holds any 256-bit integer. `position` is the order of arrival.
    // A run reads the whole ledger and sorts it once, so it needs no index beside the keys.
    sql: `
create table assay_ledger_transactions (
  source text collate "C" not null,
  account_id text collate "C" not null check (account_id <> ''),
  transaction_id text collate "C" not null check (transaction_id <> ''),
  position bigint not null generated always as identity,
  sequence bigint check (sequence >= 0),
  status text not null check (status in ('completed', 'failed', 'pending', 'cancelled')),
  amount_minor numeric(78) not null,
  balance_before_minor numeric(78),
  balance_after_minor numeric(78),
  currency text not null,
  event_time_ms bigint not null,
  primary key (source, account_id, transaction_id)
);

create table assay_account_balances (
  source text collate "C" not null,
  account_id text collate "C" not null check (account_id <> ''),
  currency text not null,
  balance_minor numeric(78) not null,
  checkpoint_minor numeric(78) not null,
  overdraft_limit_minor numeric(78) not null default 0 check (overdraft_limit_minor >= 0),
  event_time_ms bigint not null,
  primary key (source, account_id)
);

do $$
begin
  if exists (select from pg_catalog.pg_roles where rolname = 'assay_reader') then
    grant select on assay_ledger_transactions, assay_account_balances to assay_reader;
  end if;
  if exists (select from pg_catalog.pg_roles where rolname = 'assay_writer') then
    grant select, insert, update, delete on assay_ledger_transactions, assay_account_balances to assay_writer;
  end if;
end
$$;
`,
  },
]
