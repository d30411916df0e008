import type { Migration } from '@assay/core'

/**
 * What maintenance needs the owner's rights for, to add and drop months and to refresh the summary:
 * functions that have them, and look only into the schema that they were made in.
 */
export const monitoringMaintenanceFunctions: Migration = {
  id: 'detectors/0005-monitoring-maintenance',
  // The hours that are over are counted once, by whoever refreshes the dashboard: an hour's events are
  // written within some seconds of their detection, and it waits 15 minutes. The counts stay when the
  // events go.
  sql: `
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
declare function_name text;
begin
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
}
