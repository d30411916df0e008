import type { Severity } from '../../alerts/severity.ts'
import type { EscalationState } from '../alert-group-state.ts'
import type { AlertEscalationStep } from '../policy/alert-policy.ts'
import type { CompiledPolicy } from '../policy/compile-policy.ts'
import { severityRank } from '../severity-rank.ts'
import { nextBusinessDayAt } from './business-calendar.ts'

/** What an escalation depends on. */
export interface EscalationFacts {
  readonly now: number
  /** The worst severity of what people may see; `undefined` while they may see nothing. */
  readonly severity: Severity | undefined
  /** When the youngest of it fired. */
  readonly newestFiredAt: number
  /** Whether nobody was told of some of it, because it was muted until now. */
  readonly hasUntold: boolean
  /** Whether anything of the group fires, muted or not. */
  readonly isFiring: boolean
  /** When somebody took on all that fires; `null` while nobody has. */
  readonly acknowledgedAt: number | null
  /**
   * When somebody took on all that fired until then, where no round has seen that yet; `null` for
   * none. An alert may have joined since.
   */
  readonly unseenAcknowledgementAt: number | null
  /** Whether the group looks for news now; only then an escalation begins. */
  readonly isFlush: boolean
  /** When it looks for news next. */
  readonly nextFlushAt: number
}

/** An escalation after a round, and the step that became due, if one did. */
export interface PlannedEscalation {
  readonly escalation: EscalationState | null
  readonly due: { readonly receiver: string; readonly level: number } | null
  /** Whether nobody owes a step of before any more: it has stopped, or begun anew. */
  readonly isOver: boolean
}

/**
 * Moves an escalation on. It begins when the group is first told, stops with an acknowledgement, and
 * begins anew when the group's severity rises, and when an alert joins after it had stopped or had taken
 * its last step.
 */
export function planEscalation(
  before: EscalationState | null,
  facts: EscalationFacts,
  policy: CompiledPolicy,
): PlannedEscalation {
  const { now, isFlush, severity, acknowledgedAt, unseenAcknowledgementAt } = facts
  if (!facts.isFiring) return { escalation: null, due: null, isOver: true }
  if (acknowledgedAt !== null) {
    return { escalation: stopped(before, acknowledgedAt), due: null, isOver: true }
  }
  // What ran for the alerts of before is over, also where one joined before any round saw that.
  const isStopped = unseenAcknowledgementAt !== null
  const current = isStopped ? stopped(before, unseenAcknowledgementAt) : before
  if (severity === undefined) {
    return {
      escalation: postponed(current, facts),
      due: null,
      isOver: isStopped || current === null,
    }
  }
  if (isFlush && mustBegin(current, severity, facts)) {
    const begun = { severity, level: 0, ...waitFor(stepsOf(policy, severity)[0], now, policy) }
    return { escalation: begun, due: null, isOver: true }
  }
  if (current?.nextAt == null || current.nextAt > now) {
    return { escalation: current, due: null, isOver: isStopped || current === null }
  }
  return takeStep(current, now, policy)
}

/** Takes the next step at once, because the one before it reached nobody. */
export function hasten(escalation: EscalationState | null, now: number): EscalationState | null {
  if (escalation === null || escalation.nextAt === null) return escalation
  return { ...escalation, nextAt: Math.min(escalation.nextAt, now) }
}

function stopped(current: EscalationState | null, stoppedAt: number): EscalationState | null {
  return current === null ? null : { ...current, nextAt: null, stoppedAt }
}

/** While all is muted nobody is told, and the step is looked at again with the next news. */
function postponed(
  current: EscalationState | null,
  { now, nextFlushAt }: EscalationFacts,
): EscalationState | null {
  if (current?.nextAt == null || current.nextAt > now) return current
  return { ...current, nextAt: nextFlushAt }
}

function mustBegin(
  current: EscalationState | null,
  severity: Severity,
  { newestFiredAt, hasUntold }: EscalationFacts,
): boolean {
  if (current === null) return true
  if (severityRank[severity] < severityRank[current.severity]) return true
  return current.stoppedAt !== null && (hasUntold || newestFiredAt > current.stoppedAt)
}

function takeStep(
  current: EscalationState,
  now: number,
  policy: CompiledPolicy,
): PlannedEscalation {
  const steps = stepsOf(policy, current.severity)
  const step = steps[current.level]
  const level = current.level + 1
  // Another process may have had more steps in its policy.
  const due = step === undefined ? null : { receiver: step.receiver, level }
  const escalation = { ...current, level, ...waitFor(steps[level], now, policy) }
  return { escalation, due, isOver: false }
}

function stepsOf(policy: CompiledPolicy, severity: Severity): readonly AlertEscalationStep[] {
  return policy.escalation.get(severity) ?? []
}

/** Where an escalation that has no step left stops. */
function waitFor(
  step: AlertEscalationStep | undefined,
  now: number,
  { calendar }: CompiledPolicy,
): Pick<EscalationState, 'nextAt' | 'stoppedAt'> {
  if (step === undefined) return { nextAt: null, stoppedAt: now }
  const { waitMs } = step
  const nextAt = waitMs === 'next-business-day' ? nextBusinessDayAt(calendar, now) : now + waitMs
  return { nextAt, stoppedAt: null }
}
