import type {
  AccountBalance,
  LedgerEntry,
  LedgerTransaction,
  SequenceReading,
  TransactionId,
} from '../ledger/ledger-entry.ts'
import type { BalanceFault } from './balance-fault.ts'
import type { BalanceReason } from './balance-rule.ts'
import {
  addFailedCharge,
  addReversal,
  createFailedCharges,
  type FailedCharges,
  isFailedCharge,
} from './failed-charges.ts'

/** What the rules on balances are set to. */
export interface BalanceConfig {
  /** The difference that stays silent, in minor units. */
  readonly toleranceMinor: bigint
  /** How far below zero an account without a balance row may go. */
  readonly overdraftLimitMinor: bigint
  /** Whether rows without a sequence come in the order in which the source booked them. */
  readonly orderProven: boolean
  /**
   * The most completed transactions of an account that are kept to recognise a repeated one; 0 keeps
   * none, where none comes twice.
   */
  readonly rememberedMax: number
  /** What an account held before its first transaction, as reconciliation takes it. */
  readonly reconcilesFrom: 'checkpoint' | 'zero'
  /** Whether what makes good another transaction counts for reconciliation. */
  readonly countsRefunds: boolean
  /** Whose data it is, or `null`. Part of every fingerprint. */
  readonly tenant: string | null
}

/** What the rules on balances take in. */
export type BalanceEvent =
  | LedgerEntry
  /** A row of the account did not parse. */
  | {
      readonly kind: 'unreadable'
      readonly accountId: string
      readonly sequence: SequenceReading
    }
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
  /** The last completed transaction before the one in `waiting`. */
  previous: LedgerTransaction | null
  /** The completed transaction that is last in the account's order, until the next one is known. */
  waiting: WaitingTransaction | null
  /** Why the next transaction cannot be compared with the one before it. */
  chainGap: BalanceReason | null
  /** Where the row stands that left the gap. */
  gapSequence: SequenceReading
  /** Failures that moved the balance, and their reversals; `null` before the first. */
  failed: FailedCharges | null
  /** Breaks that failures may explain, to be told at the end unless these have been made good. */
  readonly held: HeldBreak[]
  /** Why the sum cannot be trusted. */
  sumGap: BalanceReason | null
  /** Whether the last known balance lies below the limit, so that one episode gives one finding. */
  isBelowLimit: boolean
  /** Completed transactions, oldest first, to recognise what is delivered again. */
  readonly remembered: Map<TransactionId, LedgerTransaction>
  /** How many more there were. */
  forgotten: number
}

/**
 * A transaction whose continuity and balance are not judged yet: the next one may share its sequence,
 * and then nothing proves which of the two was booked first.
 */
export interface WaitingTransaction {
  readonly transaction: LedgerTransaction
  /** Why it cannot be compared with the one before it. */
  gap: BalanceReason | null
}

/** A transaction that does not begin where the one before it ended, with failures between the two. */
interface HeldBreak {
  readonly transaction: LedgerTransaction
  readonly fault: BalanceFault
  readonly failures: readonly TransactionId[]
}

/** The state of an account of which nothing is known. */
export function createBalanceState(accountId: string): BalanceState {
  return {
    accountId,
    balance: null,
    currency: null,
    movedMinor: 0n,
    previous: null,
    waiting: null,
    chainGap: 'first-of-account',
    gapSequence: null,
    failed: null,
    held: [],
    sumGap: null,
    isBelowLimit: false,
    remembered: new Map(),
    forgotten: 0,
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
  { rememberedMax, countsRefunds }: BalanceConfig,
): void {
  const { remembered } = state
  if (state.forgotten > 0) leaveGap(state, 'repetition-unknown', null)
  state.currency = transaction.currency
  const { reversesTransactionId } = transaction
  if (countsRefunds || reversesTransactionId === null) state.movedMinor += transaction.amountMinor
  if (reversesTransactionId !== null) {
    state.failed ??= createFailedCharges()
    addReversal(state.failed, reversesTransactionId, transaction, FAILED_LIMITS)
  }
  if (rememberedMax === 0) return
  remembered.set(transaction.transactionId, transaction)
  if (remembered.size <= rememberedMax) return
  for (const oldest of remembered.keys()) {
    remembered.delete(oldest)
    state.forgotten += 1
    break
  }
}

/** Takes in a transaction that is not completed: it moves no money, unless its balances say otherwise. */
export function addNotCompleted(state: BalanceState, transaction: LedgerTransaction): void {
  if (!isFailedCharge(transaction)) return
  state.failed ??= createFailedCharges()
  const forgotten = addFailedCharge(state.failed, transaction, FAILED_LIMITS)
  if (forgotten !== null) state.sumGap ??= 'charge-forgotten'
}

/** An account with more failures that moved its balance is not reconciled. */
const FAILED_LIMITS = { chargesMax: 1_000, earlyMax: 1_000 }

/**
 * A row that is left out may have moved the balance: nothing is compared across it.
 *
 * @param sequence where the row stands; `null` where it stands behind the rows before it
 */
export function leaveGap(
  state: BalanceState,
  reason: BalanceReason,
  sequence: SequenceReading,
): void {
  const { waiting } = state
  state.sumGap ??= reason
  if (waiting !== null && mayStandBeside(waiting.transaction, sequence)) waiting.gap ??= reason
  if (state.gapSequence === 'unreadable') return
  state.chainGap = reason
  state.gapSequence = sequence
}

/** The next transaction follows on this one, unless a row that left a gap may stand between them. */
export function closeGap(state: BalanceState, transaction: LedgerTransaction): void {
  if (!mayStandBeside(transaction, state.gapSequence)) state.chainGap = null
}

/** How far below zero the account may go. */
export function overdraftLimitOf(
  { balance }: BalanceState,
  { overdraftLimitMinor }: BalanceConfig,
): bigint {
  return balance?.overdraftLimitMinor ?? overdraftLimitMinor
}

function mayStandBeside({ sequence }: LedgerTransaction, other: SequenceReading): boolean {
  return other === 'unreadable' || (other !== null && other === sequence)
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
