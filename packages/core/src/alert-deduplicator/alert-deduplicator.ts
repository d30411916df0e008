import type { AlertConfirmation, AlertDecision, StoredAlertDecision } from './alert-decision.ts'

/** A key that fails now. */
export interface ActiveFailure {
  readonly key: string
  /** Failures in a row. */
  readonly failureCount: number
  /** When the first of them came, in epoch milliseconds. */
  readonly failingSince: number
  /** An alert has been decided for the key, and has not been resolved. */
  readonly alerting: boolean
}

/** Decides, failure by failure, when people must hear of it. Made by `createAlertDeduplicator`. */
export interface AlertDeduplicator<Confirm extends AlertConfirmation = AlertConfirmation> {
  /**
   * Counts a failure.
   *
   * @param key what failed; one longer than 255 characters is kept as its fingerprint
   * @param error handed on in the notice, if there is one
   */
  fail(key: string, error?: unknown): AlertDecision<Confirm>
  /** Ends a row of failures. Cheap for a key that does not fail: call it after every success. */
  succeed(key: string): AlertDecision<Confirm>
  /** Failures in a row now; 0 for a key that works. */
  failureCount(key: string): number
  /** Forgets the key, its failures and its alert. Nobody is told that it was resolved. */
  reset(key: string): void
  /** The keys that fail now: at most `maxKeys`. */
  activeFailures(): readonly ActiveFailure[]
  /**
   * Changes the threshold for every key from the next failure on. A key that has failed as often
   * already fires with that failure. A key that now stands below the threshold stays quiet until it
   * reaches it; an alert that people have already had is resolved all the same.
   *
   * @param threshold a whole number of at least 1
   * @throws {InvalidOptionError} `INVALID_OPTION`
   */
  setThreshold(threshold: number): void
  /**
   * Changes the cooldown for every key from the next failure on, counted from the last delivered
   * alert as before.
   *
   * @param cooldownMs in milliseconds; 0 repeats with every failure
   * @throws {InvalidOptionError} `INVALID_OPTION`
   */
  setCooldown(cooldownMs: number): void
  /** Keys that are kept now. */
  readonly keyCount: number
  /** Keys that were forgotten to make room for others. */
  readonly evictedCount: number
  /** Failures that were not counted because every key that is kept is alerting. */
  readonly refusedCount: number
}

/**
 * An {@link AlertDeduplicator} whose keys live in a store, so that the processes that share it send
 * one alert between them. Calls for one key take effect in the order in which they were made.
 *
 * Each method that returns a promise rejects with what the store rejected with, and with
 * `DEDUPLICATOR_CONTENTION` when too many others work on the same key.
 */
export interface StoredAlertDeduplicator<Confirm extends AlertConfirmation = AlertConfirmation> {
  /** As {@link AlertDeduplicator.fail}. */
  fail(key: string, error?: unknown): Promise<StoredAlertDecision<Confirm>>
  /** As {@link AlertDeduplicator.succeed}. For a key that works it is one read of the store. */
  succeed(key: string): Promise<StoredAlertDecision<Confirm>>
  /** As {@link AlertDeduplicator.failureCount}, once earlier calls for the key have ended. */
  failureCount(key: string): Promise<number>
  /** As {@link AlertDeduplicator.reset}. */
  reset(key: string): Promise<void>
  /** As {@link AlertDeduplicator.activeFailures}. */
  activeFailures(): Promise<readonly ActiveFailure[]>
  /** As {@link AlertDeduplicator.setThreshold}, for this process. */
  setThreshold(threshold: number): Promise<void>
  /** As {@link AlertDeduplicator.setCooldown}, for this process. */
  setCooldown(cooldownMs: number): Promise<void>
  /** As {@link AlertDeduplicator.evictedCount}, by this process. */
  readonly evictedCount: number
  /** As {@link AlertDeduplicator.refusedCount}, by this process. */
  readonly refusedCount: number
}
