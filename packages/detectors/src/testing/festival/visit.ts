import type { Random } from '@assay/core'

import type { RequestId, TransactionId, TransactionStatus } from '../../ledger/ledger-entry.ts'
import type { Scan, ScanId } from '../../scans/scan.ts'
import type { FestivalTransaction } from '../festival-day.ts'
import { type Card, CURRENCY } from './card.ts'
import { integer } from './chance.ts'
import type {
  FestivalOutage,
  LookalikeCause,
  SimulatedFault,
  SimulatedRuleId,
} from './festival-truth.ts'
import type { Terminal, Terminals } from './terminals.ts'

/** Somebody's card is read: a scan of a simulated festival. */
export type SimulatedScan = { readonly kind: 'scan' } & Scan

/** A row of the ledger of a simulated festival. */
export type SimulatedTransaction = { readonly kind: 'transaction' } & FestivalTransaction

/** What all visits of a day share. */
export interface FestivalWorld {
  /** What names this day among others. */
  readonly day: number
  readonly random: Random
  readonly terminals: Terminals
  readonly outages: readonly FestivalOutage[]
  /** Hands a row to the network, at the true time. */
  send(row: SimulatedTransaction | SimulatedScan, terminal: Terminal, at: number): void
  tellFault(fault: SimulatedFault): void
  tellLookalike(
    ruleId: SimulatedRuleId,
    card: Card,
    eventId: string | null,
    cause: LookalikeCause,
  ): void
  /** A number that was not given out before. */
  nextNumber(): number
}

/** Somebody comes with a card: all that happens on an account until it is left alone for a while. */
export interface Visit {
  readonly world: FestivalWorld
  readonly card: Card
  /** The event time of what happens next, in epoch milliseconds. */
  at: number
}

/** Something that happens on a visit. */
export type Scenario = (visit: Visit) => void

/** A transaction that is to be written. */
export interface Booking {
  readonly type: FestivalTransaction['type']
  readonly status: TransactionStatus
  readonly amountMinor: bigint
  readonly eventTime: number
  readonly terminal: Terminal
  /** Default: a request of its own. */
  readonly requestId?: RequestId | undefined
  /** Default: a new one. */
  readonly transactionId?: TransactionId | undefined
  readonly reversesTransactionId?: TransactionId | undefined
  /** What the row says was there before. Default: what there was. */
  readonly beforeMinor?: bigint | undefined
  /** What the row says is there afterwards. Default: what was before, and the amount if it completed. */
  readonly afterMinor?: bigint | undefined
  /** What the next row begins with. Default: what this one ends with. */
  readonly recordedMinor?: bigint | undefined
  /** What the system really moves. Default: the amount if it completed. */
  readonly movedMinor?: bigint | undefined
  readonly processingMs?: number | undefined
  /** How long after its event time the row is written, where that is not when it was worked on. */
  readonly writtenAfterMs?: number | undefined
  /** The fault that this row is made to show. */
  readonly plants?: SimulatedRuleId | undefined
}

/** Writes a row, and notes the faults that it shows. */
export function book({ card, world }: Visit, booking: Booking): SimulatedTransaction {
  const { type, status, amountMinor, eventTime, terminal } = booking
  const isCompleted = status === 'completed'
  const bookedMinor = isCompleted ? amountMinor : 0n
  const balanceBeforeMinor = booking.beforeMinor ?? card.recordedMinor
  const balanceAfterMinor = booking.afterMinor ?? balanceBeforeMinor + bookedMinor
  const processingMs = booking.processingMs ?? integer(world.random, 40, 900)
  card.sequence += 1n
  const row: SimulatedTransaction = {
    kind: 'transaction',
    type,
    terminal: terminal.id,
    transactionId: booking.transactionId ?? newTransactionId(world),
    accountId: card.accountId,
    status,
    amountMinor,
    balanceBeforeMinor,
    balanceAfterMinor,
    currency: CURRENCY,
    eventTime,
    sequence: card.sequence,
    requestId: booking.requestId ?? newRequestId(world),
    reversesTransactionId: booking.reversesTransactionId ?? null,
    processingMs,
  }
  if (isCompleted) tellBreak(world, card, row, booking.plants)
  if (booking.plants !== undefined) plant(world, card, row.transactionId, booking.plants)

  card.countedMinor += bookedMinor
  card.actualMinor += booking.movedMinor ?? bookedMinor
  card.recordedMinor = booking.recordedMinor ?? balanceAfterMinor
  card.lastEventTime = Math.max(card.lastEventTime, eventTime)
  if (isCompleted) {
    card.lastAfterMinor = balanceAfterMinor
    card.failures = 0
    if (type === 'payment') card.lastPayment = { transactionId: row.transactionId, amountMinor }
    if (type === 'refund') card.lastPayment = null
  }
  const writtenAfterMs = booking.writtenAfterMs ?? processingMs
  world.send(row, terminal, eventTime - terminal.skewMs + writtenAfterMs)
  return row
}

/** Reads the card. */
export function scan({ card, world }: Visit, terminal: Terminal, eventTime: number): SimulatedScan {
  const row: SimulatedScan = {
    kind: 'scan',
    scanId: `scan-${world.day}-${world.nextNumber()}` as ScanId,
    accountId: card.accountId,
    terminalId: terminal.id,
    eventTime,
  }
  card.lastEventTime = Math.max(card.lastEventTime, eventTime)
  world.send(row, terminal, eventTime - terminal.skewMs)
  return row
}

/** Reads the card a moment before something happens at the terminal. */
export function scanBefore(visit: Visit, terminal: Terminal, eventTime: number): SimulatedScan {
  return scan(visit, terminal, eventTime - integer(visit.world.random, 300, 1_500))
}

/** Lets time pass, in milliseconds. */
export function wait(visit: Visit, minMs: number, maxMs: number): void {
  visit.at += integer(visit.world.random, minMs, maxMs)
}

/** Notes a fault that was planted by itself. */
export function plant(
  world: FestivalWorld,
  { accountId }: Card,
  eventId: string,
  ruleId: SimulatedRuleId,
): void {
  world.tellFault({ ruleId, accountId, transactionId: eventId, impliedBy: null })
}

/** A name for a transaction that nothing else has. */
export function newTransactionId(world: FestivalWorld): TransactionId {
  return `tx-${world.day}-${world.nextNumber()}` as TransactionId
}

/** A name for a request that nothing else has. */
export function newRequestId(world: FestivalWorld): RequestId {
  return `request-${world.day}-${world.nextNumber()}` as RequestId
}

/** Differences of a cent are roundings, and not told. */
export function isMoreThanCent(differenceMinor: bigint): boolean {
  return differenceMinor > 1n || differenceMinor < -1n
}

/**
 * A completed row that does not begin with what the completed row before it ended with is a fault of
 * its own: whatever moved the balance between the two, no completed transaction did.
 */
function tellBreak(
  world: FestivalWorld,
  card: Card,
  { balanceBeforeMinor, transactionId }: SimulatedTransaction,
  plants: SimulatedRuleId | undefined,
): void {
  const { accountId, lastAfterMinor, brokenBy } = card
  const ruleId = 'balance.continuity'
  card.brokenBy = null
  if (lastAfterMinor === null || plants === ruleId) return
  if (!isMoreThanCent(balanceBeforeMinor! - lastAfterMinor)) return
  if (brokenBy === null) throw new Error(`Nothing planted breaks ${accountId} at ${transactionId}.`)
  world.tellFault({ ruleId, accountId, transactionId, impliedBy: brokenBy })
}
