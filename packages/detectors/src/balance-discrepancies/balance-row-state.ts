import type { LedgerTransaction, TransactionId } from '../ledger/ledger-entry.ts'
import type { BalanceRowReason } from './balance-rule.ts'

/** What is known of the transactions of one account. */
export interface BalanceRowState {
  /** Of its first completed transaction. */
  currency: string | null
  /** The last completed transactions in the order of booking, as many as are kept. */
  readonly links: BalanceLink[]
  /** Whether there were more, so that what lies before the first link is not known any more. */
  isCut: boolean
  /** Whether the last known balance before the first link lies below the limit. */
  wasBelowLimit: boolean
  /** Why the next transaction cannot be compared with the one before it. */
  gap: BalanceRowReason | null
  /** The sequence of the row that left the gap. */
  gapSequence: bigint | null
}

/** What matters of a completed transaction to its neighbours in the order of booking. */
export interface BalanceLink {
  transactionId: TransactionId | null
  sequence: bigint | null
  eventTime: number
  balanceBeforeMinor: bigint | null
  balanceAfterMinor: bigint | null
  /** Why it cannot be compared with the one before it. */
  gap: BalanceRowReason | null
  /** Whether it shares its place with another transaction. */
  isTied: boolean
  /** Whether the last known balance, this one's included, lies below the limit. */
  isBelowLimit: boolean
  /** Which findings about it are open. */
  isBroken: boolean
  isNegative: boolean
}

/** The state of an account of which nothing is known. */
export function createBalanceRowState(): BalanceRowState {
  return {
    currency: null,
    links: [],
    isCut: false,
    wasBelowLimit: false,
    gap: 'first-of-account',
    gapSequence: null,
  }
}

/**
 * Makes a link of a transaction that comes after all others. When as many are kept as may be, the first
 * one is cut off and becomes the new one, so that a transaction costs no object of its own.
 */
export function appendLink(
  state: BalanceRowState,
  transaction: LedgerTransaction,
  keptMax: number,
): BalanceLink {
  const link = state.links.length < keptMax ? emptyLink() : cutOffFirst(state)
  fillLink(link, transaction)
  state.links.push(link)
  return link
}

/** Makes a link of a transaction that comes before others. It may be one more than are to be kept. */
export function insertLink(
  { links }: BalanceRowState,
  transaction: LedgerTransaction,
  index: number,
): BalanceLink {
  const link = emptyLink()
  fillLink(link, transaction)
  links.splice(index, 0, link)
  return link
}

/** Forgets the first link, but for what the others need of it. */
export function cutOffFirst(state: BalanceRowState): BalanceLink {
  const first = state.links.shift()!
  state.wasBelowLimit = first.isBelowLimit
  state.isCut = true
  return first
}

function emptyLink(): BalanceLink {
  return {
    transactionId: null,
    sequence: null,
    eventTime: Number.MIN_SAFE_INTEGER,
    balanceBeforeMinor: null,
    balanceAfterMinor: null,
    gap: null,
    isTied: false,
    isBelowLimit: false,
    isBroken: false,
    isNegative: false,
  }
}

function fillLink(link: BalanceLink, transaction: LedgerTransaction): void {
  link.transactionId = transaction.transactionId
  link.sequence = transaction.sequence
  link.eventTime = transaction.eventTime
  link.balanceBeforeMinor = transaction.balanceBeforeMinor
  link.balanceAfterMinor = transaction.balanceAfterMinor
  link.gap = null
  link.isTied = false
  link.isBelowLimit = false
  link.isBroken = false
  link.isNegative = false
}
