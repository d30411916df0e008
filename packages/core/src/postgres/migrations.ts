import type { Migration } from '../sql/migrate.ts'

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
]
