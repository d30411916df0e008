import type { Alert, AlertIdentity } from '../alerts/alert.ts'
import { alertOfRuleState } from './alert-of-rule-state.ts'
import type { AlertTransition } from './alert-rule-state.ts'

/** What a transition means to people: an alert begins, or an alert ends. */
export type AlertNews =
  | { readonly kind: 'fires'; readonly alert: Alert }
  | { readonly kind: 'resolves'; readonly identity: AlertIdentity; readonly at: number }

/**
 * Says what a transition of a rule means to people. Whatever does not begin or end to fire means
 * nothing to them. It is for what goes elsewhere, such as a log; `createRuleAlerting` keeps an alert
 * manager up to date, because a transition comes once, and is gone if the manager's store fails then.
 *
 * @param transition from the `tick` of a rule evaluator
 * @returns the alert that fires, or the identity of the one that is resolved, or `undefined`
 *
 * @example
 * ```ts
 * import { alertOfTransition, type RuleTick } from '@assay/core'
 *
 * function firing({ transitions }: RuleTick): string[] {
 *   return transitions.flatMap((transition) => {
 *     const change = alertOfTransition(transition)
 *     return change?.kind === 'fires' ? [change.alert.name] : []
 *   })
 * }
 * console.log(firing({ at: 0, transitions: [], failures: [] })) // []
 * ```
 */
export function alertOfTransition(transition: AlertTransition): AlertNews | undefined {
  const { rule, labels, from, state, at } = transition
  if (from === 'firing') return { kind: 'resolves', identity: { name: rule.name, labels }, at }
  if (state !== 'firing') return undefined
  return { kind: 'fires', alert: alertOfRuleState(transition, at) }
}
