import { type AlertIdentity, fingerprintOfAlert } from '../alerts/alert.ts'
import type { AlertRuleState } from './alert-rule-state.ts'

/**
 * Which alerts that an earlier process left have ended, as far as this one can tell. It knows less than
 * the one before: its windows are short, its series are still to come, and a rule that waits must wait
 * again. So an alert has ended when its rule has data and does not hold for it, once this process has
 * run for as long as the rule's `forMs` and `keepFiringForMs` together: had it gone on to hold, it would
 * fire again by then. A rule that has no data, or that nobody has here, ends nothing.
 *
 * @param states as of the last tick, with the labels that alerts have
 * @param ranForMs how long this process has evaluated, in milliseconds
 */
export function createLeftAlertJudge(
  states: readonly AlertRuleState[],
  ranForMs: number,
): (identity: AlertIdentity) => boolean {
  const statesByName = new Map<string, AlertRuleState[]>()
  for (const state of states) {
    const ofRule = statesByName.get(state.rule.name)
    if (ofRule === undefined) statesByName.set(state.rule.name, [state])
    else ofRule.push(state)
  }

  return (identity) => {
    const ofRule = statesByName.get(identity.name) ?? []
    if (!ofRule.some(({ state }) => state !== 'no_data')) return false
    const { name, forMs, keepFiringForMs } = ofRule[0]!.rule
    if (ranForMs < forMs + keepFiringForMs) return false
    const fingerprint = fingerprintOfAlert(identity)
    return ofRule.every(
      ({ state, labels }) =>
        state === 'inactive' || fingerprintOfAlert({ name, labels }) !== fingerprint,
    )
  }
}
