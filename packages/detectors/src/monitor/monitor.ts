import type { PartitionStatus } from './monitor-store.ts'

/** Judges what happens on accounts, as it happens, and misses or repeats no finding. */
export interface Monitor {
  /**
   * Works until the signal aborts, and then ends what is under way.
   *
   * @param options.signal ends the work
   */
  run(options?: { readonly signal?: AbortSignal | undefined }): Promise<void>
  /**
   * Runs every pass once, now: for tests, for hosts with a scheduler of their own, and for whoever
   * cannot wait.
   *
   * @param options.signal ends it early, and so does `close()`
   * @throws what a source or the store threw, after all passes have ended; `MONITOR_CLOSED` when the
   *   monitor was closed
   */
  cycle(options?: { readonly signal?: AbortSignal | undefined }): Promise<void>
  /** How far everything was read, and whether it can be. */
  status(): Promise<MonitorStatus>
  /** Ends what is under way, also a cycle, and gives its partitions back. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** How a monitor stands. */
export interface MonitorStatus {
  readonly owner: string
  readonly sources: readonly SourceStatus[]
  /** In which something is read, by any monitor of the store. */
  readonly partitions: readonly PartitionStatus[]
}

/** How a source stands. */
export interface SourceStatus {
  readonly id: string
  readonly circuit: 'closed' | 'open' | 'half-open'
}
