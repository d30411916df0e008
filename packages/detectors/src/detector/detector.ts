import type { Finding } from './finding.ts'
import type { LeftOutRow } from './left-out-row.ts'

/**
 * A detector as a pure reducer: it reads no clock and no database, so the same events give the same
 * findings wherever it runs. The functions that read repositories and the monitor run the same one.
 */
export interface Detector<
  Event,
  State,
  Config,
  RuleId extends string = string,
  Reason extends string = string,
> {
  readonly id: string
  /** Grows when stored states can no longer be read, or when the same rows are judged otherwise. */
  readonly version: number
  /** Which state an event belongs to. Events of different keys never meet. */
  key(event: Event): string
  /** The state of a key before its first event. */
  init(key: string): State
  /**
   * Takes in events of one key. It may change `state` in place and return the same object.
   *
   * @param state what `init` or the step before returned
   * @param batch events of this state's key, in the order of delivery
   */
  step(
    state: State,
    batch: readonly Event[],
    context: DetectorContext<Config, RuleId>,
  ): DetectorStep<Event, State, RuleId, Reason>
}

/** What a step knows beside its events. */
export interface DetectorContext<Config, RuleId extends string = string> {
  /** Every event up to this event time has been delivered, in epoch milliseconds. */
  readonly watermark: number
  readonly config: Config
  /** Rows of this state's key that were set aside and not seen by a step before. Default: none. */
  readonly leftOut?: readonly LeftOutRow[] | undefined
  /**
   * The caller's totals, with a number for each rule. A step adds to them and returns them, which
   * spares millions of steps a count of their own.
   */
  readonly evaluated?: Record<RuleId, number> | undefined
}

/** What a batch led to. No event vanishes: for each rule it is evaluated or not evaluable. */
export interface DetectorStep<
  Event,
  State,
  RuleId extends string = string,
  Reason extends string = string,
> {
  readonly state: State
  readonly findings: readonly Finding<RuleId>[]
  /** Events that came after their place in the order had passed. Their subject deserves a re-check. */
  readonly late: readonly Event[]
  /** How often each rule gave a verdict: in this step, or in all where the context has totals. */
  readonly evaluated: Readonly<Record<RuleId, number>>
  /** Where a rule could give no verdict, and why. */
  readonly notEvaluable: readonly NotEvaluable<RuleId, Reason>[]
  /**
   * The watermark from which a step without events would lead to something, in epoch milliseconds.
   * Left out or infinite when only events can.
   */
  readonly wakeAt?: number | undefined
}

/** A rule that had no say about something, and the reason. */
export interface NotEvaluable<RuleId extends string = string, Reason extends string = string> {
  readonly ruleId: RuleId
  readonly reason: Reason
  readonly subject: string
  /** The transaction in question, or `null` when it is about the subject as a whole. */
  readonly transactionId: string | null
}
