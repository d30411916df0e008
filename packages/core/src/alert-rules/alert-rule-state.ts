import type { AlertRule } from './alert-rule.ts'

/**
 * What a rule says about one label set.
 *
 * - `inactive`: it does not hold.
 * - `pending`: it holds, not yet for `forMs`.
 * - `firing`: it has held for `forMs`, or has ceased to less than `keepFiringForMs` ago.
 * - `no_data`: there is nothing to judge, and no `keepFiringForMs` has it fire on.
 */
export type AlertState = 'inactive' | 'pending' | 'firing' | 'no_data'

/**
 * Why there is nothing to judge.
 *
 * - `no_series`: nothing is measured, or one side of a ratio or of `and` is missing.
 * - `too_few_samples`: there were fewer events than `minSamples`.
 * - `not_a_number`: the measurement is `NaN`, as a share of nothing.
 * - `no_bucket`: the histogram has no bucket with the bound that was asked for.
 * - `window_not_covered`: samples that it needs were lost, because `samplesMax` was reached.
 */
export type NoDataReason =
  | 'no_series'
  | 'too_few_samples'
  | 'not_a_number'
  | 'no_bucket'
  | 'window_not_covered'

/** The state of a rule for one label set, as of the last tick. */
export interface AlertRuleState {
  readonly rule: AlertRule
  /** Those of the series, and those of the rule. */
  readonly labels: Readonly<Record<string, string>>
  readonly state: AlertState
  /** Why, where the state is `no_data`. */
  readonly reason: NoDataReason | undefined
  /** The measured value, where there is one. */
  readonly value: number | undefined
  /** Since when it holds, in epoch milliseconds, while it is pending or firing. */
  readonly activeAt: number | undefined
}

/** A change of state for one label set, to `state`. */
export interface AlertTransition extends AlertRuleState {
  readonly from: AlertState
  /** When it was noticed, in epoch milliseconds. */
  readonly at: number
}
