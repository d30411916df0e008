import type { Random } from '@assay/core'

import { spendableOf } from './card.ts'
import { amount, integer } from './chance.ts'
import type { FestivalOutage } from './festival-truth.ts'
import { anyBar, anyCashier, otherBar, type Terminal } from './terminals.ts'
import {
  book,
  newRequestId,
  newTransactionId,
  scan,
  scanBefore,
  type SimulatedTransaction,
  type Visit,
  wait,
} from './visit.ts'

/** The share of failures that are no one's fault, such as a wrong PIN, where people have the money. */
const DECLINED_SHARE = 0.003
/** Of those who cannot pay, who know that and pay in first. */
const KNOWS_BALANCE_SHARE = 0.9
const RETRIED_SHARE = 0.003
const CANCELLED_SHARE = 0.008
const PENDING_SHARE = 0.005
const BALANCE_CHECK_SHARE = 0.003
const SECOND_ROUND_SHARE = 0.03
/** Of the second rounds; the others are 8 to 60 seconds later. */
const HURRIED_SHARE = 0.03
const ROUNDED_SHARE = 0.004
const SHARED_SHARE = 0.01
const BOOKING_AROUND_FAILURE_SHARE = 0.000_2
/** Of payments during an outage. */
const OUTAGE_FAILED_SHARE = 0.4

/** What people do at a festival: they pay in, buy, bring back cups, and now and then something fails. */
export function visitOrdinarily(visit: Visit): void {
  const { card, world } = visit
  const chance = world.random()
  const spendable = spendableOf(card)
  // Who was declined twice goes to a cashier, and so does who has nothing left.
  if (card.failures >= 2 || chance < 0.1 || (spendable < 300n && chance < 0.8)) topUp(visit)
  else if (chance < 0.14 && card.lastPayment !== null) refund(visit)
  else if (card.isShared && world.random() < SHARED_SHARE) buyTogether(visit)
  else if (world.random() < BOOKING_AROUND_FAILURE_SHARE) failAroundBooking(visit)
  else buy(visit)
}

/** Makes sure that the card holds enough, and that its last request did not fail. */
export function settle(visit: Visit, needMinor: bigint): void {
  const { card } = visit
  const missingMinor = needMinor - spendableOf(card)
  if (missingMinor <= 0n && card.failures === 0 && card.lastAfterMinor !== null) return
  topUp(visit, missingMinor > 1_000n ? missingMinor : 1_000n)
  wait(visit, 20_000, 120_000)
}

/** Pays money in. */
export function topUp(
  visit: Visit,
  amountMinor = BigInt(integer(visit.world.random, 2, 10)) * 500n,
): SimulatedTransaction {
  const terminal = anyCashier(visit.world.terminals, visit.world.random)
  scanBefore(visit, terminal, visit.at)
  return book(visit, {
    type: 'top-up',
    status: 'completed',
    amountMinor,
    eventTime: visit.at,
    terminal,
  })
}

function refund(visit: Visit): void {
  const { card, world } = visit
  const { transactionId, amountMinor } = card.lastPayment!
  const terminal = anyCashier(world.terminals, world.random)
  scanBefore(visit, terminal, visit.at)
  book(visit, {
    type: 'refund',
    status: 'completed',
    amountMinor: -amountMinor,
    eventTime: visit.at,
    terminal,
    reversesTransactionId: transactionId,
  })
}

function buy(visit: Visit): void {
  const { card, world } = visit
  const { random } = world
  const terminal = anyBar(world.terminals, random)
  const priceMinor = priceOf(random)
  if (priceMinor > spendableOf(card) && random() < KNOWS_BALANCE_SHARE) {
    topUp(visit)
    return
  }
  if (random() < BALANCE_CHECK_SHARE) {
    checkBalance(visit, terminal)
    pay(visit, terminal, priceMinor <= spendableOf(card) ? 'completed' : 'failed', priceMinor)
    return
  }
  const seen = scanBefore(visit, terminal, visit.at)
  const chance = random()
  const failedShare = DECLINED_SHARE + (isOut(world.outages, visit.at) ? OUTAGE_FAILED_SHARE : 0)
  if (priceMinor > spendableOf(card) || chance < failedShare) {
    pay(visit, terminal, 'failed', priceMinor)
  } else if (chance > 1 - RETRIED_SHARE) {
    retry(visit, terminal, priceMinor)
  } else if (chance > 1 - RETRIED_SHARE - CANCELLED_SHARE) {
    pay(visit, terminal, 'cancelled', priceMinor)
  } else if (chance > 1 - RETRIED_SHARE - CANCELLED_SHARE - PENDING_SHARE) {
    decideLater(visit, terminal, priceMinor)
  } else {
    const paid = payRounded(visit, terminal, priceMinor)
    if (random() < SECOND_ROUND_SHARE) buyAgain(visit, terminal, seen.scanId, seen.eventTime, paid)
  }
}

