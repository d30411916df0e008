import type { Migration } from '@assay/core'

/** What was found, as people read it and work on it, and the figures beside it. */
export const monitoringEventTables: Migration = {
  id: 'detectors/0004-monitoring-events',
  // Events are partitioned by the month of their detection, so that old months can be dropped. A
  // unique constraint on a partitioned table must contain the column that it is partitioned by, so
  // it could not keep a fingerprint unique across months. assay_finding_keys does: one small row for
  // each finding ever, written in the same transaction as its event. It outlives the event, so that
  // judging old rows again does not find anew what was resolved and removed long ago.
  //
  // The indexes of events serve keyset pages in the order of detection. Status and severity have few
  // values, so a query that leaves one open asks for each of its values and merges: five indexes
  // serve every filter.
  //
  // A finding may sum amounts of 78 digits. Health snapshots come every few minutes; a month of them
  // is a few thousand rows, which need no partitions.
  sql: `
create sequence assay_monitoring_event_id;

create table assay_finding_keys (
  fingerprint text collate "C" primary key check (char_length(fingerprint) <= 255),
  event_id bigint,
  detected_at timestamptz not null,
  subject text collate "C" not null,
  rule_id text collate "C" not null,
  action text not null check (action in ('open', 'update', 'resolve')),
  source text collate "C",
  began_ms double precision not null default 0,
  ended_at timestamptz,
  ending text collate "C" check (ending in ('by-rule', 'by-person', 'refuted')),
  revision int not null default 0,
  told_revision int not null default 0,
  check ((action = 'resolve') = (ended_at is not null)),
  check ((ending is null) = (ended_at is null))
) with (fillfactor = 80);

create index assay_finding_keys_refutable on assay_finding_keys (subject, rule_id)
where ending is null or ending = 'by-person';

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
  acknowledgement_notes text,
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
(card_id, status, severity, detection_timestamp, event_id);

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

do $$
declare table_name text;
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
end
$$;
`,
}
