/**
 * The rules on failed transactions.
 *
 * - `transactions.charged-on-failure`: a transaction failed, and yet the balance went down.
 * - `transactions.credited-on-failure`: a transaction failed, and yet the balance went up.
 * - `transactions.consecutive-failures`: one request of an account after the other failed.
 * - `transactions.failure-rate`: too many of all transactions failed.
 */
export type TransactionFailureRuleId = (typeof TRANSACTION_FAILURE_RULE_IDS)[number]

/** Every rule on failed transactions, in the order in which reports name them. */
export const TRANSACTION_FAILURE_RULE_IDS = [
  'transactions.charged-on-failure',
  'transactions.credited-on-failure',
  'transactions.consecutive-failures',
  'transactions.failure-rate',
] as const

/** The rules that judge each account by itself. */
export type AccountFailureRuleId = Exclude<TransactionFailureRuleId, FailureRateRuleId>

/** The rule that judges all accounts together. */
export type FailureRateRuleId = 'transactions.failure-rate'

/**
 * Why a rule on failed transactions had no say.
 *
 * - `balance-missing`: the source recorded no balance before or none after the failure.
 * - `reversal-mixed-currency`: the transaction makes good a failure whose currency is another, so
 *   that it is not counted towards it.
 * - `charge-forgotten`: so many failures of the account wait to be made good that this one, the
 *   oldest, is no longer watched: its finding stays open.
 * - `sample-too-small`: too few transactions lie in the window for a rate.
 * - `late-beyond-window`: the transaction was decided, or delivered, so late that its window has passed.
 * - `late-forgotten`: it came late, and so many were counted since that nobody can tell any more
 *   whether it was among them.
 */
export type TransactionFailureReason =
  | 'balance-missing'
  | 'reversal-mixed-currency'
  | 'charge-forgotten'
  | 'sample-too-small'
  | 'late-beyond-window'
  | 'late-forgotten'

/** Grows when one of the rules starts to judge the same rows otherwise. */
export const TRANSACTION_FAILURE_VERSION = 1