/** Pays, or fails to. */
export function pay(
  visit: Visit,
  terminal: Terminal,
  status: 'completed' | 'failed' | 'cancelled',
  priceMinor: bigint,
): SimulatedTransaction {
  if (status === 'failed') visit.card.failures += 1
  const { at: eventTime } = visit
  return book(visit, { type: 'payment', status, amountMinor: -priceMinor, eventTime, terminal })
}

/** What a round costs. */
export function priceOf(random: Random): bigint {
  return amount(random, 250, 1_500)
}

/** Some tills round, and then a figure is a cent off. */
function payRounded(visit: Visit, terminal: Terminal, priceMinor: bigint): SimulatedTransaction {
  const { card, world } = visit
  const { random } = world
  if (random() >= ROUNDED_SHARE) return pay(visit, terminal, 'completed', priceMinor)
  const isBefore = random() < 0.5
  const beforeMinor = card.recordedMinor + (isBefore ? 1n : 0n)
  const row = book(visit, {
    type: 'payment',
    status: 'completed',
    amountMinor: -priceMinor,
    eventTime: visit.at,
    terminal,
    beforeMinor,
    afterMinor: beforeMinor - priceMinor + (isBefore ? 0n : 1n),
  })
  const ruleId = isBefore ? 'balance.continuity' : 'balance.arithmetic'
  world.tellLookalike(ruleId, card, row.transactionId, 'one-cent')
  return row
}

function buyAgain(
  visit: Visit,
  terminal: Terminal,
  scanId: string,
  scannedAt: number,
  first: SimulatedTransaction,
): void {
  const { card, world } = visit
  const { random } = world
  const priceMinor = priceOf(random)
  if (priceMinor > spendableOf(card)) return
  if (random() < HURRIED_SHARE) wait(visit, 1_200, 8_000)
  else wait(visit, 8_000, 60_000)
  const again = scan(visit, terminal, visit.at - integer(random, 300, 1_000))
  const second = pay(visit, terminal, 'completed', priceMinor)
  if (again.eventTime - scannedAt <= 5_000) {
    world.tellLookalike('scans.duplicate-burst', card, scanId, 'second-round')
  }
  if (second.eventTime - first.eventTime <= 2_000) {
    const ruleId = 'transactions.concurrent-requests'
    world.tellLookalike(ruleId, card, first.transactionId, 'second-round')
  }
}

/** Has the card read to see what is on it, and then pays. */
function checkBalance(visit: Visit, terminal: Terminal): void {
  const { card, world } = visit
  const checked = scan(visit, terminal, visit.at)
  wait(visit, 2_000, 30_000)
  const paying = scanBefore(visit, terminal, visit.at)
  if (paying.eventTime - checked.eventTime > 5_000) return
  world.tellLookalike('scans.duplicate-burst', card, checked.scanId, 'balance-check')
}

/** The terminal has no answer, and sends the same request once more. */
function retry(visit: Visit, terminal: Terminal, priceMinor: bigint): void {
  const { card, world } = visit
  const requestId = newRequestId(world)
  const payment = { type: 'payment', amountMinor: -priceMinor, terminal, requestId } as const
  card.failures += 1
  const failed = book(visit, { ...payment, status: 'failed', eventTime: visit.at })
  wait(visit, 500, 4_000)
  book(visit, { ...payment, status: 'completed', eventTime: visit.at })
  if (visit.at - failed.eventTime > 2_000) return
  const ruleId = 'transactions.concurrent-requests'
  world.tellLookalike(ruleId, card, failed.transactionId, 'retry')
}

