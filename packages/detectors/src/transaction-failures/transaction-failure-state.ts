import type { AccountId, TransactionId } from '../ledger/ledger-entry.ts'
import type { AccountFailureRuleId } from './transaction-failure-rule.ts'

/** What is known of the failures of one account. Most accounts have none of it. */
export interface TransactionFailureState {
  /** Failures that moved the balance and were not made good yet, oldest first. */
  charges: Map<TransactionId, OpenCharge> | null
  /** What made good transactions that are not known to have been charged, oldest first. */
  earlyReversals: Map<TransactionId, EarlyReversal> | null
  /** Failures since the last success; `null` when there was none. */
  run: FailureRun | null
}

/** A failure that moved the balance. */
export interface OpenCharge {
  readonly ruleId: Extract<AccountFailureRuleId, `${string}-on-failure`>
  readonly currency: string
  /** What must be given back to the account; negative where the account owes it. */
  readonly owedMinor: bigint
  /** What reversals have given back so far. */
  reversedMinor: bigint
  reversals: number
  /** The transactions that did, oldest first. */
  readonly reversedBy: TransactionId[]
}

/** Transactions that make one good, before that one is known to need it. */
export interface EarlyReversal {
  readonly currency: string
  reversedMinor: bigint
  reversals: number
  readonly reversedBy: TransactionId[]
}

/** Failures of distinct requests, one after the other. */
export interface FailureRun {
  /** The last failures, as many as a finding takes, oldest first. */
  readonly last: RunFailure[]
  /** The requests that failed last, to tell a retry from a new failure. */
  readonly requestIds: string[]
  /** What was found; `null` while the failures are too few or too far apart. */
  open: OpenRun | null
}

/** One failure of a run. */
export interface RunFailure {
  readonly transactionId: TransactionId
  readonly eventTime: number
}

/** A run that was found. */
export interface OpenRun {
  readonly accountId: AccountId
  readonly first: RunFailure
  failures: number
  /** The last failures, oldest first. */
  readonly transactionIds: TransactionId[]
}

/** The state of an account of which nothing is known. */
export function createTransactionFailureState(): TransactionFailureState {
  return { charges: null, earlyReversals: null, run: null }
}
