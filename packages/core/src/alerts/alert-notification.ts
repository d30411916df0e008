import type { Alert } from './alert.ts'
import type { Severity } from './severity.ts'

/**
 * Why a notification is sent.
 *
 * - `firing`: an alert of the group is new.
 * - `resolved-members`: some alerts of the group ended, others still fire.
 * - `resolved`: all alerts of the group ended.
 * - `repeat`: nothing changed, and the repeat interval has passed.
 * - `escalation`: nobody acknowledged it in time, so the next people hear of it.
 * - `acknowledged`: somebody took it on; for channels that show it.
 */
export type AlertNotificationReason =
  | 'firing'
  | 'resolved-members'
  | 'resolved'
  | 'repeat'
  | 'escalation'
  | 'acknowledged'

/** An alert as a notification carries it. */
export interface NotifiedAlert extends Alert {
  readonly fingerprint: string
  readonly status: 'firing' | 'resolved'
  /** When it ended, in epoch milliseconds; `null` while it fires. */
  readonly endsAt: number | null
}

/** What a channel delivers: one group of alerts, for one receiver, for one reason. */
export interface AlertNotification {
  /** The same when a delivery is tried again, for receivers that can tell a repetition by it. */
  readonly id: string
  readonly reason: AlertNotificationReason
  /** `firing` while any alert of the group fires. */
  readonly status: 'firing' | 'resolved'
  /** The receiver of the policy that it goes to. */
  readonly receiver: string
  /** Names the group at the receiver; at most 255 characters, fit for a PagerDuty `dedup_key`. */
  readonly groupKey: string
  /** The labels by which the alerts were grouped. */
  readonly groupLabels: Readonly<Record<string, string>>
  /** The labels that all alerts of the group share. */
  readonly commonLabels: Readonly<Record<string, string>>
  /** The highest severity of the alerts that fire, or of all when none does. */
  readonly severity: Severity
  /**
   * Firing ones first, then by severity and start. Where they are cut to what the channel or the
   * manager allows, those that ended have up to half of the room.
   */
  readonly alerts: readonly NotifiedAlert[]
  /** How many more the group has. */
  readonly omittedAlertCount: number
  /** Who acknowledged the group, where somebody has. */
  readonly acknowledgedBy?: string | undefined
  /** The step of the escalation, from 1; 0 for all other reasons. */
  readonly escalationLevel: number
  /** When it was decided, in epoch milliseconds. */
  readonly at: number
}
