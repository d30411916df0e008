import { assertWholeNumber, InvalidOptionError } from '@assay/core'

import type { AccountEventInput } from '../detector/account-event.ts'
import { accountIdOf } from '../ledger/ledger-entry.ts'
import { partitionOf } from './account-hash.ts'
import type { EventPage, EventSource, ReadEvents } from './event-source.ts'
import { takeWhole } from './take-whole.ts'

/** Options of {@link createMemoryEventSource}. */
export interface MemoryEventSourceOptions {
  /** Default `memory`. */
  readonly id?: string | undefined
}

/** An {@link EventSource} in memory, to which rows are added. */
export interface MemoryEventSource extends EventSource {
  /**
   * Commits rows. One that was committed before is delivered again, one with an old event time comes
   * late, and one that does not parse is handed out in the partition of the empty name.
   */
  add(rows: Iterable<AccountEventInput>): void
  /** Begins a transaction that is still open: its rows are read once it commits, and not before. */
  begin(): MemoryTransaction
  watch: NonNullable<EventSource['watch']>
}

/** A transaction of a {@link MemoryEventSource}. */
export interface MemoryTransaction {
  add(rows: Iterable<AccountEventInput>): void
  /** Its rows come after all that were committed before, whenever it began. */
  commit(): void
}

/**
 * A log in memory, in the order of commits: for tests, and for a host that has its events at hand.
 * It keeps every row.
 *
 * @param options how it is named in cursors and findings
 *
 * @example
 * ```ts
 * import { createMemoryEventSource } from '@assay/detectors'
 *
 * const source = createMemoryEventSource()
 * source.add([{ kind: 'scan', scanId: 's-1', accountId: 'card-7', eventTime: 1_749_895_200_000 }])
 * const all = { partition: 0, partitions: 1, limit: 1_000, now: 1_749_895_201_000 }
 * const page = await source.read({ ...all, after: null })
 * console.log(page.rows.length, (await source.read({ ...all, after: page.cursor })).rows.length) // 1 0
 * ```
 */
export function createMemoryEventSource({
  id = 'memory',
}: MemoryEventSourceOptions = {}): MemoryEventSource {
  const log: AccountEventInput[] = []
  const watchers = new Set<() => void>()
  /** For each open transaction, the time of the last read before it began. */
  const open = new Map<MemoryTransaction, number>()
  let lastReadAt = 0

  function commit(rows: Iterable<AccountEventInput>): void {
    for (const row of rows) log.push(row)
    for (const onNews of watchers) onNews()
  }

  function begin(): MemoryTransaction {
    const rows: AccountEventInput[] = []
    const transaction: MemoryTransaction = {
      add: (added) => void rows.push(...added),
      commit() {
        if (open.delete(transaction)) commit(rows)
      },
    }
    open.set(transaction, lastReadAt)
    return transaction
  }

  function read({ after, limit, now, ...partition }: ReadEvents): EventPage {
    assertWholeNumber('read', 'limit', limit, { min: 1 })
    const rows: AccountEventInput[] = []
    let place = placeOf(after)
    for (; place < log.length && rows.length < limit; place += 1) {
      const row = log[place]!
      if (isIn(partition, row)) rows.push(row)
    }
    lastReadAt = Math.max(lastReadAt, now)
    return {
      rows,
      cursor: place === 0 ? null : String(place),
      isLast: place === log.length,
      completeUpTo: Math.min(now, ...open.values()),
    }
  }

  return {
    id,
    add: commit,
    begin,
    read: async (request) => {
      request.signal?.throwIfAborted()
      return read(request)
    },
    readAccounts: async ({ accountIds, upTo, limit, signal }) => {
      signal?.throwIfAborted()
      const byAccount = new Map<unknown, AccountEventInput[]>(accountIds.map((id) => [id, []]))
      for (const row of log.slice(0, placeOf(upTo))) byAccount.get(accountIdOf(row))?.push(row)
      const histories = accountIds.map((accountId) => ({
        accountId,
        rows: byAccount.get(accountId) ?? [],
      }))
      return takeWhole(histories, limit)
    },
    watch: async (onNews) => {
      const watcher = (): void => onNews()
      watchers.add(watcher)
      return async () => void watchers.delete(watcher)
    },
  }
}

function isIn(
  { partition, partitions }: Pick<ReadEvents, 'partition' | 'partitions'>,
  row: AccountEventInput,
): boolean {
  return partitions === 1 || partitionOf(accountIdOf(row) ?? '', partitions) === partition
}

/** How many rows of the log come before a cursor. */
function placeOf(cursor: string | null): number {
  if (cursor === null) return 0
  const place = Number(cursor)
  if (Number.isSafeInteger(place) && place > 0) return place
  throw new InvalidOptionError('createMemoryEventSource', 'cursor', 'one that it handed out')
}
