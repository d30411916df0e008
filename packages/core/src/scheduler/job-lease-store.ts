/** Asks for a job. */
export interface JobLeaseRequest {
  readonly job: string
  /** Names the asker to people; nothing is compared with it. */
  readonly owner: string
  /** Epoch milliseconds. */
  readonly now: number
  /** For how many milliseconds it is wanted. */
  readonly leaseMs: number
}

/** What came of a {@link JobLeaseRequest}. */
export type JobLeaseAnswer =
  | {
      readonly taken: true
      /** Greater than every token that was given for this job before. */
      readonly token: bigint
    }
  | {
      readonly taken: false
      /** Who holds it, and until when in epoch milliseconds if it is not renewed. */
      readonly owner: string
      readonly until: number
    }

/** Asks to hold a lease for longer. */
export interface JobLeaseRenewal {
  readonly job: string
  /** The one that came with the lease. */
  readonly token: bigint
  /** Epoch milliseconds. */
  readonly now: number
  /** For how many milliseconds from `now` it is wanted. */
  readonly leaseMs: number
}

/**
 * Where processes agree on which of them runs a job: `createMemoryJobLeaseStore`,
 * `createPostgresJobLeaseStore`, or one of your own that passes `jobLeaseStoreContract` of
 * `@assay/core/testing`.
 *
 * Each method is one atomic step. Names of jobs are at most 255 characters long and well-formed
 * Unicode without U+0000.
 */
export interface JobLeaseStore {
  /**
   * Lends a job that is free: never lent, given back, or lent until `now` or before. A lease that
   * holds is refused to everyone, to its own holder too.
   */
  take(request: JobLeaseRequest): Promise<JobLeaseAnswer>
  /**
   * Lends it for longer to its holder, also when its time was up and nobody took it since. A renewal
   * never shortens a lease.
   *
   * @returns `false`, and changes nothing, when it was given back or somebody else has taken it
   */
  renew(renewal: JobLeaseRenewal): Promise<boolean>
  /** Gives it back. With a token that is not the last one it does nothing. */
  release(lease: { readonly job: string; readonly token: bigint }): Promise<void>
}
