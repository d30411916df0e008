/** Why people must be told. */
export type AlertReason = 'firing' | 'repeat' | 'resolved'

/**
 * Why nobody needs to be told.
 *
 * - `below-threshold`: it fails, and not often enough yet.
 * - `cooling-down`: it still fails, and people heard of it within the cooldown.
 * - `delivery-pending`: an earlier decision is being delivered; only with manual confirmation.
 * - `not-alerted`: it works, and nobody was told that it failed.
 * - `at-capacity`: `maxKeys` keys are alerting, so this failure was not counted.
 */
export type NoAlertReason =
  | 'below-threshold'
  | 'cooling-down'
  | 'delivery-pending'
  | 'not-alerted'
  | 'at-capacity'

/** Nobody needs to be told. These are shared, frozen objects: deciding nothing costs no memory. */
export interface NoAlert {
  readonly reason: null
  readonly why: NoAlertReason
}

/** People must be told. */
export interface AlertNotice {
  /**
   * `firing` at the threshold, `repeat` when it still fails a cooldown later, `resolved` at the first
   * success after an alert.
   */
  readonly reason: AlertReason
  /** As it was given to `fail` or `succeed`. */
  readonly key: string
  /** The same for all notices of the key, and different from other keys': a PagerDuty `dedup_key`. */
  readonly fingerprint: string
  /** Failures in a row; with `resolved`, those that the success ended. */
  readonly failureCount: number
  /** When the first of them came, in epoch milliseconds. */
  readonly failingSince: number
  /** Failures, without this one, since people last heard of the row, or since it began. */
  readonly suppressedCount: number
  /** What was given to `fail`. It is passed through and never kept. */
  readonly error: unknown
}

/**
 * A notice with `confirm: 'manual'`. Call one of the two when the delivery has ended. Calling again,
 * or after something newer was decided, does nothing; if neither is called within `deliveryLeaseMs`,
 * the next failure or success decides anew, so that people hear of it at least once.
 */
export interface UnconfirmedAlertNotice extends AlertNotice {
  /** People have it: the cooldown starts now. */
  delivered(): void
  /** Nobody has it: the next failure, or for `resolved` the next success, decides anew. */
  undelivered(): void
}

/** An {@link UnconfirmedAlertNotice} of a deduplicator with a store. */
export interface StoredUnconfirmedAlertNotice extends AlertNotice {
  /** People have it: the cooldown starts now. */
  delivered(): Promise<void>
  /** Nobody has it: the next failure, or for `resolved` the next success, decides anew. */
  undelivered(): Promise<void>
}

/** Who says that a decision was delivered: the deduplicator at once, or the caller. */
export type AlertConfirmation = 'auto' | 'manual'

/** What `fail` and `succeed` return: a notice where `reason` is a string, else why there is none. */
export type AlertDecision<Confirm extends AlertConfirmation = AlertConfirmation> =
  | NoAlert
  | (Confirm extends 'manual' ? UnconfirmedAlertNotice : AlertNotice)

/** What `fail` and `succeed` of a deduplicator with a store resolve to. */
export type StoredAlertDecision<Confirm extends AlertConfirmation = AlertConfirmation> =
  | NoAlert
  | (Confirm extends 'manual' ? StoredUnconfirmedAlertNotice : AlertNotice)

function noAlert(why: NoAlertReason): NoAlert {
  return Object.freeze({ reason: null, why })
}

/** All there is to say when nobody needs to be told. */
export const quiet = {
  belowThreshold: noAlert('below-threshold'),
  coolingDown: noAlert('cooling-down'),
  deliveryPending: noAlert('delivery-pending'),
  notAlerted: noAlert('not-alerted'),
  atCapacity: noAlert('at-capacity'),
} as const
