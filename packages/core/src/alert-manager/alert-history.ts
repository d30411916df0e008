import type { AlertNotificationReason } from '../alerts/alert-notification.ts'
import type { Severity } from '../alerts/severity.ts'

/**
 * What happened.
 *
 * - `notified`: a channel confirmed a notification.
 * - `refused`: a channel will never take it; `errorCode` says more.
 * - `acknowledged`: somebody took the group on.
 * - `resolved`: alerts ended, whether or not anyone was told. It is entered once nobody believes any
 *   more that they fire; `at` is when the last of them ended.
 */
export type AlertHistoryEvent = 'notified' | 'refused' | 'acknowledged' | 'resolved'

/** One line of the alert history: who was told of what, when, and why. */
export interface AlertHistoryEntry {
  readonly event: AlertHistoryEvent
  /** In epoch milliseconds. */
  readonly at: number
  /** The severity of the notification, or the worst of what was acknowledged or ended. */
  readonly severity: Severity
  /** One line for a person: the first alert's summary, and how many more there were. */
  readonly message: string
  readonly reason: AlertNotificationReason
  readonly groupKey: string
  /** Who was told. For an acknowledgement and an end, the receiver of the group's route. */
  readonly receiver: string
  /** The alerts that it was about. A finding is found by its fingerprint. */
  readonly fingerprints: readonly string[]
  /** From 1 for escalations, else 0. */
  readonly escalationLevel: number
  /** Who acknowledged it. */
  readonly acknowledgedBy: string | null
  /** Why a channel refused it. */
  readonly errorCode: string | null
}

/** Which entries are wanted: those that fit all that is given. */
export interface AlertHistoryFilter {
  readonly fingerprint?: string | undefined
  readonly groupKey?: string | undefined
  readonly receiver?: string | undefined
  /** Entries from this moment on, in epoch milliseconds. */
  readonly since?: number | undefined
  /** At most so many, the newest first. Default 100. */
  readonly limit?: number | undefined
}
