import type { CircuitBreaker } from '../circuit-breaker/circuit-breaker.ts'

/** What one run of a job is given. */
export interface JobRun {
  /**
   * Aborts when the run's time is up, when its lease is lost, or when the scheduler is closed in a
   * hurry. Pass it on to all that the job waits for: while a run has not settled there is no other.
   */
  readonly signal: AbortSignal
  /**
   * The fencing token of the lease; `undefined` for a job without one. Whoever takes the lease later
   * has a greater one, so that a store which refuses smaller tokens than it has seen refuses a run
   * that outlived its lease.
   */
  readonly token: bigint | undefined
}

/** How long a job is lent to one process. */
export interface JobLeaseOptions {
  /**
   * After how many milliseconds without a renewal another process may take the job over; at least
   * 1,000. It is renewed each third of that while the job runs. Default 30,000.
   */
  readonly leaseMs?: number | undefined
}

/** A job and when it is due. Times are counted from `start()`, by the clock that never goes back. */
export interface ScheduledJob {
  /** A letter, then letters, digits and `_ . : / -`, at most 100; each name once. It is a label of metrics. */
  readonly name: string
  /** From one planned run to the next, in milliseconds. */
  readonly intervalMs: number
  /** When the first run is planned, in milliseconds after `start()`. Default 0. Stagger jobs by it. */
  readonly offsetMs?: number | undefined
  /**
   * By how many milliseconds at most, drawn for each run, it comes later than planned; less than
   * `intervalMs`. The plan itself stays. Default 0.
   */
  readonly jitterMs?: number | undefined
  /** How long a run may take before its signal is aborted, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number | undefined
  /** Each run passes through it; while it is open, runs are skipped. A timeout is a failure to it. */
  readonly breaker?: Pick<CircuitBreaker, 'execute'> | undefined
  /** Whether only one of the processes that share `leases` runs it. Default `false`. */
  readonly lease?: boolean | JobLeaseOptions | undefined
  /** The work. What it returns is not looked at; what it throws or rejects with is a failure. */
  readonly run: (run: JobRun) => unknown
}
