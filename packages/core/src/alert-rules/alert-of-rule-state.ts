import type { Alert } from '../alerts/alert.ts'
import type { AlertRuleState } from './alert-rule-state.ts'

/** The `source` of every alert that comes from a rule of ours. */
export const ALERT_RULES_SOURCE = 'alert-rules'

/**
 * Says what a state that is firing is to people.
 *
 * @param at of the tick, in epoch milliseconds
 */
export function alertOfRuleState(state: AlertRuleState, at: number): Alert {
  const { rule, labels, value, activeAt } = state
  const { name, severity, summary, description, runbookUrl } = rule
  const startsAt = activeAt ?? at
  const alert = { name, severity, labels, summary, description, runbookUrl, value, startsAt }
  return { ...alert, source: ALERT_RULES_SOURCE }
}
