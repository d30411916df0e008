import type { Severity } from '../alerts/severity.ts'

/** What is remembered of a group between its rounds. Plain JSON. */
export interface AlertGroupState {
  /** When the group looks for news next. */
  readonly flushAt: number
  /** By receiver: those of the route and of the escalation that have been told something. */
  readonly targets: Readonly<Record<string, AlertTargetState>>
  readonly escalation: EscalationState | null
  /** The last acknowledgement that is in the history; 0 for none. */
  readonly acknowledgedAt: number
}

/** What is remembered of one receiver of a group. */
export interface AlertTargetState {
  /** Notifications that it confirmed. */
  readonly sequence: number
  /** When the last of them was decided; `null` for none. */
  readonly notifiedAt: number | null
  /** Failures since then. */
  readonly failureCount: number
  /** When the next attempt is due, after a failure. */
  readonly retryAt: number | null
  /** The step of the escalation that it must still hear of; 0 for none. */
  readonly owedLevel: number
  /** The last acknowledgement that it was shown; 0 for none. */
  readonly shownAcknowledgementAt: number
}

/** Where the escalation of a group stands. */
export interface EscalationState {
  /** Whose steps are taken. */
  readonly severity: Severity
  /** Steps taken. */
  readonly level: number
  /** When the next step is due; `null` when it was acknowledged or none is left. */
  readonly nextAt: number | null
  /** When it was acknowledged, or took its last step; `null` while a step is left. */
  readonly stoppedAt: number | null
}

/** The state of a group that is new. */
export function createAlertGroupState(flushAt: number): AlertGroupState {
  return { flushAt, targets: {}, escalation: null, acknowledgedAt: 0 }
}

/** The state of a receiver, which is blank before it was told anything. */
export function targetStateOf(
  targets: AlertGroupState['targets'],
  receiver: string,
): AlertTargetState {
  const known = Object.hasOwn(targets, receiver) ? targets[receiver] : undefined
  return known ?? BLANK_TARGET
}

const BLANK_TARGET: AlertTargetState = {
  sequence: 0,
  notifiedAt: null,
  failureCount: 0,
  retryAt: null,
  owedLevel: 0,
  shownAcknowledgementAt: 0,
}
