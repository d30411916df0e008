import { type EventPlace, idOfEvent } from '../detector/account-event.ts'
import type { FailureRateConfig } from './failure-rate-config.ts'

/** A transaction as the rule on the failure rate sees it. */
export type TransactionEvent = Extract<EventPlace, { readonly kind: 'transaction' }>

/**
 * Transactions of the window by name, so that one that is decided after its time can be told from one
 * that was counted and comes again. Plain data.
 */
export interface KnownTransactions {
  /** When each happened that was counted, in the order of counting. */
  readonly counted: Map<string, number>
  /** When each happened that was pending when its time came, in that order. */
  readonly pending: Map<string, number>
  /** Of those up to this moment some were counted and forgotten, in epoch milliseconds. */
  forgottenUpTo: number
}

/**
 * What is known of a transaction:
 *
 * - `new`: it was not counted yet.
 * - `counted`: it was.
 * - `forgotten`: so many were counted since that nobody knows.
 */
export type TransactionStanding = 'new' | 'counted' | 'forgotten'

/** Knows of nothing. */
export function createKnownTransactions(): KnownTransactions {
  return { counted: new Map(), pending: new Map(), forgottenUpTo: Number.MIN_SAFE_INTEGER }
}

/** Tells what is known of a transaction. */
export function standingOf(
  { counted, pending, forgottenUpTo }: KnownTransactions,
  transaction: TransactionEvent,
): TransactionStanding {
  const name = nameOf(transaction)
  if (counted.has(name)) return 'counted'
  const { eventTime } = transaction
  if (eventTime > forgottenUpTo) return 'new'
  // Whoever was decided before it was pending has been counted then.
  const pendingAt = pending.get(name)
  return pendingAt !== undefined && pendingAt <= eventTime ? 'new' : 'forgotten'
}

/** Notes that a transaction was counted, and forgets the first ones beyond `knownMax`. */
export function noteCounted(
  known: KnownTransactions,
  transaction: TransactionEvent,
  { knownMax }: FailureRateConfig,
): void {
  const { counted, pending } = known
  const name = nameOf(transaction)
  counted.set(name, transaction.eventTime)
  if (pending.size > 0) pending.delete(name)
  if (counted.size <= knownMax) return
  const [first, at] = counted.entries().next().value!
  counted.delete(first)
  known.forgottenUpTo = Math.max(known.forgottenUpTo, at)
}

/** Notes that a transaction is pending, and forgets the first ones beyond `pendingMax`. */
export function notePending(
  { pending }: KnownTransactions,
  { accountId, transactionId, eventTime }: TransactionEvent,
  { pendingMax }: FailureRateConfig,
): void {
  pending.set(`${accountId}\n${transactionId}`, eventTime)
  if (pending.size > pendingMax) pending.delete(pending.keys().next().value!)
}

/** Forgets what has left the window, which nothing that comes can enter any more. */
export function forgetBefore({ counted, pending }: KnownTransactions, moment: number): void {
  for (const names of [counted, pending]) {
    for (const [name, at] of names) {
      if (at >= moment) break
      names.delete(name)
    }
  }
}

/** A pending one and its decision are two events, and each counts by itself where pending ones count. */
function nameOf(transaction: TransactionEvent): string {
  return `${transaction.accountId}\n${idOfEvent(transaction)}`
}