/** Whoever decides takes a while; the row then has the time of the decision, or that of the request. */
function decideLater(visit: Visit, terminal: Terminal, priceMinor: bigint): void {
  const { card, world } = visit
  const { random } = world
  const transactionId = newTransactionId(world)
  const requestId = newRequestId(world)
  const ids = { transactionId, requestId }
  const payment = { type: 'payment', amountMinor: -priceMinor, terminal, ...ids } as const
  const askedAt = visit.at
  book(visit, { ...payment, status: 'pending', eventTime: askedAt })
  wait(visit, 3_000, 120_000)
  const chance = random()
  if (chance < 0.1) return
  const status = chance < 0.8 ? 'completed' : chance < 0.9 ? 'failed' : 'cancelled'
  if (status === 'failed') card.failures += 1
  const keepsTime = random() < 0.3
  const eventTime = keepsTime ? askedAt : visit.at
  const writtenAfterMs = keepsTime ? visit.at - askedAt : undefined
  book(visit, { ...payment, status, eventTime, writtenAfterMs })
}

/** Two people with wristbands of one account buy at two bars, each by the clock of that bar. */
function buyTogether(visit: Visit): void {
  const { card, world } = visit
  const { random, terminals } = world
  settle(visit, 3_000n)
  const bars = [anyBar(terminals, random)]
  bars.push(otherBar(terminals, bars[0]!, random))
  const leadMs = integer(random, 300, 1_500)
  const trueTimes = [visit.at, visit.at + integer(random, 0, 10_000)]
  const rows = bars.map((terminal, n) => {
    const eventTime = trueTimes[n]! + terminal.skewMs
    const seen = scan(visit, terminal, eventTime - leadMs)
    const amountMinor = -priceOf(random)
    const paid = book(visit, {
      type: 'payment',
      status: 'completed',
      amountMinor,
      eventTime,
      terminal,
    })
    return { seen, paid }
  })
  visit.at = trueTimes[1]!
  const [first, second] = rows.toSorted((a, b) => a.paid.eventTime - b.paid.eventTime)
  const apartMs = second!.paid.eventTime - first!.paid.eventTime
  if (apartMs <= 5_000) {
    // Scans of one moment come in the order of their names.
    const { scanId } = apartMs > 0 ? first!.seen : earlierByName(first!.seen, second!.seen)
    world.tellLookalike('scans.duplicate-burst', card, scanId, 'shared-account')
  }
  if (apartMs <= 2_000) {
    const ruleId = 'transactions.concurrent-requests'
    world.tellLookalike(ruleId, card, first!.paid.transactionId, 'shared-account')
  }
}

function earlierByName<Named extends { readonly scanId: string }>(a: Named, b: Named): Named {
  return a.scanId < b.scanId ? a : b
}

/** A payment fails while the account's owner pays in, or someone else of the account buys. */
function failAroundBooking(visit: Visit): void {
  const { card, world } = visit
  const { random, terminals } = world
  settle(visit, 3_000n)
  const terminal = anyBar(terminals, random)
  const isCredit = random() < 0.5
  const movedMinor = isCredit ? amount(random, 1_000, 5_000) : -priceOf(random)
  scanBefore(visit, terminal, visit.at)
  const beforeMinor = card.recordedMinor
  card.failures += 1
  const failed = book(visit, {
    type: 'payment',
    status: 'failed',
    amountMinor: -priceOf(random),
    eventTime: visit.at,
    terminal,
    beforeMinor,
    // It looked at the balance again once the other one was through.
    afterMinor: beforeMinor + movedMinor,
    recordedMinor: beforeMinor,
    processingMs: 1_800,
  })
  wait(visit, 100, 1_500)
  book(visit, {
    type: isCredit ? 'top-up' : 'payment',
    status: 'completed',
    amountMinor: movedMinor,
    eventTime: visit.at,
    terminal,
    processingMs: 100,
  })
  const cause = 'booking-around-failure'
  const ruleId = isCredit ? 'transactions.credited-on-failure' : 'transactions.charged-on-failure'
  world.tellLookalike(ruleId, card, failed.transactionId, cause)
  world.tellLookalike('transactions.concurrent-requests', card, failed.transactionId, cause)
}

function isOut(outages: readonly FestivalOutage[], at: number): boolean {
  return outages.some(({ from, to }) => at >= from && at <= to)
}
