import { type AlertTargetState, targetStateOf } from '../alert-group-state.ts'
import type { PlannedEscalation } from './plan-escalation.ts'

/**
 * Notes who owes which step of an escalation: the receiver of the one that is due now, also while it
 * waits for its next attempt. What was owed to an escalation that is over is owed no more.
 */
export function oweSteps(
  targets: Readonly<Record<string, AlertTargetState>>,
  { due, isOver }: PlannedEscalation,
): Readonly<Record<string, AlertTargetState>> {
  const owing = new Map(Object.entries(targets))
  if (isOver) {
    for (const [receiver, target] of owing) owing.set(receiver, { ...target, owedLevel: 0 })
  }
  if (due !== null) {
    owing.set(due.receiver, { ...targetStateOf(targets, due.receiver), owedLevel: due.level })
  }
  return Object.fromEntries(owing)
}
