import type { AlertRefusal } from '../alert-manager/alert-manager.ts'
import type { AlertIdentity } from '../alerts/alert.ts'
import type { AlertTransition } from './alert-rule-state.ts'
import type { AlertRule } from './alert-rule.ts'

/** Keeps an alert manager up to date with what rules say. Made by `createRuleAlerting`. */
export interface RuleAlerting {
  /**
   * Evaluates the rules once, fires what fires, and resolves what has ended. While a tick is under
   * way, another call joins it. It never rejects: what failed is logged, stands in `failures`, and is
   * tried again by the next tick.
   *
   * @param options.signal ends the wait for measurements
   */
  tick(options?: { readonly signal?: AbortSignal | undefined }): Promise<RuleAlertingTick>
  /** Ticks at once and then at each interval, until `signal` aborts. It never rejects. */
  run(options: { readonly signal: AbortSignal }): Promise<void>
}

/** What one tick did. */
export interface RuleAlertingTick {
  /** In epoch milliseconds. */
  readonly at: number
  /** What changed, by rule. */
  readonly transitions: readonly AlertTransition[]
  /** Alerts that fire and that the manager took in, those that it had already included. */
  readonly fired: number
  /** Alerts that ended. */
  readonly resolved: number
  readonly failures: readonly RuleAlertingFailure[]
}

/**
 * Something that did not succeed in a tick.
 *
 * - `evaluate`: the evaluator rejected; the states of the tick before hold.
 * - `measure`: a rule could not be measured; it keeps its states.
 * - `list`: the manager did not say what an earlier process had left.
 * - `fire`, `resolve`: the manager rejected, or refused for the reason in `refusal`.
 */
export type RuleAlertingFailure =
  | { readonly step: 'evaluate' | 'list'; readonly cause: unknown }
  | { readonly step: 'measure'; readonly rule: AlertRule; readonly cause: unknown }
  | {
      readonly step: 'fire' | 'resolve'
      readonly identity: AlertIdentity
      readonly refusal: AlertRefusal['reason'] | undefined
      readonly cause: unknown
    }
