import { targetStateOf } from '../alert-group-state.ts'
import type { ClaimedAlertGroup } from '../alert-manager-store.ts'
import type { CompiledPolicy } from '../policy/compile-policy.ts'

/** Who may have been told something in a round that was never committed. */
export function suspectsOf(
  { isAbandoned, receiver, state }: ClaimedAlertGroup,
  { escalation }: CompiledPolicy,
  now: number,
): readonly string[] {
  if (!isAbandoned) return []
  const owed = Object.keys(state.targets).filter(
    (each) => targetStateOf(state.targets, each).owedLevel > 0,
  )
  const { escalation: current } = state
  const isStepDue = current !== null && current.nextAt !== null && current.nextAt <= now
  const step = isStepDue ? escalation.get(current.severity)?.[current.level] : undefined
  return [receiver, ...owed, ...(step === undefined ? [] : [step.receiver])]
}
