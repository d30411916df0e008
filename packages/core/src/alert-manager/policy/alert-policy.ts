import type { Severity } from '../../alerts/severity.ts'
import type { BusinessCalendar } from '../escalation/business-calendar.ts'
import type { AlertMatcherInput } from './alert-matcher.ts'
import type { AlertTimeInterval } from './time-interval.ts'

/** Who hears of which alert, and when. Plain data, with the meaning that it has in Alertmanager. */
export interface AlertPolicy {
  /** The root of the routing tree. It takes every alert, so it has a receiver and no matchers. */
  readonly route: AlertRoute
  /** Which alerts say nothing while another fires. Default none. */
  readonly inhibitions?: readonly AlertInhibition[] | undefined
  /** Recurring times by name, for the routes that are mute during them. Default none. */
  readonly muteTimeIntervals?: Readonly<Record<string, readonly AlertTimeInterval[]>> | undefined
  /** Who hears next while nobody acknowledges, by severity. Default nobody. */
  readonly escalation?: AlertEscalation | undefined
  /** What `next-business-day` means. Default Monday to Friday from 09:00, UTC. */
  readonly calendar?: BusinessCalendar | undefined
}

/**
 * A node of the routing tree. An alert that a node matches goes on to the children, in order: to the
 * first that matches it, and further as long as those have `continue`. Where no child matches, it is
 * the node's own. Options that a node does not give are its parent's, but for `matchers`, `continue`
 * and `muteTimeIntervals`.
 */
export interface AlertRoute {
  /** The name of a channel. */
  readonly receiver?: string | undefined
  /** All must match. Default none, which matches everything. */
  readonly matchers?: readonly AlertMatcherInput[] | undefined
  /** Whether the siblings after this one see the alert too. Default no. */
  readonly continue?: boolean | undefined
  /** Labels whose alerts are told together when they are equal. Default none: all in one group. */
  readonly groupBy?: readonly string[] | undefined
  /** How long the first notification of a group waits for more alerts, in milliseconds. Default 30 000. */
  readonly groupWaitMs?: number | undefined
  /** How long news of a group waits after a notification, in milliseconds. Default 300 000. */
  readonly groupIntervalMs?: number | undefined
  /** After which time people are told again of what has not changed, in milliseconds. Default 4 h. */
  readonly repeatMs?: number | undefined
  /** Whether people are told what has ended. Default yes. */
  readonly sendResolved?: boolean | undefined
  /** Whether the policy's escalation applies. Default yes. */
  readonly escalates?: boolean | undefined
  /** Names of times during which it says nothing. The root has none. Default none. */
  readonly muteTimeIntervals?: readonly string[] | undefined
  /** The children, in order. Default none. */
  readonly routes?: readonly AlertRoute[] | undefined
}

/**
 * While an alert fires that the source matchers match, those that the target matchers match say
 * nothing. An alert that both sides match is not muted by others of the kind.
 */
export interface AlertInhibition {
  readonly sourceMatchers: readonly AlertMatcherInput[]
  readonly targetMatchers: readonly AlertMatcherInput[]
  /** Labels that must be the same in both; a missing one is empty. Default none. */
  readonly equal?: readonly string[] | undefined
}

/** The steps of each severity. A severity without steps does not escalate. */
export type AlertEscalation = Readonly<
  Partial<Record<Severity, readonly AlertEscalationStep[] | undefined>>
>

/** Who hears of a group when nobody has acknowledged it for so long. */
export interface AlertEscalationStep {
  /** The name of a channel. */
  readonly receiver: string
  /** Since the step before it, or since the group was due to be told first, in milliseconds. */
  readonly waitMs: number | 'next-business-day'
}
