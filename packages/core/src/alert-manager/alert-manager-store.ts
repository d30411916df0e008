import type { AssayError } from '../errors/assay-error.ts'
import type { AlertGroupState } from './alert-group-state.ts'
import type { AlertHistoryEntry, AlertHistoryFilter } from './alert-history.ts'
import type { Silence } from './silence.ts'
import type {
  StoredAlertChange,
  StoredAlertChangeOutcome,
  StoredAlert,
} from './stored-alert-change.ts'

/**
 * Where an alert manager keeps what it must not forget. Each method is one atomic step; all times are
 * epoch milliseconds and come from the caller. What it returns is the caller's own.
 */
export interface AlertManagerStore {
  /**
   * Takes in changes, in order, and enters alerts in their groups. A group that is new is due
   * `groupWaitMs` after the change, or after the alert began to fire where it was only moved.
   *
   * @returns what became of each change, in the same order
   */
  put(
    changes: readonly StoredAlertChange[],
    limits: { readonly alerts: number; readonly groups: number },
  ): Promise<readonly AlertPutResult[]>
  /**
   * Lends groups that are due, those first that have been due longest. No one else is lent a group
   * until it is committed or `leaseMs` have passed.
   */
  claimDue(claim: AlertGroupClaim): Promise<ClaimedAlertGroups>
  /**
   * Records what a claimed group's round has done, and gives the group back. Members that the commit
   * lists with nobody who was or may have been told of them leave the group, where they have ended or
   * belong elsewhere now. A group without members ends.
   *
   * @returns `false`, and changes nothing, when the claim with this token does not hold any more
   */
  commit(commit: AlertGroupCommit): Promise<boolean>
  /** Which of these names some alert that fires now carries in `inhibits`. */
  firingInhibitors(names: readonly string[]): Promise<ReadonlySet<string>>
  /**
   * Notes who took a group on, and makes it due.
   *
   * @param acknowledgement its `key` names a group, or an alert by its fingerprint: then all groups that
   *   it is a member of
   * @returns the keys of the groups
   */
  acknowledge(acknowledgement: {
    readonly key: string
    readonly by: string
    readonly at: number
  }): Promise<readonly string[]>
  /**
   * Ends alerts that should have been fired again by now.
   *
   * @returns how many
   */
  expireAlerts(now: number): Promise<number>
  /** The alerts that are kept, those that fired last first, up to the limit. */
  listAlerts(limit: number): Promise<readonly StoredAlert[]>
  /**
   * The alerts that fire and that a receiver was told of, the worst first, then those that have fired
   * longest, `limit` at most.
   */
  listTold(request: { readonly receiver: string; readonly limit: number }): Promise<ToldAlerts>
  /** Which of these alerts fire now, by their fingerprints. */
  firingAmong(fingerprints: readonly string[]): Promise<ReadonlySet<string>>
  /**
   * Adds a silence, unless so many have not ended at `now`.
   *
   * @returns whether there was room
   */
  addSilence(
    silence: Silence,
    bound: { readonly now: number; readonly limit: number },
  ): Promise<boolean>
  /**
   * Ends a silence at `now`.
   *
   * @returns whether there was one that had not ended
   */
  endSilence(id: string, now: number): Promise<boolean>
  /** The silences that have not ended at `now`, those first that end first. */
  listSilences(now: number): Promise<readonly Silence[]>
  /** Entries of the history, the newest first. */
  listHistory(
    filter: AlertHistoryFilter & { readonly limit: number },
  ): Promise<readonly AlertHistoryEntry[]>
  /**
   * Forgets what nobody needs any more: entries of the history before `historyBefore`, silences that
   * ended before `now`, ended alerts that belong to no group.
   *
   * @returns how many entries of the history it deleted, `limit` at most
   */
  prune(bound: {
    readonly historyBefore: number
    readonly now: number
    readonly limit: number
  }): Promise<number>
}

/** What became of one change. */
export interface AlertPutResult {
  readonly outcome: StoredAlertChangeOutcome
  /** Groups that had no room for the alert. */
  readonly droppedGroupCount: number
}

/** What a receiver was told of, as far as it fires. */
export interface ToldAlerts {
  readonly alerts: readonly StoredAlert[]
  /** How many more there are, beyond the limit or unreadable. */
  readonly omittedCount: number
}

/** What a manager asks for when it claims groups. */
export interface AlertGroupClaim {
  readonly now: number
  readonly leaseMs: number
  /** Names the claim; no other claim has the same. */
  readonly token: string
  /** At most so many groups. */
  readonly limit: number
  /**
   * The receivers that the manager has channels for. Groups of others are left, for `leaseMs` after
   * they were due, to managers that have theirs.
   */
  readonly receivers: ReadonlySet<string>
}

/** What a claim was given. */
export interface ClaimedAlertGroups {
  readonly groups: readonly ClaimedAlertGroup[]
  /** Why groups could not be read. They stay claimed, so that they do not stand in the way. */
  readonly unreadable: readonly AssayError[]
}

/** A group with its members, lent to one manager. */
export interface ClaimedAlertGroup {
  readonly key: string
  readonly routeId: string
  readonly receiver: string
  readonly labels: Readonly<Record<string, string>>
  /** When its first alert came. */
  readonly createdAt: number
  readonly acknowledgement: AlertAcknowledgement | null
  readonly state: AlertGroupState
  /** The claim before this one was never committed: nobody knows what was told in it. */
  readonly isAbandoned: boolean
  readonly members: readonly AlertGroupMember[]
}

/** Who took a group on. */
export interface AlertAcknowledgement {
  readonly by: string
  readonly at: number
}

/** An alert in a group. */
export interface AlertGroupMember extends AlertTelling {
  readonly stored: StoredAlert
}

/** Who was told that an alert fires. */
export interface AlertTelling {
  /** The receivers that believe that it fires. */
  readonly told: readonly string[]
  /** Those that may: a delivery to them failed, and it may have arrived all the same. */
  readonly unsure: readonly string[]
}

/** What a round has done to a group. */
export interface AlertGroupCommit {
  readonly key: string
  readonly token: string
  readonly state: AlertGroupState
  /** When the group is due again. */
  readonly nextAt: number
  /**
   * Who was told of these members by now, those included that may leave. Members that are not listed
   * stay as they are.
   */
  readonly tellings: readonly (AlertTelling & { readonly fingerprint: string })[]
  readonly history: readonly AlertHistoryEntry[]
}
