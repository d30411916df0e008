import type { PlantedFault } from '../planted-fault.ts'

/** The rules for which the simulation plants faults account by account. */
export type SimulatedRuleId = (typeof SIMULATED_RULE_IDS)[number]

/** The rules for which the simulation plants faults account by account. */
export const SIMULATED_RULE_IDS = [
  'transactions.charged-on-failure',
  'transactions.credited-on-failure',
  'transactions.consecutive-failures',
  'balance.arithmetic',
  'balance.continuity',
  'balance.negative',
  'balance.reconciliation',
  'scans.duplicate-burst',
  'transactions.concurrent-requests',
] as const

/** A fault in the rows of a simulated festival: `transactionId` is the first event that shows it. */
export interface SimulatedFault extends PlantedFault {
  readonly ruleId: SimulatedRuleId
  /** The rule whose fault implies this one; `null` when it was planted by itself. */
  readonly impliedBy: SimulatedRuleId | null
}

/**
 * Why something looks like a fault and is none.
 *
 * Within a rule's bounds, so that no rule can know better:
 * - `second-round`: somebody buys again at the same bar, within seconds.
 * - `balance-check`: somebody has the card read to see what is on it, and then pays.
 * - `shared-account`: two people with wristbands of one account buy at the same time.
 * - `booking-around-failure`: a transaction failed while another one of the account went through, so
 *   that its balances before and after differ.
 *
 * Just outside of them, so that every finding of it is a mistake:
 * - `two-failures`, `success-between`, `failures-too-far-apart` (by a millisecond), `retried-failure`
 * - `scans-too-far-apart` and `requests-too-far-apart`, by a millisecond or more
 * - `retry`: the terminal sends the same request once more.
 * - `undecided-request`: a request that was cancelled, or is pending, beside another one.
 * - `one-cent`: a figure that was rounded.
 * - `down-to-zero`: the last cent was spent.
 */
export type LookalikeCause =
  | 'second-round'
  | 'balance-check'
  | 'shared-account'
  | 'booking-around-failure'
  | 'two-failures'
  | 'success-between'
  | 'failures-too-far-apart'
  | 'retried-failure'
  | 'scans-too-far-apart'
  | 'requests-too-far-apart'
  | 'retry'
  | 'undecided-request'
  | 'one-cent'
  | 'down-to-zero'

/** What lies within the bounds of a rule, so that even a perfect one finds it. */
export const LOOKALIKES_WITHIN_BOUNDS: ReadonlySet<LookalikeCause> = new Set<LookalikeCause>([
  'second-round',
  'balance-check',
  'shared-account',
  'booking-around-failure',
])

/** Something honest that looks like a fault: `transactionId` is the event with which a finding would begin. */
export interface Lookalike {
  readonly ruleId: SimulatedRuleId
  readonly accountId: string
  readonly transactionId: string | null
  readonly cause: LookalikeCause
}

/** A time during which far more payments fail than usual, in epoch milliseconds, inclusive. */
export interface FestivalOutage {
  readonly from: number
  readonly to: number
}

/** The truth about a day. */
export interface FestivalTruth {
  readonly faults: SimulatedFault[]
  readonly lookalikes: Lookalike[]
  readonly outages: readonly FestivalOutage[]
}
