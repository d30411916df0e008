import { AssayError } from '../errors/assay-error.ts'
import { sha256Hex } from '../runtime/sha256.ts'
import type { SqlClient, SqlExecutor } from './sql-client.ts'

/** One step of a schema's history. */
export interface Migration {
  /** The package, then a number and a few words: `core/0001-roles`. Ascending within a package. */
  readonly id: string
  /** One or more statements. None of them begins or ends a transaction. */
  readonly sql: string
}

/** What {@link migrate} did, each list in the order of the migrations. */
export interface MigrateResult {
  /** Applied by this call. */
  readonly applied: readonly string[]
  /** Found applied, and unchanged. */
  readonly standing: readonly string[]
}

/** `core/0001-roles`: four digits, so that the order of the ids is the order of the steps. */
const MIGRATION_ID = /^([a-z][a-z0-9-]*)\/\d{4}-[a-z0-9]+(?:-[a-z0-9]+)*$/

/** Names the lock in this database. Any number does, as long as it never changes. */
const LOCK_KEY = 4_702_585_612_049_152_361n

/**
 * Brings a database up to date: applies the migrations that it lacks, in order, in one transaction.
 * Any number of processes may call it at once; one applies, the others wait and find it done.
 *
 * Several packages share the table `assay_migrations`, which is made on first use. Migrations that the
 * database has and the list does not are left alone when they come after everything in the list: an
 * older release of a program starts beside a newer one.
 *
 * @param client the database; its user must be allowed to create tables in the current schema
 * @param migrations the whole history of one or more packages, oldest first, as they export it
 * @returns which migrations this call applied, and which it found applied
 *
 * @throws `MIGRATION_LIST_INVALID` for a malformed or repeated id, or one out of order in the list
 * @throws `MIGRATION_CHANGED` when a migration differs from what was applied under its id
 * @throws `MIGRATION_MISSING` when an applied migration is not in the list, and a later one is
 * @throws `MIGRATION_OUT_OF_ORDER` when a migration comes before one that is already applied
 * @throws `MIGRATION_FAILED` when a migration's SQL fails; nothing was applied, and `cause` says why
 *
 * @example
 * ```ts
 * import { PGlite } from '@electric-sql/pglite'
 * import { migrate } from '@assay/core'
 * import { fromPglite } from '@assay/core/postgres'
 *
 * const client = fromPglite(await PGlite.create())
 * const migrations = [{ id: 'shop/0001-orders', sql: 'create table orders (id bigint primary key)' }]
 * console.log((await migrate(client, migrations)).applied) // [ 'shop/0001-orders' ]
 * console.log((await migrate(client, migrations)).applied) // []
 * ```
 */
export async function migrate(
  client: SqlClient,
  migrations: readonly Migration[],
): Promise<MigrateResult> {
  assertOrderedList(migrations)
  const listed = migrations.map((migration) => ({
    ...migration,
    checksum: sha256Hex(migration.sql),
  }))

  return client.transaction(async (transaction) => {
    await lock(transaction)
    const checksums = await readApplied(transaction)
    assertHistory(listed, checksums)

    const missing = listed.filter(({ id }) => !checksums.has(id))
    for (const migration of missing) await apply(transaction, migration)

    return {
      applied: missing.map(({ id }) => id),
      standing: listed.filter(({ id }) => checksums.has(id)).map(({ id }) => id),
    }
  })
}

interface ListedMigration extends Migration {
  readonly checksum: string
}

function assertOrderedList(migrations: readonly Migration[]): void {
  const lastIdByPackage = new Map<string, string>()
  for (const { id } of migrations) {
    const packageName = MIGRATION_ID.exec(id)?.[1]
    if (packageName === undefined) throw listInvalid(id, 'is not of the form `package/0001-words`')

    const lastId = lastIdByPackage.get(packageName)
    if (lastId === id) throw listInvalid(id, 'is listed twice')
    if (lastId !== undefined && id < lastId) throw listInvalid(id, `is listed after ${lastId}`)
    lastIdByPackage.set(packageName, id)
  }
}

