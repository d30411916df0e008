import { integer, oneOf } from './chance.ts'
import { pay, priceOf, settle } from './ordinary-visits.ts'
import { anyBar, otherBar, type Terminal } from './terminals.ts'
import { book, plant, scan, type SimulatedTransaction, type Visit, wait } from './visit.ts'

const SCANS_WITHIN_MS = 5_000
const REQUESTS_WITHIN_MS = 2_000
const MINUTE_MS = 60_000

/** A card is read two to six times within seconds, often around the turn of a minute. */
export function scanInABurst(visit: Visit): void {
  const { world, card } = visit
  const { random } = world
  settle(visit, 2_000n)
  if (random() < 0.25) visit.at = Math.ceil(visit.at / MINUTE_MS) * MINUTE_MS - 500
  const terminal = anyBar(world.terminals, random)
  const terminals = random() < 0.3 ? [terminal, otherBar(world.terminals, terminal, random)] : []
  const first = scan(visit, terminal, visit.at)
  for (let more = oneOf(random, [1, 1, 1, 2, 3, 5]); more > 0; more -= 1) {
    visit.at += gap(visit, SCANS_WITHIN_MS)
    scan(visit, terminals[more % 2] ?? terminal, visit.at)
  }
  plant(world, card, first.scanId, 'scans.duplicate-burst')
  payAfterScan(visit, terminal)
}

/** A card is read twice, a millisecond too far apart, or a little more. */
export function scanTooFarApart(visit: Visit): void {
  const { world, card } = visit
  const { random } = world
  settle(visit, 2_000n)
  const terminal = anyBar(world.terminals, random)
  const first = scan(visit, terminal, visit.at)
  visit.at += SCANS_WITHIN_MS + (random() < 0.5 ? 1 : integer(random, 1, 4_000))
  scan(visit, terminal, visit.at)
  world.tellLookalike('scans.duplicate-burst', card, first.scanId, 'scans-too-far-apart')
  payAfterScan(visit, terminal)
}

function payAfterScan(visit: Visit, terminal: Terminal): void {
  wait(visit, 300, 1_500)
  pay(visit, terminal, 'completed', priceOf(visit.world.random))
}

/** A till sends an order two to four times, each as a request of its own; or two tills do at once. */
export function requestAtOnce(visit: Visit): void {
  const { world } = visit
  const { random } = world
  settle(visit, 6_000n)
  const terminal = anyBar(world.terminals, random)
  const kind = random()
  if (kind < 0.3) losePayment(visit, terminal)
  else if (kind < 0.5) payAtTwoBars(visit, terminal)
  else paySeveralTimes(visit, terminal)
}

function paySeveralTimes(visit: Visit, terminal: Terminal): void {
  const { world } = visit
  const { random } = world
  scan(visit, terminal, visit.at - 800)
  const priceMinor = priceOf(random)
  const first = pay(visit, terminal, 'completed', priceMinor)
  for (let more = oneOf(random, [1, 1, 1, 2, 3]); more > 0; more -= 1) {
    visit.at += gap(visit, REQUESTS_WITHIN_MS)
    // A third failure in a row would be another fault.
    const fails = visit.card.failures < 2 && random() < 0.2
    pay(visit, terminal, fails ? 'failed' : 'completed', priceMinor)
  }
  tellRace(visit, first)
}

/** Two terminals that read a card within two seconds also read it within five. */
function payAtTwoBars(visit: Visit, terminal: Terminal): void {
  const { world, card } = visit
  const { random } = world
  const seen = scan(visit, terminal, visit.at - 800)
  const first = pay(visit, terminal, 'completed', priceOf(random))
  visit.at += Math.max(1, gap(visit, REQUESTS_WITHIN_MS))
  const other = otherBar(world.terminals, terminal, random)
  scan(visit, other, visit.at - 800)
  pay(visit, other, 'completed', priceOf(random))
  tellRace(visit, first)
  const { accountId } = card
  const impliedBy = 'transactions.concurrent-requests'
  const ruleId = 'scans.duplicate-burst'
  world.tellFault({ ruleId, accountId, transactionId: seen.scanId, impliedBy })
}

/**
 * Both requests see the same balance, and what the second one writes undoes the first one: so the
 * second row does not begin with what the first one ended with, and the balance cannot be reconciled.
 */
function losePayment(visit: Visit, terminal: Terminal): void {
  const { world, card } = visit
  const { random } = world
  scan(visit, terminal, visit.at - 800)
  const beforeMinor = card.recordedMinor
  const priceMinor = priceOf(random)
  const first = pay(visit, terminal, 'completed', priceMinor)
  visit.at += gap(visit, REQUESTS_WITHIN_MS)
  const secondMinor = random() < 0.5 ? priceMinor : priceOf(random)
  card.brokenBy = 'transactions.concurrent-requests'
  card.unbalancedBy = 'transactions.concurrent-requests'
  book(visit, {
    type: 'payment',
    status: 'completed',
    amountMinor: -secondMinor,
    eventTime: visit.at,
    terminal,
    beforeMinor,
    movedMinor: priceMinor - secondMinor,
  })
  tellRace(visit, first)
}

/** Two requests, a millisecond too far apart, or a little more. */
export function requestTooFarApart(visit: Visit): void {
  const { world, card } = visit
  const { random } = world
  settle(visit, 4_000n)
  const terminal = anyBar(world.terminals, random)
  scan(visit, terminal, visit.at - 800)
  const first = pay(visit, terminal, 'completed', priceOf(random))
  visit.at += REQUESTS_WITHIN_MS + (random() < 0.5 ? 1 : integer(random, 1, 2_000))
  pay(visit, terminal, 'completed', priceOf(random))
  const ruleId = 'transactions.concurrent-requests'
  world.tellLookalike(ruleId, card, first.transactionId, 'requests-too-far-apart')
}

/** An order is cancelled or left pending, and the right one follows at once. */
export function requestBesideUndecided(visit: Visit): void {
  const { world, card } = visit
  const { random } = world
  settle(visit, 2_000n)
  const terminal = anyBar(world.terminals, random)
  scan(visit, terminal, visit.at - 800)
  const { transactionId } = book(visit, {
    type: 'payment',
    status: random() < 0.5 ? 'pending' : 'cancelled',
    amountMinor: -priceOf(random),
    eventTime: visit.at,
    terminal,
  })
  wait(visit, 100, REQUESTS_WITHIN_MS)
  pay(visit, terminal, 'completed', priceOf(random))
  world.tellLookalike('transactions.concurrent-requests', card, transactionId, 'undecided-request')
}

/** Up to `maxMs`, and that exactly in one case of eight. */
function gap({ world: { random } }: Visit, maxMs: number): number {
  return random() < 0.125 ? maxMs : integer(random, 0, maxMs)
}

function tellRace({ world, card }: Visit, { transactionId }: SimulatedTransaction): void {
  plant(world, card, transactionId, 'transactions.concurrent-requests')
}
