import type { Finding } from '../detector/finding.ts'

/**
 * What a monitor remembers: how far each partition was read, the states of accounts, and what was
 * found. Every method is one atomic step.
 *
 * A pass is one detector over one source; each of its partitions is worked on by one monitor at a time,
 * which holds its lease.
 */
export interface MonitorStore {
  /**
   * Renews the caller's partitions of a pass, gives back those beyond its fair share among the monitors
   * that were seen within `leaseMs`, and takes free ones up to that share.
   *
   * @returns the partitions that are the caller's until `now + leaseMs`
   */
  lease(request: LeaseRequest): Promise<readonly PartitionLease[]>
  /**
   * Gives a monitor's partitions back, so that others need not wait for the leases to end: those of
   * one pass, or all.
   */
  release(owner: string, pass?: string): Promise<void>
  /** Where a partition stands, and the states that wait for time to pass. */
  open(lease: PartitionLease): Promise<PartitionPosition>
  /** The states of some keys of a partition, in any order; a key without one is left out. */
  loadStates(lease: PartitionLease, keys: readonly string[]): Promise<readonly KeyState[]>
  /**
   * Notes what a page led to, all of it or nothing: the cursor moves from `cursorBefore` only while
   * the lease is the caller's, and then states and findings are written with it.
   *
   * @returns `lost` when another monitor has taken over; then nothing was written
   */
  commit(commit: MonitorCommit): Promise<'committed' | 'lost'>
  /** Notes what no page led to, such as that a source is silent. */
  note(note: MonitorNote): Promise<void>
  /**
   * Findings of which `markTold` does not know yet, oldest first: those that opened, grew or ended
   * since they were last told.
   *
   * @param page.after the fingerprint of the last one of the page before; without it, from the beginning
   * @param page.limit the most that are listed
   */
  listUntold(page: UntoldPage): Promise<readonly UntoldFinding[]>
  /**
   * Notes in which revision findings were last handed on. One that has come to another revision since is
   * untold, also where that one was told before: whoever stalled may have handed on what was over.
   */
  markTold(told: readonly ToldFinding[]): Promise<void>
  /** How far every partition of every pass was read. */
  listPositions(): Promise<readonly PartitionStatus[]>
}

/** Who wants partitions. */
export interface LeaseRequest {
  /** The same name stands for the same detector and the same number of partitions. */
  readonly pass: string
  /** The version of its detector: when it grows, cursors and states begin anew. */
  readonly version: number
  readonly partitions: number
  /** Names the monitor that asks. */
  readonly owner: string
  readonly now: number
  readonly leaseMs: number
}

/** A partition that a monitor may work on. */
export interface PartitionLease {
  readonly pass: string
  readonly partition: number
  readonly owner: string
  /** Grows with each owner, so that a former one is recognised. */
  readonly token: number
}

/** How far a partition was read. */
export interface PartitionPosition {
  readonly cursor: string | null
  /** `null` before the first commit. */
  readonly watermark: number | null
  /** When the newest event was read, in epoch milliseconds; `null` when there was none. */
  readonly readAt: number | null
  /** The states with a `wakeAt`. */
  readonly waiting: readonly KeyState[]
}

/** A state as text, by its key. */
export interface KeyState {
  readonly key: string
  /** As `encodeState` wrote it. */
  readonly state: string
  /** From which watermark a step without events leads to something; `null` for never. */
  readonly wakeAt: number | null
}

/** What one page led to. */
export interface MonitorCommit {
  readonly lease: PartitionLease
  readonly cursorBefore: string | null
  readonly cursor: string | null
  readonly watermark: number
  /** When the newest event was read; `null` when there was none ever. */
  readonly readAt: number | null
  readonly now: number
  /** Only the keys that were touched. */
  readonly states: readonly KeyState[]
  /** In order; the same fingerprint may come several times. */
  readonly findings: readonly Finding[]
  /** Accounts that were judged anew, and the findings about them that hold. */
  readonly rejudged: readonly RejudgedSubject[]
  readonly setAside: readonly SetAsideRow[]
  /** Whose events led to the findings, or to the look into a ledger; `null` where none did. */
  readonly source: string | null
}

/** Findings without a page, which come of no source's events. */
export interface MonitorNote {
  readonly findings: readonly Finding[]
  readonly rejudged: readonly RejudgedSubject[]
  readonly now: number
}

/**
 * An account, or a source, that was judged as a whole. Findings of these rules about it that came of the
 * same source's events and are not among `fingerprints` no longer hold. Those that are open end. Those
 * that a person has ended stay so, and nobody is told; but from now on they may come true again.
 */
export interface RejudgedSubject {
  readonly subject: string
  readonly ruleIds: readonly string[]
  readonly fingerprints: readonly string[]
  /**
   * The time of the first event that was judged, in epoch milliseconds: of a finding whose earliest
   * event time lies before it nothing is said, for its events may be gone. Default: of none.
   */
  readonly since?: number | undefined
  /**
   * The sources whose findings it speaks of, where what was judged is what several sources tell of.
   * Default: the source of the commit.
   */
  readonly sources?: readonly string[] | undefined
}

/**
 * A row that could not be judged. A store keeps it once for each source and reason, however many passes
 * come upon it.
 */
export interface SetAsideRow {
  readonly source: string
  /** As JSON, cut to a stated length. */
  readonly row: string
  readonly reason: string
}

/** Which of the untold findings are listed. */
export interface UntoldPage {
  readonly after?: string | undefined
  readonly limit: number
}

/** A finding with the number of changes that it has seen. */
export interface UntoldFinding {
  readonly finding: Finding
  readonly revision: number
}

/** Which finding was told, and in which revision. */
export interface ToldFinding {
  readonly fingerprint: string
  readonly revision: number
}

/** How far one partition was read, and by whom. */
export interface PartitionStatus {
  readonly pass: string
  readonly partition: number
  /** Who holds it; `null` when its lease was given back. */
  readonly owner: string | null
  readonly watermark: number | null
  /** When it was lent for the first time, to whomever. */
  readonly beganAt: number
  /** When the newest event was read; `null` when there was none. */
  readonly readAt: number | null
}
