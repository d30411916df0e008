import type { Migration } from '@assay/core'

/** The tables of a monitor and of what it finds. They come after those of ledger and scans. */
export const monitorMigrations: readonly Migration[] = [
  {
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
  },
  {
    id: 'detectors/0004-monitoring-events',
    // Events are partitioned by the month of their detection, so that old months can be dropped. A
    // unique constraint on a partitioned table must contain the column that it is partitioned by, so
    // it could not keep a fingerprint unique across months. assay_finding_keys does: one small row for
    // each finding ever, written in the same transaction as its event. It outlives the event, so that
    // judging old rows again does not find anew what was resolved and removed long ago.
    //
    // The indexes of events serve keyset pages in the order of detection. Status and severity have few
    // values, so a query that leaves one open asks for each of its values and merges: three indexes
    // serve every filter.
    //
    // The hours that are over are counted once, by whoever refreshes the dashboard: an hour's events are
    // written within some seconds of their detection, and it waits 15 minutes. The counts stay when the
    // events go.
    //
    // A finding may sum amounts of 78 digits. Health snapshots come every few minutes; a month of them
    // is a few thousand rows, which need no partitions.
    //
    // What needs the owner's rights, to add and drop months and to refresh the summary, is done by
    // functions that have them. They look only into the schema that they were made in.
    sql: `
create sequence assay_monitoring_event_id;

create table assay_finding_keys (
  fingerprint text collate "C" primary key check (char_length(fingerprint) <= 255),
  event_id bigint,
  detected_at timestamptz not null,
  subject text collate "C" not null,
  rule_id text collate "C" not null,
  action text not null check (action in ('open', 'update', 'resolve')),
  ended_at timestamptz,
  is_refuted boolean not null default false,
  revision int not null default 0,
  told_revision int not null default 0,
  check ((action = 'resolve') = (ended_at is not null))
) with (fillfactor = 80);

create index assay_finding_keys_open on assay_finding_keys (subject, rule_id)
where ended_at is null;

create index assay_finding_keys_untold on assay_finding_keys (event_id)
where told_revision < revision;

create index assay_finding_keys_untold_end on assay_finding_keys (ended_at)
where told_revision < revision;

create index assay_finding_keys_ended on assay_finding_keys (ended_at)
where ended_at is not null;

create table monitoring_events (
  event_id bigint not null,
  fingerprint text collate "C" not null,
  event_type text collate "C" not null,
  severity text collate "C" not null check (severity in ('critical', 'high', 'medium', 'low')),
  card_id text collate "C" not null,
  transaction_id text collate "C" generated always as (transaction_ids ->> 0) stored,
  transaction_ids jsonb not null,
  affected_amount_minor numeric(100),
  currency text,
  detection_timestamp timestamptz not null,
  detection_algorithm text not null,
  confidence_score double precision not null check (confidence_score between 0 and 1),
  event_data jsonb not null default '{}',
  context_data jsonb not null default '{}',
  status text collate "C" not null default 'OPEN'
    check (status in ('OPEN', 'ACKNOWLEDGED', 'RESOLVED')),
  event_time_ms double precision not null,
  acknowledged_by text,
  acknowledged_at timestamptz,
  resolved_by text,
  resolved_at timestamptz,
  resolution_notes text,
  updated_at timestamptz not null,
  primary key (event_id, detection_timestamp),
  check ((status = 'RESOLVED') = (resolved_at is not null))
) partition by range (detection_timestamp);

create index monitoring_events_by_time on monitoring_events (detection_timestamp, event_id)
include (event_type, severity);

create index monitoring_events_by_status on monitoring_events
(status, severity, detection_timestamp, event_id) include (event_type);

create index monitoring_events_by_type on monitoring_events
(event_type, status, severity, detection_timestamp, event_id);

create index monitoring_events_by_card on monitoring_events
(card_id, detection_timestamp, event_id);

create index monitoring_events_resolved on monitoring_events (resolved_at)
include (event_type, severity) where status = 'RESOLVED';

create table system_health_snapshots (
  snapshot_id bigint generated always as identity primary key,
  snapshot_timestamp timestamptz not null,
  status text not null check (status in ('healthy', 'degraded', 'unknown')),
  total_transactions_last_hour bigint not null,
  successful_transactions_last_hour bigint not null,
  failed_transactions_last_hour bigint not null,
  success_rate_percent numeric(5, 2),
  processing_p50_ms double precision,
  processing_p95_ms double precision,
  processing_p99_ms double precision,
  total_balance_minor jsonb not null,
  negative_balances bigint not null,
  open_events bigint not null,
  critical_events_last_hour bigint not null
);

create index system_health_snapshots_by_time on system_health_snapshots
(snapshot_timestamp, snapshot_id);

create table assay_event_counts (
  hour timestamptz not null,
  event_type text collate "C" not null,
  severity text collate "C" not null,
  events bigint not null,
  primary key (hour, event_type, severity)
);

create table assay_dashboard_clock (
  is_only boolean primary key default true check (is_only),
  refreshed_at timestamptz not null default 'epoch',
  counted_until timestamptz not null default 'epoch'
);

insert into assay_dashboard_clock default values;

create materialized view monitoring_dashboard_summary as
with active as (
  select event_type, severity,
    count(*) filter (where status = 'OPEN') as open_events,
    count(*) filter (where status = 'ACKNOWLEDGED') as acknowledged_events
  from monitoring_events where status in ('OPEN', 'ACKNOWLEDGED')
  group by event_type, severity
), resolved as (
  select event_type, severity, count(*) as resolved_last_day
  from monitoring_events
  where status = 'RESOLVED'
    and resolved_at > (select refreshed_at - interval '1 day' from assay_dashboard_clock)
  group by event_type, severity
), detected as (
  select event_type, severity, count(*) as detected_last_day
  from monitoring_events
  where detection_timestamp > (select refreshed_at - interval '1 day' from assay_dashboard_clock)
  group by event_type, severity
)
select event_type, severity,
  coalesce(open_events, 0) as open_events,
  coalesce(acknowledged_events, 0) as acknowledged_events,
  coalesce(resolved_last_day, 0) as resolved_last_day,
  coalesce(detected_last_day, 0) as detected_last_day
from active
full join resolved using (event_type, severity)
full join detected using (event_type, severity);

create unique index monitoring_dashboard_summary_key on monitoring_dashboard_summary
(event_type, severity);

create function assay_add_events_month(moment timestamptz) returns boolean
language plpgsql security definer as $$
declare
  first_day timestamp := date_trunc('month', moment at time zone 'UTC');
  month_name text := 'monitoring_events_' || to_char(first_day, 'YYYY_MM');
begin
  if to_regclass(quote_ident(month_name)) is not null then
    return false;
  end if;
  perform pg_advisory_xact_lock(1297040460, 1);
  begin
    -- A table that is attached holds up nobody, unlike one that is made as a partition.
    execute format(
      'create table %I (like monitoring_events including defaults including generated including constraints) with (fillfactor = 90)',
      month_name
    );
  exception when duplicate_table then
    -- Somebody else has made it while this one waited.
    return false;
  end;
  execute format(
    'alter table monitoring_events attach partition %I for values from (%L) to (%L)',
    month_name, first_day at time zone 'UTC', (first_day + interval '1 month') at time zone 'UTC'
  );
  return true;
end
$$;

create function assay_drop_events_month(cutoff timestamptz) returns boolean
language plpgsql security definer set lock_timeout = '2s' as $$
declare
  month_name text;
  still_needed boolean;
begin
  for month_name in
    select relname from pg_catalog.pg_inherits
    join pg_catalog.pg_class as child on child.oid = inhrelid
    where inhparent = 'monitoring_events'::regclass
      and relname ~ '^monitoring_events_[0-9]{4}_[0-9]{2}$'
      and relname < 'monitoring_events_' || to_char(cutoff at time zone 'UTC', 'YYYY_MM')
    order by relname
  loop
    execute format(
      'select exists (select from %I where status <> ''RESOLVED'' or resolved_at >= $1)', month_name
    ) into still_needed using cutoff;
    continue when still_needed;
    begin
      lock table only monitoring_events in access exclusive mode;
      execute format('select exists (select from %I where status <> ''RESOLVED'')', month_name)
        into still_needed;
      if not still_needed then
        execute format('drop table %I', month_name);
      end if;
      -- One at a time, because the lock is held until the end.
      return not still_needed;
    exception when lock_not_available or undefined_table then
      -- Somebody reads it, or has dropped it: the next maintenance looks again.
      return false;
    end;
  end loop;
  return false;
end
$$;

create function assay_refresh_dashboard(moment timestamptz) returns boolean
language plpgsql security definer as $$
declare
  already timestamptz;
  target timestamptz := date_bin('1 hour', moment - interval '15 minutes', 'epoch'::timestamptz);
begin
  if not pg_try_advisory_xact_lock(1297040460, 2) then
    return false;
  end if;
  select counted_until into already from assay_dashboard_clock;
  insert into assay_event_counts (hour, event_type, severity, events)
  select date_bin('1 hour', detection_timestamp, 'epoch'::timestamptz), event_type, severity, count(*)
  from monitoring_events
  where detection_timestamp >= already and detection_timestamp < target
  group by 1, 2, 3;
  update assay_dashboard_clock
  set refreshed_at = moment, counted_until = greatest(counted_until, target);
  refresh materialized view concurrently monitoring_dashboard_summary;
  return true;
end
$$;

do $$
declare
  table_name text;
  function_name text;
begin
  foreach table_name in array array[
    'assay_finding_keys', 'monitoring_events', 'system_health_snapshots', 'assay_event_counts',
    'assay_dashboard_clock', 'monitoring_dashboard_summary'
  ] loop
    if exists (select from pg_catalog.pg_roles where rolname = 'assay_reader') then
      execute format('grant select on %I to assay_reader', table_name);
    end if;
    if exists (select from pg_catalog.pg_roles where rolname = 'assay_writer') then
      execute format('grant select on %I to assay_writer', table_name);
      if table_name not in ('assay_dashboard_clock', 'monitoring_dashboard_summary') then
        execute format('grant insert, update, delete on %I to assay_writer', table_name);
      end if;
      grant usage on sequence assay_monitoring_event_id to assay_writer;
    end if;
  end loop;

  foreach function_name in array array[
    'assay_add_events_month', 'assay_drop_events_month', 'assay_refresh_dashboard'
  ] loop
    execute format(
      'alter function %I(timestamptz) set search_path = %I, pg_temp', function_name, current_schema
    );
    execute format('revoke all on function %I(timestamptz) from public', function_name);
    if exists (select from pg_catalog.pg_roles where rolname = 'assay_writer') then
      execute format('grant execute on function %I(timestamptz) to assay_writer', function_name);
    end if;
  end loop;
end
$$;
`,
  },
]
