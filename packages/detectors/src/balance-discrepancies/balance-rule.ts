/**
 * The rules on balances.
 *
 * - `balance.arithmetic`: before plus the signed amount is after, within a transaction.
 * - `balance.continuity`: after of a transaction is before of the account's next. What a failed
 *   transaction between the two moved explains a difference once it has been made good.
 * - `balance.reconciliation`: the account holds its checkpoint plus what its transactions moved. What
 *   makes good a failed transaction that moved the balance is no new money, and moves nothing.
 * - `balance.negative`: no balance lies below the account's overdraft limit.
 */
export type BalanceRuleId = (typeof BALANCE_RULE_IDS)[number]

/** Every rule on balances, in the order in which reports name them. */
export const BALANCE_RULE_IDS = [
  'balance.arithmetic',
  'balance.continuity',
  'balance.reconciliation',
  'balance.negative',
] as const

/** The rules that judge transaction by transaction, in the order in which reports name them. */
export const BALANCE_ROW_RULE_IDS = [
  'balance.arithmetic',
  'balance.continuity',
  'balance.negative',
] as const

/** The rules that judge transaction by transaction. */
export type BalanceRowRuleId = (typeof BALANCE_ROW_RULE_IDS)[number]

/**
 * Why a rule on balances had no say.
 *
 * - `not-completed`: the transaction failed, is pending or was cancelled, so it moved no money.
 * - `balance-missing`: the source recorded no balance where the rule needs one.
 * - `first-of-account`: no transaction stands before it.
 * - `order-not-proven`: nothing proves which of two transactions was booked first. Transactions that
 *   share a sequence are judged neither for continuity nor for a negative balance.
 * - `late`: its sequence lies below one that was already seen.
 * - `redelivered`: the same row came before, word for word. It counts once.
 * - `conflicting-duplicate`: a row with its id came before and says otherwise. The first one counts.
 * - `repetition-unknown`: more transactions came before than are kept to recognise a repeated one.
 * - `mixed-currency`: its currency is not the account's.
 * - `row-unreadable`: a row of the account was set aside because it did not parse or, in a monitor,
 *   came from the future. One whose place in the order is not known may have stood anywhere, so that
 *   none of the account's rows are compared.
 * - `charge-forgotten`: more failures moved the account's balance than are kept until they are made
 *   good.
 * - `account-balance-missing`: there is no balance to reconcile with.
 *
 * The reasons `conflicting-duplicate`, `mixed-currency` and `row-unreadable` also hold for what
 * depends on the row: the continuity of the account's next transaction, and of one that shares its
 * sequence, and the account's reconciliation.
 */
export type BalanceReason =
  | 'not-completed'
  | 'balance-missing'
  | 'first-of-account'
  | 'order-not-proven'
  | 'late'
  | 'redelivered'
  | 'conflicting-duplicate'
  | 'repetition-unknown'
  | 'mixed-currency'
  | 'row-unreadable'
  | 'charge-forgotten'
  | 'account-balance-missing'

/** Why a rule that judges transaction by transaction, as they happen, had no say. */
export type BalanceRowReason = Extract<
  BalanceReason,
  | 'not-completed'
  | 'balance-missing'
  | 'first-of-account'
  | 'order-not-proven'
  | 'late'
  | 'mixed-currency'
  | 'row-unreadable'
>
