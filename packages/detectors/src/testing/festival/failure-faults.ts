import { amount, integer, oneOf } from './chance.ts'
import { pay, priceOf, settle, topUp } from './ordinary-visits.ts'
import { anyBar, anyCashier } from './terminals.ts'
import { book, plant, scanBefore, type Visit, wait } from './visit.ts'

/** A payment fails and is taken from the card all the same. */
export function chargeOnFailure(visit: Visit): void {
  moveOnFailure(visit, 'transactions.charged-on-failure')
}

/** A payment fails and its amount is added to the card. */
export function creditOnFailure(visit: Visit): void {
  moveOnFailure(visit, 'transactions.credited-on-failure')
}

/**
 * In a third of the cases only the row is wrong; in a third the money is gone; in a third a cashier
 * gives it back. Money that moved without a completed transaction also breaks the next completed row,
 * which begins with a balance that none before it left, and the account's reconciliation. Giving it
 * back before any other row is booked mends both.
 */
function moveOnFailure(
  visit: Visit,
  plants: 'transactions.charged-on-failure' | 'transactions.credited-on-failure',
): void {
  const { card, world } = visit
  const { random } = world
  const outcome = oneOf(random, ['only-recorded', 'moved', 'given-back'])
  const priceMinor = priceOf(random)
  settle(visit, priceMinor)
  // Now and then it is a fee that went wrong, and be it a cent.
  const magnitudeMinor = random() < 0.9 ? priceMinor : amount(random, 1, 20)
  const movedMinor = plants === 'transactions.charged-on-failure' ? -magnitudeMinor : magnitudeMinor
  const terminal = anyBar(world.terminals, random)
  scanBefore(visit, terminal, visit.at)
  card.failures += 1
  const beforeMinor = card.recordedMinor
  const hasMoved = outcome !== 'only-recorded'
  const { transactionId } = book(visit, {
    type: 'payment',
    status: 'failed',
    amountMinor: -priceMinor,
    eventTime: visit.at,
    terminal,
    afterMinor: beforeMinor + movedMinor,
    recordedMinor: hasMoved ? beforeMinor + movedMinor : beforeMinor,
    movedMinor: hasMoved ? movedMinor : 0n,
    plants,
  })
  if (!hasMoved) return
  if (outcome === 'moved') {
    card.unbalancedBy = plants
    card.brokenBy = plants
    return
  }
  // What the failure and its reversal moved counts together, and explains what the latter begins with.
  card.countedMinor += movedMinor
  if (card.lastAfterMinor !== null) card.lastAfterMinor += movedMinor
  wait(visit, 60_000, 1_200_000)
  const cashier = anyCashier(world.terminals, random)
  scanBefore(visit, cashier, visit.at)
  book(visit, {
    type: 'refund',
    status: 'completed',
    amountMinor: -movedMinor,
    eventTime: visit.at,
    terminal: cashier,
    reversesTransactionId: transactionId,
  })
}

const WINDOW_MS = 600_000

/** Three to five requests fail one after the other, among retries and requests that were cancelled. */
export function failInARow(visit: Visit): void {
  const { world, card } = visit
  const { random } = world
  settle(visit, 3_000n)
  const [first] = fail(visit)
  const startsAt = visit.at
  waitWithin(visit)
  fail(visit)
  const isWide = random() < 0.15
  if (isWide) visit.at = startsAt + WINDOW_MS
  else waitWithin(visit)
  fail(visit)
  plant(world, card, first, 'transactions.consecutive-failures')
  // A fourth failure might be too late for a wide run, and then begin another one.
  for (let more = isWide ? 0 : oneOf(random, [0, 0, 0, 1, 1, 2]); more > 0; more -= 1) {
    wait(visit, 15_000, 120_000)
    fail(visit)
  }
  if (random() < 0.5) return
  wait(visit, 20_000, 120_000)
  topUp(visit)
}

/** Two requests fail, no third. */
export function failTwice(visit: Visit): void {
  failTwiceAs(visit, 'two-failures')
}

/** Two requests fail, and one of them is sent again. */
export function failTwiceAndRetry(visit: Visit): void {
  const [, again] = failTwiceAs(visit, 'retried-failure')
  wait(visit, 5_000, 20_000)
  again()
}

/** Two requests fail, one succeeds, one fails. */
export function failAroundSuccess(visit: Visit): void {
  failTwiceAs(visit, 'success-between')
  wait(visit, 20_000, 60_000)
  topUp(visit)
  wait(visit, 20_000, 60_000)
  fail(visit)
}

/** Three requests fail within the window and a millisecond. */
export function failTooFarApart(visit: Visit): void {
  settle(visit, 3_000n)
  const startsAt = visit.at
  failTwiceAs(visit, 'failures-too-far-apart')
  visit.at = startsAt + WINDOW_MS + 1
  fail(visit)
}

function failTwiceAs(
  visit: Visit,
  cause: 'two-failures' | 'retried-failure' | 'success-between' | 'failures-too-far-apart',
): readonly [string, () => void] {
  const { world, card } = visit
  settle(visit, 3_000n)
  const [first] = fail(visit)
  waitWithin(visit)
  const [, again] = fail(visit)
  world.tellLookalike('transactions.consecutive-failures', card, first, cause)
  return [first, again]
}

/** Three failures with two such pauses lie within the window. */
function waitWithin(visit: Visit): void {
  wait(visit, 15_000, 250_000)
}

/**
 * A request of its own fails.
 *
 * @returns its transaction, and what sends it once more, to fail again
 */
function fail(visit: Visit): readonly [string, () => void] {
  const { card, world } = visit
  const { random, terminals } = world
  const terminal = anyBar(terminals, random)
  scanBefore(visit, terminal, visit.at)
  const failed = pay(visit, terminal, 'failed', priceOf(random))
  const again = (): void => {
    const { amountMinor, requestId } = failed
    book(visit, {
      type: 'payment',
      status: 'failed',
      amountMinor,
      eventTime: visit.at,
      terminal,
      requestId: requestId ?? undefined,
    })
  }
  const { at } = visit
  const chance = random()
  if (chance < 0.15) {
    visit.at = at + integer(random, 500, 5_000)
    again()
  } else if (chance < 0.25 && card.failures < 3) {
    visit.at = at + integer(random, 3_000, 10_000)
    pay(visit, terminal, 'cancelled', priceOf(random))
  }
  visit.at = at
  return [failed.transactionId, again]
}
