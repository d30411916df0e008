import type {
  AccountBalance,
  LedgerEntry,
  LedgerTransaction,
  TransactionId,
} from '../ledger/ledger-entry.ts'
import type { BalanceReason } from './balance-rule.ts'

/** What the rules on balances are set to. */
export interface BalanceConfig {
  /** The difference that stays silent, in minor units. */
  readonly toleranceMinor: bigint
  /** How far below zero an account without a balance row may go. */
  readonly overdraftLimitMinor: bigint
  /** Whether rows without a sequence come in the order in which the source booked them. */
  readonly orderProven: boolean
  /** The most completed transactions of an account that are kept to recognise a repeated one. */
  readonly rememberedMax: number
  /** Whose data it is, or `null`. Part of every fingerprint. */
  readonly tenant: string | null
}

/** What the rules on balances take in. */
export type BalanceEvent =
  | LedgerEntry
  /** A row of the account did not parse. */
  | { readonly kind: 'unreadable'; readonly accountId: string }
  /** The snapshot holds no more of the account: time to reconcile. */
  | { readonly kind: 'account-end'; readonly accountId: string }

/** What is known of one account. */
export interface BalanceState {
  readonly accountId: string
  /** What it should hold and does hold, once that is known. */
  balance: AccountBalance | null
  /** Of the balance or, before that is known, of its first completed transaction. */
  currency: string | null
  /** What the completed transactions moved, in sum. */
  movedMinor: bigint
  /** The completed transaction that is last in the account's order. */
  previous: LedgerTransaction | null
  /** Why the next transaction cannot be compared with the previous one. */
  chainGap: BalanceReason | null
  /** Why the sum cannot be trusted. */
  sumGap: BalanceReason | null
  /** Whether the last known balance lies below the limit, so that one episode gives one finding. */
  isBelowLimit: boolean
  /** Completed transactions, oldest first, to recognise what is delivered again. */
  readonly remembered: Map<TransactionId, LedgerTransaction>
}

/** The state of an account of which nothing is known. */
export function createBalanceState(accountId: string): BalanceState {
  return {
    accountId,
    balance: null,
    currency: null,
    movedMinor: 0n,
    previous: null,
    chainGap: 'first-of-account',
    sumGap: null,
    isBelowLimit: false,
    remembered: new Map(),
  }
}

/** Takes in what the account should hold and does hold. */
export function setBalance(state: BalanceState, balance: AccountBalance): void {
  if (state.currency !== null && state.currency !== balance.currency) {
    state.sumGap = 'mixed-currency'
  }
  state.balance = balance
  state.currency = balance.currency
}

/** Why a transaction is left out of everything, or `null` when it counts. */
export function obstacleOf(
  state: BalanceState,
  transaction: LedgerTransaction,
): BalanceReason | null {
  const known = state.remembered.get(transaction.transactionId)
  if (known !== undefined) {
    return isSameRow(known, transaction) ? 'redelivered' : 'conflicting-duplicate'
  }
  if (transaction.status !== 'completed') return 'not-completed'
  if (state.currency !== null && state.currency !== transaction.currency) return 'mixed-currency'
  return null
}

/** Takes in a completed transaction that counts. */
export function addTransaction(
  state: BalanceState,
  transaction: LedgerTransaction,
  { rememberedMax }: BalanceConfig,
): void {
  const { remembered } = state
  state.currency = transaction.currency
  state.movedMinor += transaction.amountMinor
  remembered.set(transaction.transactionId, transaction)
  if (remembered.size <= rememberedMax) return
  for (const oldest of remembered.keys()) {
    remembered.delete(oldest)
    break
  }
}

/** A row that is left out may have moved the balance: nothing is compared across it. */
export function leaveGap(state: BalanceState, reason: BalanceReason): void {
  state.chainGap = reason
  state.sumGap ??= reason
}

/** How far below zero the account may go. */
export function overdraftLimitOf(
  { balance }: BalanceState,
  { overdraftLimitMinor }: BalanceConfig,
): bigint {
  return balance?.overdraftLimitMinor ?? overdraftLimitMinor
}

function isSameRow(a: LedgerTransaction, b: LedgerTransaction): boolean {
  return (
    a.status === b.status &&
    a.amountMinor === b.amountMinor &&
    a.balanceBeforeMinor === b.balanceBeforeMinor &&
    a.balanceAfterMinor === b.balanceAfterMinor &&
    a.currency === b.currency &&
    a.eventTime === b.eventTime &&
    a.sequence === b.sequence
  )
}
