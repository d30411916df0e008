import type { Migration } from '../sql/migrate.ts'
import { transactionMigration } from './transactions/transaction-migration.ts'

/**
 * What `@assay/core` keeps in PostgreSQL, in order. A migration that has been released is never
 * edited: its checksum is on record wherever it was applied. A change is a new migration at the end.
 *
 * The roles `assay_reader` and `assay_writer` are made when the user may make roles. Where it may
 * not, an administrator makes them before the first `migrate`; without them everything works, and
 * nothing is granted to anyone but the owner. Every migration therefore grants as this one does,
 * only to a role that is there.
 *
 * @example
 * ```ts
 * import { PGlite } from '@electric-sql/pglite'
 * import { migrate } from '@assay/core'
 * import { fromPglite, migrations } from '@assay/core/postgres'
 *
 * const client = fromPglite(await PGlite.create())
 * const { applied } = await migrate(client, migrations)
 * console.log(applied[0]) // core/0001-roles
 * ```
 */
export const migrations: readonly Migration[] = [
  {
    id: 'core/0001-roles',
    // Roles belong to the whole server: migrations of two databases may both make one, and only one
    // of them wins. No notice is raised, because some clients print notices.
    sql: `
do $$
declare role_name text;
begin
  foreach role_name in array array['assay_reader', 'assay_writer'] loop
    if not exists (select from pg_catalog.pg_roles where rolname = role_name) then
      begin
        execute format('create role %I nologin', role_name);
      exception when duplicate_object or unique_violation or insufficient_privilege then
        null;
      end;
    end if;

    if exists (select from pg_catalog.pg_roles where rolname = role_name) then
      execute format('grant select on assay_migrations to %I', role_name);
    end if;
  end loop;
end
$$;
`,
  },
  {
    id: 'core/0002-alert-keys',
    // A version is drawn anew for each change and never returns, not even for a key that was freed
    // and came back: compare-and-set depends on it. The index finds the key to evict.
    sql: `
create table assay_alert_keys (
  scope text not null,
  key text not null check (char_length(key) <= 255),
  version bigint not null generated always as identity,
  failure_count bigint not null check (failure_count >= 0),
  failing_since bigint not null,
  recovered boolean not null,
  alert text not null check (alert in ('none', 'owed', 'open', 'uncertain')),
  alerted_at bigint not null,
  alerted_count bigint not null,
  pending_reason text check (pending_reason in ('firing', 'repeat', 'resolved')),
  pending_since bigint,
  pending_token text,
  primary key (scope, key),
  check (num_nulls(pending_reason, pending_since, pending_token) in (0, 3))
);

create index assay_alert_keys_quiet on assay_alert_keys (scope, failing_since)
where alert = 'none' and pending_reason is null;

do $$
begin
  if exists (select from pg_catalog.pg_roles where rolname = 'assay_reader') then
    grant select on assay_alert_keys to assay_reader;
  end if;
  if exists (select from pg_catalog.pg_roles where rolname = 'assay_writer') then
    grant select, insert, update, delete on assay_alert_keys to assay_writer;
  end if;
end
$$;
`,
  },
  {
    id: 'core/0003-alert-manager',
    // Moments are epoch milliseconds, which a double holds exactly and every client reads as a number.
    // Members refer to groups and alerts without foreign keys: those would lock the rows in an order
    // of their own. The history is for people and their tools, so it has a timestamp.
    sql: `
create table assay_alerts (
  scope text not null,
  fingerprint text not null check (char_length(fingerprint) <= 255),
  alert jsonb not null,
  fired_at double precision not null,
  ends_at double precision,
  expires_at double precision,
  inhibits jsonb not null,
  group_keys jsonb not null,
  placed_at double precision,
  primary key (scope, fingerprint)
);

create index assay_alerts_expiring on assay_alerts (scope, expires_at)
where ends_at is null and expires_at is not null;

create index assay_alerts_inhibiting on assay_alerts (scope)
where ends_at is null and inhibits <> '[]';

create index assay_alerts_ended on assay_alerts (scope) where ends_at is not null;

create table assay_alert_groups (
  scope text not null,
  key text not null check (char_length(key) <= 255),
  route_id text not null,
  receiver text not null,
  labels jsonb not null,
  created_at double precision not null,
  next_at double precision not null,
  state jsonb not null,
  acknowledged_by text,
  acknowledged_at double precision,
  lease_token text,
  lease_until double precision,
  primary key (scope, key),
  check (num_nulls(acknowledged_by, acknowledged_at) in (0, 2)),
  check (num_nulls(lease_token, lease_until) in (0, 2))
);

create index assay_alert_groups_due on assay_alert_groups (scope, next_at);

create table assay_alert_members (
  scope text not null,
  group_key text not null,
  fingerprint text not null,
  told jsonb not null default '[]',
  unsure jsonb not null default '[]',
  primary key (scope, group_key, fingerprint)
);

create index assay_alert_members_of on assay_alert_members (scope, fingerprint);

create table assay_alert_silences (
  scope text not null,
  id text not null,
  matchers jsonb not null,
  starts_at double precision not null,
  ends_at double precision not null,
  author text not null,
  comment text not null,
  primary key (scope, id)
);

create index assay_alert_silences_ending on assay_alert_silences (scope, ends_at);

create table alert_history (
  alert_id bigint generated always as identity primary key,
  scope text not null,
  alert_level text not null check (alert_level in ('critical', 'high', 'medium', 'low')),
  alert_message text not null,
  alert_timestamp timestamptz not null,
  event text not null check (event in ('notified', 'refused', 'acknowledged', 'resolved')),
  reason text not null,
  group_key text not null,
  receiver text not null,
  fingerprints jsonb not null,
  escalation_level int not null,
  acknowledged_by text,
  error_code text
);

create index alert_history_by_time on alert_history (scope, alert_timestamp, alert_id);
create index alert_history_by_fingerprint on alert_history using gin (fingerprints jsonb_path_ops);

do $$
declare table_name text;
begin
  foreach table_name in array array[
    'assay_alerts', 'assay_alert_groups', 'assay_alert_members', 'assay_alert_silences',
    'alert_history'
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
    id: 'core/0004-job-leases',
    // A token is drawn anew for each lease while its row is locked, and never returns: whoever holds a
    // job later has the greater one, also after the row was deleted by hand. `held_until` is null once
    // the job was given back.
    sql: `
create table assay_job_leases (
  scope text not null,
  job text not null check (char_length(job) <= 255),
  token bigint not null generated always as identity,
  owner text not null,
  held_until double precision,
  primary key (scope, job)
);

do $$
begin
  if exists (select from pg_catalog.pg_roles where rolname = 'assay_reader') then
    grant select on assay_job_leases to assay_reader;
  end if;
  if exists (select from pg_catalog.pg_roles where rolname = 'assay_writer') then
    grant select, insert, update, delete on assay_job_leases to assay_writer;
  end if;
end
$$;
`,
  },
  transactionMigration,
]
