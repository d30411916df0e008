import { type SqlClient, type SqlExecutor } from '@assay/core'
import { z } from 'zod'

import type { AccountId } from '../ledger/ledger-entry.ts'
import type { ReadScans, ScanRepository } from '../scans/scan-repository.ts'
import type { Scan, ScanId } from '../scans/scan.ts'
import { assertSource } from './assert-source.ts'
import { loadInTurns } from './load-in-turns.ts'
import { neighboursIn } from './neighbours-in.ts'
import { type CursorQuery, readThroughCursor } from './read-through-cursor.ts'
import { withAccountHash } from './with-account-hash.ts'

/** Options of {@link createPostgresScanRepository}. */
export interface PostgresScanRepositoryOptions {
  /** Whose scans, where one database holds several lots: 1 to 255 characters. Default `default`. */
  readonly source?: string | undefined
}

/** A {@link ScanRepository} that can be filled. */
export interface PostgresScanRepository extends ScanRepository {
  /**
   * Adds scans, thousands in one statement. A scan that is there already is left as it is, so a load
   * that broke off can be repeated as a whole. Loads into one source take turns, part by part.
   *
   * @param scans any number; they are sent in parts, each of which is added whole or not at all
   * @returns what became of them
   */
  addScans(scans: readonly Scan[]): Promise<AddedScans>
}

/** What became of scans that were to be added. Each counts in one place. */
export interface AddedScans {
  readonly added: number
  /** How many were there already, word for word. */
  readonly redelivered: number
  /** Those whose name was there already and that say otherwise. The first one stays. */
  readonly conflicting: readonly {
    readonly accountId: AccountId
    readonly scanId: ScanId
  }[]
}

/**
 * Scans in PostgreSQL, in the table `assay_scans` of this subpath's `migrations`. A snapshot is one
 * REPEATABLE READ transaction, as that of `createPostgresLedgerRepository`.
 *
 * @param client the database; `migrate` has brought it up to date
 * @param options.source whose scans, where one database holds several lots
 * @throws `INVALID_OPTION` for a source that is empty or too long
 *
 * @example
 * ```ts no-run
 * import { fromPgPool } from '@assay/core/postgres'
 * import { parseScan } from '@assay/detectors'
 * import { createPostgresScanRepository } from '@assay/detectors/postgres'
 * import pg from 'pg'
 *
 * const scans = createPostgresScanRepository(fromPgPool(new pg.Pool()))
 * const scan = parseScan({ scanId: 's-1', accountId: 'card-7', eventTime: 1_749_895_200_000 })
 * if (scan.ok) console.log((await scans.addScans([scan.row])).added) // 1
 * ```
 */
export function createPostgresScanRepository(
  client: SqlClient,
  { source = 'default' }: PostgresScanRepositoryOptions = {},
): PostgresScanRepository {
  assertSource('createPostgresScanRepository', source)
  const turn = { lockClass: LOCK_CLASS, source }

  return {
    readSnapshot: (work, options) =>
      readThroughCursor(client, selectScans(source, options), options.batchSize, work),
    async addScans(scans) {
      const parts = await loadInTurns(client, turn, scans, (executor, part) =>
        addPart(executor, source, part),
      )
      const added = parts.reduce((sum, part) => sum + part.added, 0)
      const conflicting = parts.flatMap((part) => part.conflicting)
      return { added, redelivered: scans.length - added - conflicting.length, conflicting }
    },
  }
}

function selectScans(source: string, { candidates }: ReadScans): CursorQuery {
  if (candidates === undefined) return { text: selectScansOf(''), values: [source] }
  const where = `and account_id in (${neighboursIn('assay_scans', '$2')})`
  return { text: selectScansOf(where), values: [source, candidates.withinMs] }
}

const selectScansOf = (where: string): string => `
select account_id as "accountId", scan_id as "scanId", terminal_id as "terminalId",
  event_time_ms::float8 as "eventTime"
from assay_scans where source = $1 ${where}
order by account_id`

/** Of the lock that loads of scans take turns by. */
const LOCK_CLASS = 1_396_920_910

async function addPart(
  executor: SqlExecutor,
  source: string,
  scans: readonly Scan[],
): Promise<Omit<AddedScans, 'redelivered'>> {
  const values = [source, JSON.stringify(withAccountHash(scans))]
  const { rowCount: added } = await executor.query(ADD_SCANS, values)
  if (added === scans.length) return { added, conflicting: [] }
  const { rows } = await executor.query(FIND_CONFLICTS, values)
  return { added, conflicting: z.array(conflictSchema).parse(rows) }
}

const conflictSchema = z.object({
  accountId: z.string().brand<'AccountId'>(),
  scanId: z.string().brand<'ScanId'>(),
})

const COLUMNS = 'account_id, account_hash, scan_id, terminal_id, event_time_ms'

const INCOMING_SCANS = `
incoming (${COLUMNS}, place) as (
  select * from rows from (jsonb_to_recordset($2::text::jsonb) as (
    "accountId" text, "accountHash" bigint, "scanId" text, "terminalId" text, "eventTime" bigint
  )) with ordinality
)`

const ADD_SCANS = `
with ${INCOMING_SCANS}
insert into assay_scans (source, ${COLUMNS})
select $1, ${COLUMNS} from incoming order by place
on conflict do nothing`

const FIND_CONFLICTS = `
with ${INCOMING_SCANS}
select incoming.account_id as "accountId", incoming.scan_id as "scanId"
from incoming join assay_scans as known using (account_id, scan_id)
where known.source = $1
  and (known.terminal_id, known.event_time_ms)
    is distinct from (incoming.terminal_id, incoming.event_time_ms)
order by place`
