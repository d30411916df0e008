import type { Migration } from '@assay/core'

import { monitorTables } from './monitor/monitor-tables.ts'
import { monitoringEventTables } from './monitor/monitoring-event-tables.ts'
import { monitoringMaintenanceFunctions } from './monitor/monitoring-maintenance-functions.ts'

/**
 * The tables of the repositories, of the event source and of the monitor. Give them to `migrate`
 * after those of `@assay/core/postgres`.
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
    // locale. A numeric of 78 digits holds any 256-bit integer.
    //
    // Rows are a log that monitors read in the order of (xid, position). `position` is the order of
    // arrival; `xid` is the transaction that wrote the row, by which a reader knows that no earlier
    // one is still to commit. A row that changes goes to the end of the log, so that readers see it
    // again, unless whoever changed it has given it a place. After a restore into another server, whose
    // count of transactions may be lower, `update … set xid = default` on every row makes the log
    // readable again, in the order that it has.
    //
    // Transactions that notify commit one after the other, each with a write to the disk of its own. So
    // of those that write at the same time only one does: its readers see that others are open, and
    // look again.
    //
    // The hash is FNV-1a over UTF-16 code units, as partitionOf computes it: whoever inserts may leave
    // it out. A snapshot reads the whole ledger and sorts it once, so it needs no index beside the keys.
    sql: `
create sequence assay_event_position;

create function assay_set_account_hash() returns trigger language plpgsql as $$
declare
  hash bigint := 2166136261;
  letter text;
  code int;
begin
  foreach letter in array string_to_array(new.account_id, null) loop
    code := ascii(letter);
    if code > 65535 then
      hash := (hash # (55232 + (code >> 10) & 255)) * 16777619 & 4294967295;
      hash := (hash # (55232 + (code >> 10) >> 8)) * 16777619 & 4294967295;
      code := 56320 + (code & 1023);
    end if;
    hash := (hash # (code & 255)) * 16777619 & 4294967295;
    hash := (hash # (code >> 8)) * 16777619 & 4294967295;
  end loop;
  new.account_hash := hash;
  return new;
end
$$;

create function assay_place_last() returns trigger language plpgsql as $$
begin
  new.xid := pg_current_xact_id();
  -- The session may not see this schema by itself.
  new.position := nextval(format('%I.assay_event_position', tg_table_schema));
  return new;
end
$$;

create function assay_notify_events() returns trigger language plpgsql as $$
begin
  perform pg_notify('assay_events', source) from (select distinct source from changed) as changes
  where pg_try_advisory_xact_lock(1163286085, hashtext(source));
  return null;
end
$$;

create table assay_ledger_transactions (
  source text collate "C" not null check (char_length(source) <= 255),
  account_id text collate "C" not null check (account_id <> ''),
  account_hash bigint not null,
  transaction_id text collate "C" not null check (transaction_id <> ''),
  position bigint not null default nextval('assay_event_position'),
  xid xid8 not null default pg_current_xact_id(),
  sequence bigint check (sequence >= 0),
  status text not null check (status in ('completed', 'failed', 'pending', 'cancelled')),
  amount_minor numeric(78) not null,
  balance_before_minor numeric(78),
  balance_after_minor numeric(78),
  currency text not null,
  event_time_ms bigint not null,
  request_id text collate "C",
  reverses_transaction_id text collate "C",
  processing_ms bigint check (processing_ms >= 0),
  primary key (source, account_id, transaction_id)
);

create index assay_ledger_transactions_log on assay_ledger_transactions (source, xid, position);

create index assay_ledger_transactions_failed on assay_ledger_transactions (source, account_id)
where status = 'failed';

create trigger assay_set_account_hash before insert on assay_ledger_transactions
for each row when (new.account_hash is null) execute function assay_set_account_hash();

create trigger assay_set_account_hash_anew before update on assay_ledger_transactions
for each row when (old.account_id <> new.account_id) execute function assay_set_account_hash();

create trigger assay_place_last before update on assay_ledger_transactions
for each row when (old.xid = new.xid and old.position = new.position and old is distinct from new)
execute function assay_place_last();

create trigger assay_notify_insert after insert on assay_ledger_transactions
referencing new table as changed for each statement execute function assay_notify_events();

create trigger assay_notify_update after update on assay_ledger_transactions
referencing new table as changed for each statement execute function assay_notify_events();

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
    grant usage on sequence assay_event_position to assay_writer;
  end if;
end
$$;
`,
  },
  {
    id: 'detectors/0002-scans',
    // A log like that of transactions. Both draw positions from one sequence, so that they have one
    // order.
    sql: `
create table assay_scans (
  source text collate "C" not null check (char_length(source) <= 255),
  account_id text collate "C" not null check (account_id <> ''),
  account_hash bigint not null,
  scan_id text collate "C" not null check (scan_id <> ''),
  terminal_id text collate "C",
  event_time_ms bigint not null,
  position bigint not null default nextval('assay_event_position'),
  xid xid8 not null default pg_current_xact_id(),
  primary key (source, account_id, scan_id)
);

create index assay_scans_log on assay_scans (source, xid, position);

create trigger assay_set_account_hash before insert on assay_scans
for each row when (new.account_hash is null) execute function assay_set_account_hash();

create trigger assay_set_account_hash_anew before update on assay_scans
for each row when (old.account_id <> new.account_id) execute function assay_set_account_hash();

create trigger assay_place_last before update on assay_scans
for each row when (old.xid = new.xid and old.position = new.position and old is distinct from new)
execute function assay_place_last();

create trigger assay_notify_insert after insert on assay_scans
referencing new table as changed for each statement execute function assay_notify_events();

create trigger assay_notify_update after update on assay_scans
referencing new table as changed for each statement execute function assay_notify_events();

do $$
begin
  if exists (select from pg_catalog.pg_roles where rolname = 'assay_reader') then
    grant select on assay_scans to assay_reader;
  end if;
  if exists (select from pg_catalog.pg_roles where rolname = 'assay_writer') then
    grant select, insert, update, delete on assay_scans to assay_writer;
  end if;
end
$$;
`,
  },
  monitorTables,
  monitoringEventTables,
  monitoringMaintenanceFunctions,
]
