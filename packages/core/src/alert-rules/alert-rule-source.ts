import type { LeafExpression } from './alert-expression.ts'
import type { RuleVector } from './rule-vector.ts'

/**
 * Whether a window of length `w` that ends at `t` includes a sample at its very beginning.
 *
 * - `left-open`: `(t − w, t]`, as Prometheus 3.
 * - `closed`: `[t − w, t]`, as Prometheus 2 up to 2.51, whose extrapolation towards zero is followed too.
 */
export type WindowEdge = 'left-open' | 'closed'

/** What an evaluator will ask a source for. */
export interface AlertRuleReadings {
  readonly edge: WindowEdge
  /** Each leaf once, with how long ago it will be read at most, in milliseconds. */
  readonly leaves: readonly { readonly leaf: LeafExpression; readonly offsetMaxMs: number }[]
}

/** Where alert rules get their measurements from. */
export interface AlertRuleSource {
  /**
   * Called once by each evaluator.
   *
   * @throws `INVALID_OPTION` when it cannot measure a leaf
   */
  open(readings: AlertRuleReadings): AlertRuleReader
}

/** The measurements for one evaluator. */
export interface AlertRuleReader {
  /** Takes the samples of this moment, in epoch milliseconds, where the source keeps samples. */
  sample(at: number): void
  /**
   * Measures one of the leaves as of a moment.
   *
   * @param leaf the same object as in {@link AlertRuleReadings}
   * @param at in epoch milliseconds; now, or as long ago as was announced
   * @param signal aborts when the answer is no longer waited for
   */
  read(leaf: LeafExpression, at: number, signal: AbortSignal): RuleVector | Promise<RuleVector>
}
