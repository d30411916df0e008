import type { LedgerTransaction, TransactionId } from '../ledger/ledger-entry.ts'
import type { BalanceFault } from './balance-fault.ts'
import type { BalanceRowReason } from './balance-rule.ts'
import type { FailedCharges } from './failed-charges.ts'
import type { UnreadableRows } from './unreadable-rows.ts'

/** What is known of the transactions of one account. */
export interface BalanceRowState {
  /** Of its first completed transaction. */
  currency: string | null
  /** The completed transaction that was booked last, and by way of it those before. */
  last: BalanceLink | null
  /** How many of them there are. */
  kept: number
  /** Whether there were more, so that what lies before the first link is not known any more. */
  isCut: boolean
  /** Whether the last known balance before the first link lies below the limit. */
  wasBelowLimit: boolean
  /** Why the next transaction cannot be compared with the one before it. */
  gap: BalanceRowReason | null
  /** The sequence of the row that left the gap. */
  gapSequence: bigint | null
  /** Where rows were set aside that may matter to a comparison; `null` where none were. */
  unreadable: UnreadableRows | null
  /** Failures that moved the balance, and their reversals; `null` before the first. */
  failed: FailedCharges | null
  /** Breaks at transactions that are not compared any more, which failures may explain; oldest first. */
  brokenBefore: BreakOverFailures[]
}

/** A transaction that does not begin where the one before it ended, with failures between the two. */
interface BreakOverFailures {
  readonly transactionId: TransactionId
  readonly eventTime: number
  readonly fault: BalanceFault
  readonly failures: readonly TransactionId[]
  /** Whether its finding is open. */
  isOpen: boolean
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
  /** The one that was booked before it. */
  before: BalanceLink | null
}

/** Shared by all states without one; never added to. */
const NO_BREAKS: BreakOverFailures[] = []

/** The state of an account of which nothing is known. */
export function createBalanceRowState(): BalanceRowState {
  return {
    currency: null,
    last: null,
    kept: 0,
    isCut: false,
    wasBelowLimit: false,
    gap: 'first-of-account',
    gapSequence: null,
    unreadable: null,
    failed: null,
    brokenBefore: NO_BREAKS,
  }
}

/**
 * Makes a link of a transaction that comes after all others. When as many are kept as may be, the first
 * one is forgotten and becomes the new one, so that a transaction costs no object of its own.
 *
 * @param keptMax at least 2, so that the one before it stays
 */
export function appendLink(
  state: BalanceRowState,
  transaction: LedgerTransaction,
  keptMax: number,
): BalanceLink {
  const link = state.kept < keptMax ? emptyLink() : takeFirst(state)
  const { last } = state
  fillLink(link, transaction)
  link.before = last
  // Where it begins as the last one ended, both hold one bigint and not two that are equal.
  if (last?.balanceAfterMinor === link.balanceBeforeMinor) {
    last.balanceAfterMinor = link.balanceBeforeMinor
  }
  state.last = link
  state.kept += 1
  return link
}

/**
 * Makes a link of a transaction that comes before others. It may be one more than are to be kept.
 *
 * @param index how many links come before it
 */
export function insertLink(
  state: BalanceRowState,
  transaction: LedgerTransaction,
  index: number,
): BalanceLink {
  const link = emptyLink()
  fillLink(link, transaction)
  const links = linksOf(state)
  const next = links[index]!
  link.before = next.before
  next.before = link
  state.kept += 1
  return link
}

/** All links in the order of booking. */
export function linksOf({ last }: BalanceRowState): BalanceLink[] {
  const links: BalanceLink[] = []
  for (let link = last; link !== null; link = link.before) links.push(link)
  return links.toReversed()
}

/** Takes away the first of at least two links, and keeps of it what the others need. */
export function takeFirst(state: BalanceRowState): BalanceLink {
  let second = state.last!
  for (let place = state.kept; place > 2; place -= 1) second = second.before!
  const first = second.before!
  second.before = null
  // It has become the first, and is compared with nothing any more.
  second.balanceBeforeMinor = null
  state.kept -= 1
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
    before: null,
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
