import type { Random } from '@assay/core'

import { spendableOf } from './card.ts'
import { amount, oneOf } from './chance.ts'
import { priceOf, settle } from './ordinary-visits.ts'
import { anyBar } from './terminals.ts'
import { book, type Booking, scanBefore, type Visit } from './visit.ts'

/**
 * A completed row that does not add up. In a third of the cases the card goes on with the wrong
 * figure; in a third the system does too, so that its balance cannot be reconciled; in a third the
 * next row is right again, and so does not begin with what this one ended with.
 */
export function breakArithmetic(visit: Visit): void {
  const { card, world } = visit
  const { random } = world
  const outcome = oneOf(random, ['recorded', 'moved', 'mended'])
  const plants = 'balance.arithmetic'
  const mends = outcome === 'mended'
  buyWith(visit, (priceMinor) => {
    const rightMinor = card.recordedMinor - priceMinor
    const shiftMinor = shift(random, 500, spendableOf(card) - priceMinor)
    if (outcome === 'moved') card.unbalancedBy = plants
    return {
      afterMinor: rightMinor + shiftMinor,
      recordedMinor: mends ? rightMinor : rightMinor + shiftMinor,
      movedMinor: outcome === 'moved' ? shiftMinor - priceMinor : -priceMinor,
      plants,
    }
  })
  if (mends) card.brokenBy = plants
}

/**
 * A completed row that begins with another balance than the one before it left: in half of the cases
 * the money has really come or gone, so that the balance cannot be reconciled.
 */
export function breakContinuity(visit: Visit): void {
  const { card, world } = visit
  const hasMoved = world.random() < 0.5
  const plants = 'balance.continuity'
  buyWith(visit, (priceMinor) => {
    const shiftMinor = shift(world.random, 500, spendableOf(card) - priceMinor)
    const beforeMinor = card.lastAfterMinor! + shiftMinor
    if (hasMoved) card.unbalancedBy = plants
    return { beforeMinor, movedMinor: hasMoved ? shiftMinor - priceMinor : -priceMinor, plants }
  })
}

/** Somebody spends what is not there, and be it a cent. */
export function overdraw(visit: Visit): void {
  const { card, world } = visit
  buyWith(visit, () => {
    const amountMinor = -(card.recordedMinor + amount(world.random, 1, 2_000))
    return { amountMinor, plants: 'balance.negative' }
  })
}

/** Somebody spends the last cent. */
export function spendAll(visit: Visit): void {
  const { card, world } = visit
  settle(visit, 1_000n)
  if (card.recordedMinor > card.actualMinor) return
  const row = buyWith(visit, () => ({ amountMinor: -card.recordedMinor }))
  world.tellLookalike('balance.negative', card, row, 'down-to-zero')
}

function buyWith(visit: Visit, change: (priceMinor: bigint) => Partial<Booking>): string {
  const { world } = visit
  const { random, terminals } = world
  const priceMinor = priceOf(random)
  settle(visit, priceMinor)
  const terminal = anyBar(terminals, random)
  scanBefore(visit, terminal, visit.at)
  const { transactionId } = book(visit, {
    type: 'payment',
    status: 'completed',
    amountMinor: -priceMinor,
    eventTime: visit.at,
    terminal,
    ...change(priceMinor),
  })
  return transactionId
}

/** At least 2 cents in either direction; never so far down that `leftMinor` would go below zero. */
export function shift(random: Random, maxMinor: number, leftMinor: bigint): bigint {
  const magnitude = amount(random, 2, maxMinor)
  return random() < 0.5 && magnitude <= leftMinor ? -magnitude : magnitude
}
