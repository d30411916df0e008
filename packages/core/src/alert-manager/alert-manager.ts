import type { NotifiedAlert } from '../alerts/alert-notification.ts'
import type { Alert, AlertIdentity } from '../alerts/alert.ts'
import type { AlertHistoryEntry, AlertHistoryFilter } from './alert-history.ts'
import type { AlertMatcherInput } from './policy/alert-matcher.ts'
import type { Silence, SilenceRequest } from './silence.ts'

/**
 * What became of an alert that was fired: `accepted`, when it fires from now on, or `updated`, when it
 * fired already and is kept as it is now.
 */
export type FireOutcome =
  | { readonly outcome: 'accepted' | 'updated'; readonly fingerprint: string }
  | AlertRefusal

/** What became of an alert that was resolved: `not-firing` when there was nothing to end. */
export type ResolveOutcome =
  | { readonly outcome: 'resolved' | 'not-firing'; readonly fingerprint: string }
  | AlertRefusal

/**
 * A change that was not taken in.
 *
 * - `alert-limit`, `group-limit`: that many are kept already, which an alert of its own announces.
 * - `waiting-limit`: the store is too slow for so many calls.
 * - `closed`: the manager is closed.
 */
export interface AlertRefusal {
  readonly outcome: 'refused'
  readonly reason: 'alert-limit' | 'group-limit' | 'waiting-limit' | 'closed'
  readonly fingerprint: string
}

/** An alert that the manager keeps. */
export interface KeptAlert extends NotifiedAlert {
  /** The groups that it belongs to; each can be acknowledged. */
  readonly groupKeys: readonly string[]
  /** Why people are not told of it now; `null` when they are. Mute times of routes are not shown. */
  readonly mutedBy: 'inhibition' | 'silence' | null
}

/** Which alerts are wanted: those that fit all that is given. */
export interface KeptAlertFilter {
  readonly matchers?: readonly AlertMatcherInput[] | undefined
  readonly status?: NotifiedAlert['status'] | undefined
  /** At most so many, those first that fired last. Default 1 000. */
  readonly limit?: number | undefined
}

/** What {@link AlertManager.tick} did. */
export interface AlertTick {
  /** Groups that were due. */
  readonly rounds: number
  /**
   * Groups that could not be dealt with, and steps of the upkeep that failed; the log says why, and they
   * are tried again.
   */
  readonly errors: number
  /** Notifications by how their delivery ended. */
  readonly delivered: number
  readonly failed: number
  readonly refused: number
}

/** Tells people of alerts. Made by `createAlertManager`. */
export interface AlertManager extends AsyncDisposable {
  /**
   * Takes in an alert that fires. Call it as often as you like: the same alert is one, and its newest
   * summary, value and severity count, and its earliest `startsAt`.
   *
   * @throws {InvalidOptionError} `INVALID_OPTION`, as a rejection, when it is no alert
   * @throws what the store rejected with: then it was not taken in
   */
  fire(alert: Alert): Promise<FireOutcome>
  /**
   * Ends an alert. Whoever was told of it is told so, if the route wants that.
   *
   * @param identity its name and labels
   * @param options.at when it ended, in epoch milliseconds; default now, and never later
   * @throws {InvalidOptionError} `INVALID_OPTION`, as a rejection, when it is no name and labels
   */
  resolve(
    identity: AlertIdentity,
    options?: { readonly at?: number | undefined },
  ): Promise<ResolveOutcome>
  /**
   * Stops the escalation of what fires now. An alert that joins the group later begins it anew.
   *
   * @param key the key of a group, or the fingerprint of an alert for all groups that have it
   * @param options.by who takes it on
   * @returns the keys of the groups; none when no group was found
   * @throws {InvalidOptionError} `INVALID_OPTION`, as a rejection, when nobody is named
   */
  acknowledge(key: string, options: { readonly by: string }): Promise<readonly string[]>
  /**
   * Keeps alerts from being told for some time.
   *
   * @returns the silence's id
   * @throws {InvalidOptionError} `INVALID_OPTION`, as a rejection
   * @throws `ALERT_SILENCE_LIMIT`, as a rejection, when there are as many as the limit allows
   */
  silence(request: SilenceRequest): Promise<string>
  /**
   * Ends a silence now.
   *
   * @returns whether there was one
   */
  expireSilence(id: string): Promise<boolean>
  /** The silences that have not ended, future ones included. */
  silences(): Promise<readonly Silence[]>
  /**
   * The alerts that are kept: those that fire, and those whose end is yet to be told.
   *
   * @throws {InvalidOptionError} `INVALID_OPTION`, as a rejection, for a filter that says anything else
   */
  alerts(filter?: KeptAlertFilter): Promise<readonly KeptAlert[]>
  /**
   * Who was told of what, when and why; the newest first.
   *
   * @throws {InvalidOptionError} `INVALID_OPTION`, as a rejection, for a filter that says anything else
   */
  history(filter?: AlertHistoryFilter): Promise<readonly AlertHistoryEntry[]>
  /**
   * Sends what is due, and goes on until `signal` aborts or the manager is closed. What fails is
   * logged, counted, and tried again. Neither a slow channel nor a step of the upkeep that fails or
   * never ends holds up what others are told.
   */
  run(options?: { readonly signal?: AbortSignal | undefined }): Promise<void>
  /**
   * Sends all that is due now, and waits for it, slow channels included. For hosts with a scheduler of
   * their own, and tests. Does nothing once the manager is closed.
   *
   * @throws what the store rejected with when it was asked for what is due
   */
  tick(): Promise<AlertTick>
  /**
   * Refuses new alerts, begins nothing more, waits for what is under way, and closes the channels. What
   * the manager does by itself has left the store alone by then.
   */
  close(): Promise<void>
}
