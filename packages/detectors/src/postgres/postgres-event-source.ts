import {
  assertWholeNumber,
  type Clock,
  InvalidOptionError,
  type SqlClient,
  type SqlExecutor,
  type SqlRow,
  systemClock,
} from '@assay/core'
import { z } from 'zod'

import type { AccountEvent } from '../detector/account-event.ts'
import type {
  AccountHistory,
  EventPage,
  EventSource,
  ReadAccountEvents,
  ReadEvents,
} from '../monitor/event-source.ts'
import { assertSourceId } from '../monitor/source-id.ts'
import { createCompletenessMarks } from './completeness-marks.ts'
import { createEventNews } from './event-news.ts'
import { selectAccountEvents, selectEvents, selectHorizon } from './select-events.ts'

/** Options of {@link createPostgresEventSource}. */
export interface PostgresEventSourceOptions {
  /**
   * Which ledger and scans, where one database holds several: a letter, then letters, digits and `_.-`.
   * It is the source's id. Default `default`.
   */
  readonly source?: string | undefined
  /**
   * Which events are read. Default: transactions and scans, in one order. A source of one kind has it in
   * its id: `default.scans`. The id has at most 50 characters.
   */
  readonly kinds?: readonly AccountEvent['kind'][] | undefined
  /**
   * Hears of new rows, so that a monitor need not wait until it polls again. For `pg` it is
   * `listenOnPgPool(pool)`, for PGlite `(channel, onNotify) => database.listen(channel, onNotify)`.
   * Without it the source cannot be watched.
   */
  readonly listen?: ListenToChannel | undefined
  /** Tells when to look again for what was open, while the source is watched. */
  readonly clock?: Clock | undefined
}

/**
 * Calls `onNotify` with the payload of each notification on a channel, and with `null` where some may
 * have been missed.
 *
 * @returns ends it
 */
export type ListenToChannel = (
  channel: string,
  onNotify: (payload: string | null) => void,
) => Promise<() => Promise<void>>

/** The channel on which the tables tell of changes. The payload is the source. */
const CHANNEL = 'assay_events'

/**
 * The transactions and scans of `createPostgresLedgerRepository` and `createPostgresScanRepository`, or
 * of whoever else writes into their tables, as one log.
 *
 * A row is read once every transaction that began to write before its own has ended: only then can
 * nothing come to stand before it. So a transaction that stays open holds back all that was written
 * since, whatever table of the server it writes to, and `completeUpTo` shows by how much. It counts
 * from a transaction's first write: whoever takes the time of an event long before that is late.
 *
 * A row that changes, as a pending one that is decided, is read again, whoever changes it.
 *
 * @param client the database; `migrate` has brought it up to date
 * @param options which rows, and how it hears of new ones
 * @throws `INVALID_OPTION` for a source that cannot be an id, or for no kinds; from `read` and
 *   `readAccounts` for a cursor of another source
 *
 * @example
 * ```ts no-run
 * import { fromPgPool } from '@assay/core/postgres'
 * import { createPostgresEventSource, listenOnPgPool } from '@assay/detectors/postgres'
 * import pg from 'pg'
 *
 * const pool = new pg.Pool()
 * const source = createPostgresEventSource(fromPgPool(pool), { listen: listenOnPgPool(pool) })
 * console.log(source.id) // default
 * ```
 */
export function createPostgresEventSource(
  client: SqlClient,
  options: PostgresEventSourceOptions = {},
): EventSource {
  const { source = 'default', kinds = ['transaction', 'scan'] } = options
  const { listen, clock = systemClock } = options
  if (new Set(kinds).size !== kinds.length || kinds.length === 0) {
    throw new InvalidOptionError('createPostgresEventSource', 'kinds', 'one or two different kinds')
  }
  const id = kinds.length === 2 ? source : `${source}.${kinds[0]}s`
  assertSourceId('createPostgresEventSource', 'source', id)
  const marks = createCompletenessMarks()
  const news = listen && createEventNews({ listen, channel: CHANNEL, source, clock })

  async function read(request: ReadEvents): Promise<EventPage> {
    assertWholeNumber('read', 'limit', request.limit, { min: 1 })
    const start = parseCursor(request.after)
    request.signal?.throwIfAborted()
    const page = await client.transaction(async (transaction) => {
      // At the strictest level a reader may make writers fail.
      await transaction.query('set transaction isolation level read committed, read only')
      return readPage(transaction, start, request)
    })
    if (page.isLast) news?.noteLastPage({ isComplete: page.completeUpTo >= request.now })
    return page
  }

  async function readPage(
    executor: SqlExecutor,
    start: Place,
    request: ReadEvents,
  ): Promise<EventPage> {
    const found = await executor.query(selectHorizon(kinds), [source, ...start])
    const { xmin, begun, xid, position } = horizonSchema.parse(found.rows[0])
    const seen = { now: request.now, endedBelow: xmin, begunBelow: xmin + begun }
    const completeUpTo = marks.note(seen)
    if (xid === null || position === null) {
      return { rows: [], cursor: request.after, isLast: true, completeUpTo }
    }
    request.signal?.throwIfAborted()
    const end = [xid, position] as const
    const rows = await readBetween(executor, start, end, request)
    const isLast = rows.length < request.limit
    return { rows, cursor: isLast ? end.join('.') : cursorOf(rows.at(-1)), isLast, completeUpTo }
  }

  async function readBetween(
    executor: SqlExecutor,
    start: Place,
    end: Place,
    { partition, partitions, limit }: ReadEvents,
  ): Promise<readonly SqlRow[]> {
    const values = [source, ...start, ...end, partitions, partition, limit]
    return (await executor.query(selectEvents(kinds), values)).rows
  }

  async function readAccounts(request: ReadAccountEvents): Promise<readonly AccountHistory[]> {
    const { accountIds, upTo, limit, signal } = request
    assertWholeNumber('readAccounts', 'limit', limit, { min: 0 })
    signal?.throwIfAborted()
    const values = [source, JSON.stringify(accountIds), ...parseCursor(upTo), limit]
    const { rows } = await client.query(selectAccountEvents(kinds), values)
    const byAccount = Map.groupBy(rows, ({ asked }) => String(asked))
    return [...byAccount].map(([accountId, found]) => ({
      accountId,
      rows: found.filter(({ kind }) => kind !== null),
    }))
  }

  return {
    id,
    read,
    readAccounts,
    ...(news !== undefined && { watch: news.watch }),
  }
}

const horizonSchema = z.object({
  xmin: z.string().transform(BigInt),
  begun: z.number().transform(BigInt),
  xid: z.string().nullable(),
  position: z.string().nullable(),
})

/** Transaction and position of the last row that was read; both have a place in the log. */
type Place = readonly [xid: string, position: string]

/** No row stands here: numbers of transactions begin at 3. */
const BEGINNING: Place = ['0', '0']

function parseCursor(cursor: string | null): Place {
  if (cursor === null) return BEGINNING
  const [, xid, position] = /^(\d{1,20})\.(\d{1,19})$/.exec(cursor) ?? []
  if (xid !== undefined && position !== undefined) return [xid, position]
  throw new InvalidOptionError('createPostgresEventSource', 'cursor', 'one that it handed out')
}

function cursorOf(row: SqlRow | undefined): string {
  return `${String(row?.['xid'])}.${String(row?.['position'])}`
}
