import { type AlertReason, type NoAlert, quiet } from './alert-decision.ts'

/**
 * What is remembered of one key. The memory engine and the stored one share the transitions below;
 * they hold no clock and no map, and change the state that they are given in place, since three
 * million of them run in a second.
 *
 * `alert` says what people know, as far as it can be known:
 * - `none`: nothing, or the last they heard was that it recovered.
 * - `owed`: an alert was decided, and its delivery failed.
 * - `open`: an alert was delivered.
 * - `uncertain`: a delivery was never confirmed (the process ended, say): they may know.
 *
 * At most one delivery of a key is under way, so that a `resolved` never overtakes a `repeat`. While
 * it is, nothing else is decided. When its lease has run out, `alert` counts as `uncertain`, or still
 * as `open` where only a `repeat` was under way; a late confirmation is the truth all the same, and
 * is taken until something newer was decided.
 *
 * | alert       | delivery    | on failure                          | on success            |
 * |-------------|-------------|-------------------------------------|-----------------------|
 * | `none`      | none        | below the threshold → quiet,        | quiet, key freed      |
 * |             |             | from it on → `firing`               |                       |
 * | `owed`      | none        | as `none`                           | quiet, key freed      |
 * | `open`      | none        | below the threshold or within the   | `resolved`            |
 * |             |             | cooldown → quiet, else `repeat`     |                       |
 * | `uncertain` | none        | as `none`                           | `resolved`            |
 * | any         | under way   | quiet, counted                      | quiet, noted          |
 *
 * | delivery of       | `delivered()`                          | `undelivered()`                 |
 * |-------------------|----------------------------------------|---------------------------------|
 * | `firing`          | `open`, the cooldown starts            | `none` → `owed`, else unchanged;|
 * |                   |                                        | an `owed` key that recovered    |
 * |                   |                                        | meanwhile is freed              |
 * | `repeat`          | `open`, the cooldown starts            | stays `open`, the next failure  |
 * |                   |                                        | repeats                         |
 * | `resolved`        | `none`; freed, unless it fails again   | unchanged: the next success     |
 * |                   |                                        | resolves                        |
 *
 * With automatic confirmation each decision is delivered as it is made, which leaves `none` and
 * `open`. An `open` or `uncertain` key that recovered and fails anew counts its failures from 1.
 */
export interface AlertKeyState {
  /** Failures in a row; those of the last row while `recovered`. */
  failureCount: number
  /** When the first of them came. */
  failingSince: number
  /** A success ended the row, and the key is only kept for the sake of its alert. */
  recovered: boolean
  alert: AlertKnowledge
  /** When the last alert was delivered; means nothing unless `alert` is `open`. */
  alertedAt: number
  /** `failureCount` at that moment. */
  alertedCount: number
  /** The decision that waits for `delivered()` or `undelivered()`. */
  pending: PendingDelivery | null
}

/** What people know of a key's alert, as far as it can be known; see {@link AlertKeyState}. */
export type AlertKnowledge = 'none' | 'owed' | 'open' | 'uncertain'

/** A decision that has been handed out and not confirmed. */
export interface PendingDelivery {
  readonly reason: AlertReason
  readonly decidedAt: number
  /** Unique to the decision, so that the confirmation of an older one is told apart. */
  readonly token: string
}

/** What the transitions depend on, beside the state. Times are in milliseconds. */
export interface AlertRules {
  threshold: number
  cooldownMs: number
  readonly deliveryLeaseMs: number
  readonly confirm: 'auto' | 'manual'
}

/** The state of a key that never failed. */
export function createAlertKeyState(): AlertKeyState {
  return {
    failureCount: 0,
    failingSince: 0,
    recovered: true,
    alert: 'none',
    alertedAt: 0,
    alertedCount: 0,
    pending: null,
  }
}

/** Counts a failure. Follow a reason with {@link raiseAlert}. */
export function recordFailure(
  state: AlertKeyState,
  rules: AlertRules,
  now: number,
): 'firing' | 'repeat' | NoAlert {
  if (state.recovered) startRow(state, now)
  state.failureCount += 1

  if (isDelivering(state, rules, now)) return quiet.deliveryPending
  if (state.failureCount < rules.threshold) return quiet.belowThreshold
  if (knownAlert(state) !== 'open') return 'firing'
  return isWithin(rules.cooldownMs, state.alertedAt, now) ? quiet.coolingDown : 'repeat'
}

/** Notes a success. Follow a reason with {@link raiseAlert}. */
export function recordSuccess(
  state: AlertKeyState,
  rules: AlertRules,
  now: number,
): 'resolved' | NoAlert {
  state.recovered = true
  if (isDelivering(state, rules, now)) return quiet.deliveryPending

  const alert = knownAlert(state)
  if (alert === 'open' || alert === 'uncertain') return 'resolved'
  state.alert = 'none'
  return quiet.notAlerted
}

/** Takes note that people are to be told; `token` is needed where they confirm by hand. */
export function raiseAlert(
  state: AlertKeyState,
  reason: AlertReason,
  rules: AlertRules,
  now: number,
  token: string,
): void {
  state.alert = knownAlert(state)
  state.pending = { reason, decidedAt: now, token }
  if (rules.confirm === 'auto') confirmDelivered(state, token, now)
}

/** The alert reached people. Does nothing when another decision has taken its place. */
export function confirmDelivered(state: AlertKeyState, token: string, now: number): void {
  const { pending } = state
  if (pending?.token !== token) return
  state.pending = null
  if (pending.reason === 'resolved') {
    state.alert = 'none'
    return
  }
  state.alert = 'open'
  state.alertedAt = now
  state.alertedCount = state.failureCount
}

/** The alert did not reach people. Does nothing when another decision has taken its place. */
export function confirmUndelivered(state: AlertKeyState, token: string): void {
  const { pending } = state
  if (pending?.token !== token) return
  state.pending = null
  if (pending.reason === 'firing' && state.alert === 'none') {
    state.alert = 'owed'
  }
  if (state.alert === 'owed' && state.recovered) state.alert = 'none'
}

/** Nothing is left to remember, so the key is freed. */
export function isSpent(state: AlertKeyState): boolean {
  return state.recovered && !isAlerting(state)
}

/** An alert has been decided and has not been resolved: such a key is never evicted. */
export function isAlerting(state: AlertKeyState): boolean {
  return state.alert !== 'none' || state.pending !== null
}

/** Failures in a row now. */
export function currentFailureCount(state: AlertKeyState): number {
  return state.recovered ? 0 : state.failureCount
}

function startRow(state: AlertKeyState, now: number): void {
  state.recovered = false
  state.failureCount = 0
  state.failingSince = now
  state.alertedCount = 0
}

function isDelivering({ pending }: AlertKeyState, rules: AlertRules, now: number): boolean {
  return pending !== null && isWithin(rules.deliveryLeaseMs, pending.decidedAt, now)
}

/** What people know, given that nothing is under way or its lease has run out. */
function knownAlert({ alert, pending }: AlertKeyState): AlertKnowledge {
  if (pending === null) return alert
  return pending.reason === 'repeat' ? 'open' : 'uncertain'
}

/**
 * The distance counts, not the direction: when a wall clock is set back, what was decided lies in the
 * future, and must not silence the key until that time comes round again.
 */
function isWithin(durationMs: number, since: number, now: number): boolean {
  return Math.abs(now - since) < durationMs
}
