import type { Migration } from '@assay/core'

/** What a monitor remembers beside its findings: cursors, leases, states and rows that it set aside. */
export const monitorTables: Migration = {
  id: 'detectors/0003-monitor',
  // Moments are epoch milliseconds, which a double holds exactly and every client reads as a number.
  //
  // States are updated a thousand at a time, over and over. Room is left in each page, and nothing
  // but the key is indexed: then an update stays within its page, touches no index, and the next
  // one clears away after it. A partition's waiting states are found by its part of the key.
  sql: `
create table assay_monitor_partitions (
  pass text collate "C" not null,
  partition int not null check (partition >= 0),
  id int not null generated always as identity,
  version int not null,
  owner text,
  token bigint not null default 0,
  lease_until double precision not null default 0,
  cursor text,
  watermark double precision,
  began_at double precision not null,
  read_at double precision,
  primary key (pass, partition)
) with (fillfactor = 50);

create table assay_monitor_owners (
  pass text collate "C" not null,
  owner text collate "C" not null,
  version int not null,
  seen_at double precision not null,
  primary key (pass, owner)
) with (fillfactor = 50);

create table assay_monitor_states (
  partition_id int not null,
  key text collate "C" not null,
  state text not null,
  wake_at double precision,
  primary key (partition_id, key)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

create table assay_monitor_set_aside (
  id bigint generated always as identity primary key,
  pass text not null,
  source text not null,
  content text not null,
  reason text not null,
  set_aside_at timestamptz not null
);

create index assay_monitor_set_aside_by_time on assay_monitor_set_aside (set_aside_at);

create unique index assay_monitor_set_aside_once
on assay_monitor_set_aside (source, reason, md5(content));

do $$
declare table_name text;
begin
  foreach table_name in array array[
    'assay_monitor_partitions', 'assay_monitor_owners', 'assay_monitor_states',
    'assay_monitor_set_aside'
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