/** Waits for whoever is migrating now. The lock ends with the transaction, however that ends. */
async function lock(transaction: SqlExecutor): Promise<void> {
  // A stricter level would keep showing the database as it was before the wait.
  await transaction.query('set transaction isolation level read committed')
  await transaction.query('select pg_advisory_xact_lock($1::bigint)', [LOCK_KEY])
}

async function readApplied(transaction: SqlExecutor): Promise<ReadonlyMap<string, string>> {
  // Looking first spares a notice, which some clients print, and the right to create tables.
  const found = await transaction.query(`select to_regclass('assay_migrations') as name`)
  if (found.rows[0]?.['name'] === null) {
    await transaction.query(`
create table assay_migrations (
  id text primary key,
  checksum text not null,
  applied_at timestamptz not null default now()
)`)
  }
  const { rows } = await transaction.query('select id, checksum from assay_migrations')
  return new Map(rows.map((row) => [String(row['id']), String(row['checksum'])]))
}

function assertHistory(
  listed: readonly ListedMigration[],
  checksums: ReadonlyMap<string, string>,
): void {
  for (const { id, checksum } of listed) {
    const applied = checksums.get(id)
    if (applied !== undefined && applied !== checksum) throw changed(id)
  }

  const listedIds = new Set(listed.map(({ id }) => id))
  for (const appliedId of checksums.keys()) {
    const laterId = listed.findLast(({ id }) => isSamePackage(id, appliedId) && id > appliedId)?.id
    if (laterId !== undefined && !listedIds.has(appliedId)) throw missing(appliedId, laterId)
  }

  for (const { id } of listed) {
    if (checksums.has(id)) continue
    const laterId = [...checksums.keys()].find((other) => isSamePackage(other, id) && other > id)
    if (laterId !== undefined) throw outOfOrder(id, laterId)
  }
}

function isSamePackage(id: string, otherId: string): boolean {
  return id.slice(0, id.indexOf('/')) === otherId.slice(0, otherId.indexOf('/'))
}

async function apply(transaction: SqlExecutor, migration: ListedMigration): Promise<void> {
  try {
    await transaction.query(asOneStatement(migration.sql))
  } catch (cause) {
    throw failed(migration.id, cause)
  }
  await transaction.query('insert into assay_migrations (id, checksum) values ($1, $2)', [
    migration.id,
    migration.checksum,
  ])
}

/**
 * A query is one statement and a migration may be many. PL/pgSQL runs them as one, which every client
 * can send, and which refuses a stray `commit` that would end the transaction half-way.
 */
function asOneStatement(sql: string): string {
  let tag = '$assay'
  while (sql.includes(tag)) tag += '_'
  return `do ${tag}_do$ begin execute ${tag}$${sql}\n${tag}$; end ${tag}_do$`
}

function listInvalid(id: string, fault: string): AssayError {
  return new AssayError('MIGRATION_LIST_INVALID', {
    message: `The list of migrations cannot be used: ${id} ${fault}.`,
    retry: 'never',
    context: { id },
  })
}

function changed(id: string): AssayError {
  return new AssayError('MIGRATION_CHANGED', {
    message: `Migration ${id} is not what was applied under that id.`,
    retry: 'never',
    context: { id },
  })
}

function missing(id: string, laterId: string): AssayError {
  return new AssayError('MIGRATION_MISSING', {
    message: `Migration ${id} was applied to this database, and the list has ${laterId} but not it.`,
    retry: 'never',
    context: { id, laterId },
  })
}

function outOfOrder(id: string, laterId: string): AssayError {
  return new AssayError('MIGRATION_OUT_OF_ORDER', {
    message: `Migration ${id} comes before ${laterId}, which was already applied to this database.`,
    retry: 'never',
    context: { id, laterId },
  })
}

function failed(id: string, cause: unknown): AssayError {
  return new AssayError('MIGRATION_FAILED', {
    message: `Migration ${id} failed, and nothing was applied.`,
    retry: 'safe',
    context: { id },
    cause,
  })
}
