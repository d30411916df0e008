import type { LedgerTransaction, TransactionId } from '../ledger/ledger-entry.ts'

/**
 * Failed transactions of an account that moved its balance, and what gave that back. A failure and its
 * reversal move nothing together, though only the reversal is a completed transaction.
 */
export interface FailedCharges {
  /** By the transaction that failed, oldest first. */
  readonly charges: Map<TransactionId, FailedCharge>
  /** What reverses transactions that are not known to have failed, oldest first. */
  readonly early: Map<TransactionId, EarlyReversal>
  /** What reversals of failures have given back in all; negative where they took it. */
  reversedMinor: bigint
}

/** A failed transaction that moved the balance. */
export interface FailedCharge extends Place {
  readonly currency: string
  /** By how much; negative where it took money. */
  readonly movedMinor: bigint
  /** What its reversals moved. */
  reversedMinor: bigint
}

/** What reverses a transaction before that one is known to have failed. */
interface EarlyReversal {
  readonly currency: string
  reversedMinor: bigint
}

/** Where a transaction stands in its account. */
export type Place = Pick<LedgerTransaction, 'sequence' | 'eventTime'>

/** The most of each that are kept. */
export interface FailedChargeLimits {
  readonly chargesMax: number
  readonly earlyMax: number
}

/** Whether a transaction failed and moved its account's balance all the same. */
export function isFailedCharge({
  status,
  balanceBeforeMinor: before,
  balanceAfterMinor: after,
}: LedgerTransaction): boolean {
  return status === 'failed' && before !== null && after !== null && before !== after
}

/** What is known before the first of them. */
export function createFailedCharges(): FailedCharges {
  return { charges: new Map(), early: new Map(), reversedMinor: 0n }
}

/**
 * Takes in a failed transaction that moved the balance.
 *
 * @returns one that is not kept any more though nothing has made it good, or `null`
 */
export function addFailedCharge(
  failed: FailedCharges,
  { transactionId, currency, sequence, eventTime, ...row }: LedgerTransaction,
  { chargesMax }: FailedChargeLimits,
): FailedCharge | null {
  const { charges, early } = failed
  if (charges.has(transactionId)) return null
  const movedMinor = row.balanceAfterMinor! - row.balanceBeforeMinor!
  const charge = { currency, sequence, eventTime, movedMinor, reversedMinor: 0n }
  charges.set(transactionId, charge)
  const known = early.get(transactionId)
  if (known?.currency === currency) {
    early.delete(transactionId)
    charge.reversedMinor = known.reversedMinor
    failed.reversedMinor += known.reversedMinor
  }
  const forgotten = charges.size > chargesMax ? takeOldest(charges) : null
  return forgotten === null || isMadeGood(forgotten) ? null : forgotten
}

/**
 * Takes in a completed transaction that reverses another one.
 *
 * @returns whether that one is known to have failed and to have moved the balance
 */
export function addReversal(
  failed: FailedCharges,
  reversedId: TransactionId,
  { amountMinor, currency }: LedgerTransaction,
  { earlyMax }: FailedChargeLimits,
): boolean {
  const { charges, early } = failed
  const charge = charges.get(reversedId)
  if (charge?.currency === currency) {
    charge.reversedMinor += amountMinor
    failed.reversedMinor += amountMinor
    return true
  }
  const known = early.get(reversedId)
  if (known === undefined) early.set(reversedId, { currency, reversedMinor: amountMinor })
  else if (known.currency === currency) known.reversedMinor += amountMinor
  if (early.size > earlyMax) takeOldest(early)
  return false
}

/** The failures that stand between two places, both included. */
export function chargesBetween(
  { charges }: FailedCharges,
  from: Place,
  to: Place,
): readonly TransactionId[] {
  return [...charges].flatMap(([id, charge]) =>
    isUpTo(from, charge) && isUpTo(charge, to) ? [id] : [],
  )
}

/** What those of some failures moved that have been made good. */
export function madeGoodMinor(
  { charges }: FailedCharges,
  ids: readonly TransactionId[],
  currency: string | null,
): bigint {
  let sumMinor = 0n
  for (const id of ids) {
    const charge = charges.get(id)
    if (charge?.currency === currency && isMadeGood(charge)) sumMinor += charge.movedMinor
  }
  return sumMinor
}

/** Whether all of it was given back, as `transactions.charged-on-failure` sees it. */
function isMadeGood({ movedMinor, reversedMinor }: FailedCharge): boolean {
  return movedMinor < 0n ? reversedMinor >= -movedMinor : reversedMinor <= -movedMinor
}

/** Without sequences by the time of the event; a sequence on one side only proves nothing. */
function isUpTo(a: Place, b: Place): boolean {
  if (a.sequence !== null && b.sequence !== null) return a.sequence <= b.sequence
  return a.sequence === b.sequence && a.eventTime <= b.eventTime
}

function takeOldest<Value>(map: Map<TransactionId, Value>): Value | null {
  for (const [key, value] of map) {
    map.delete(key)
    return value
  }
  return null
}
