/**
 * Where a monitor reads what happens on accounts, in the order in which it was committed. Implement it
 * over your own tables, or use `createMemoryEventSource` or `createPostgresEventSource` of
 * `@assay/detectors/postgres`.
 */
export interface EventSource {
  /** Names the source in cursors, metrics and findings. Never changes. */
  readonly id: string
  /**
   * Reads the events that follow on a cursor. An event must never appear behind a cursor that was
   * handed out, however late its transaction commits.
   *
   * @returns at most `limit` events, in an order that never changes
   */
  read(request: ReadEvents): Promise<EventPage>
  /**
   * Reads what accounts have up to a cursor, each oldest first, to judge them anew after late events.
   *
   * @returns the accounts in the order of the request, each whole: as many from the first one on as have
   *   at most `limit` events together; none when the first one alone has more
   */
  readAccounts(request: ReadAccountEvents): Promise<readonly AccountHistory[]>
  /**
   * Calls `onNews` when there may be something to read, so that a monitor need not poll. Where it is
   * missing, or a call gets lost, the monitor still polls.
   *
   * @returns ends the watch
   */
  watch?(onNews: () => void): Promise<() => Promise<void>>
}

/** What is to be read next. */
export interface ReadEvents {
  /** Only events of accounts that `partitionOf` puts here; all of them where there is one. */
  readonly partition: number
  readonly partitions: number
  /** The cursor of the page before; `null` for the beginning. */
  readonly after: string | null
  readonly limit: number
  /** The monitor's time, in epoch milliseconds. */
  readonly now: number
  readonly signal?: AbortSignal | undefined
}

/** Which accounts' histories. */
export interface ReadAccountEvents {
  /** Different accounts. */
  readonly accountIds: readonly string[]
  /** The cursor up to which the monitor has read. */
  readonly upTo: string
  /** The most events of all of them. */
  readonly limit: number
  readonly signal?: AbortSignal | undefined
}

/** What one account has. */
export interface AccountHistory {
  readonly accountId: string
  /** As `read` hands them out; none when nothing is known of the account. */
  readonly rows: readonly unknown[]
}

/** Events in the order of their commit. */
export interface EventPage {
  /** As the source has them: the monitor parses each, and sets aside what does not parse. */
  readonly rows: readonly unknown[]
  /** Where the next page begins; the same as before when there was nothing. */
  readonly cursor: string | null
  /** Whether nothing more is there at present. */
  readonly isLast: boolean
  /**
   * Every transaction that began before this moment has been read by the end of this page, in epoch
   * milliseconds. Only heeded on a last page.
   */
  readonly completeUpTo: number
}
