/**
 * How a run ended.
 *
 * - `success`: it resolved.
 * - `failure`: it threw or rejected.
 * - `timeout`: its time was up, and its signal was aborted.
 * - `lease-lost`: its lease could not be kept, and its signal was aborted.
 * - `aborted`: the scheduler was closed in a hurry.
 */
export type JobOutcome = 'success' | 'failure' | 'timeout' | 'lease-lost' | 'aborted'

/**
 * Why a job was not run.
 *
 * - `overlap`: its last run has not settled.
 * - `standby`: another process holds its lease.
 * - `lease-error`: the lease store failed, or took too long to answer.
 * - `circuit-open`: its breaker refused.
 * - `closed`: the scheduler is closed.
 */
export type JobSkipReason = 'overlap' | 'standby' | 'lease-error' | 'circuit-open' | 'closed'

/** What became of one call of `runNow`. */
export type JobResult =
  | { readonly outcome: 'success'; readonly durationMs: number }
  | {
      readonly outcome: Exclude<JobOutcome, 'success'>
      readonly durationMs: number
      /** What it threw, or why it was aborted. */
      readonly error: unknown
    }
  | { readonly outcome: 'skipped'; readonly reason: JobSkipReason }

/** What `onError` hears. */
export interface JobFailure {
  readonly job: string
  /** How the run ended; `lease-error` where the lease store failed, before, in or after a run. */
  readonly reason: 'failure' | 'timeout' | 'lease-lost' | 'lease-error'
  readonly error: unknown
}

/** One job as it is now. Moments are epoch milliseconds; `null` where there is none. */
export interface JobStatus {
  readonly name: string
  /** Since when a run is under way, or has not settled after it was aborted. */
  readonly runningSince: number | null
  /** When the next run is planned, jitter left out. */
  readonly nextAt: number | null
  readonly lastStartedAt: number | null
  readonly lastOutcome: JobOutcome | null
  readonly lastDurationMs: number | null
  readonly lastSuccessAt: number | null
  /** Runs since the last success that failed, timed out or lost their lease. */
  readonly consecutiveFailures: number
  /** Whether this process holds the job's lease; `null` for a job without one. */
  readonly lease: 'held' | 'standby' | null
}

/** A scheduler as it is now, as plain JSON. */
export interface SchedulerStatus {
  readonly state: 'idle' | 'started' | 'closing' | 'closed'
  readonly jobs: readonly JobStatus[]
}

/** Runs jobs when they are due. Made by `createScheduler`. */
export interface Scheduler {
  /**
   * Begins to run jobs as planned. Its timers keep no process alive. Once started it stays so.
   *
   * @throws `SCHEDULER_CLOSED` after `close()`
   */
  start(): void
  /**
   * Starts, and closes once `signal` aborts. It keeps the process alive until then.
   *
   * @param options.signal ends it, as SIGTERM would: what is running is waited for
   * @returns a promise that resolves when the scheduler is closed, by the signal or by `close()`, and
   *   at once when it was before
   */
  run(options?: { readonly signal?: AbortSignal | undefined }): Promise<void>
  /**
   * Runs a job at once, whatever the plan, which stays as it is. It waits for no other run of the job,
   * and takes the lease as a planned run does.
   *
   * @param name the job's name
   * @returns what became of it; a failure is told here too, and does not reject
   * @throws {InvalidOptionError} `INVALID_OPTION`, as a rejection, when there is no such job
   */
  runNow(name: string): Promise<JobResult>
  /** The state of each job, in the order in which they were given. */
  status(): SchedulerStatus
  /**
   * Begins no more runs, waits for those under way, and gives back the leases. Each run has until its
   * timeout; one that has not settled within `settleMs` after it was aborted is left behind, and its
   * lease runs out by itself.
   *
   * @param options.signal aborts what is still running
   */
  close(options?: { readonly signal?: AbortSignal | undefined }): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
