import type { Random } from '@assay/core'
import { createSeededRandom } from '@assay/core/testing'

import type { AccountBalance, AccountId } from '../../ledger/ledger-entry.ts'
import { breakArithmetic, breakContinuity, overdraw, shift, spendAll } from './balance-faults.ts'
import { balanceOf, type Card, createCard } from './card.ts'
import { integer, waiting } from './chance.ts'
import {
  requestAtOnce,
  requestBesideUndecided,
  requestTooFarApart,
  scanInABurst,
  scanTooFarApart,
} from './closeness-faults.ts'
import {
  chargeOnFailure,
  creditOnFailure,
  failAroundSuccess,
  failInARow,
  failTooFarApart,
  failTwice,
  failTwiceAndRetry,
} from './failure-faults.ts'
import { type FestivalPlan, MONEY_RULE_IDS, OPEN_MS } from './festival-plan.ts'
import type { FestivalOutage, FestivalTruth, SimulatedRuleId } from './festival-truth.ts'
import { visitOrdinarily } from './ordinary-visits.ts'
import { arrivalAt, createTerminals } from './terminals.ts'
import { createTimeQueue, type TimeQueue } from './time-queue.ts'
import {
  type FestivalWorld,
  isMoreThanCent,
  type Scenario,
  type SimulatedScan,
  type SimulatedTransaction,
} from './visit.ts'

/** A row arrives at the server. */
export interface FestivalDelivery {
  /** In epoch milliseconds, by the clock of the server. */
  readonly deliveredAt: number
  readonly row: SimulatedTransaction | SimulatedScan
}

/** What is known when a day is over. */
export interface FestivalDayEnd extends FestivalTruth {
  readonly balances: readonly AccountBalance[]
}

/** Every row that arrives, in the order of arrival. Only what is on its way is in memory. */
export function* liveDay(
  plan: FestivalPlan,
  day: number,
  opensAt: number,
): Generator<FestivalDelivery, FestivalDayEnd> {
  const random = createSeededRandom(plan.seed + day * 7_919)
  const arrivals = createTimeQueue<FestivalDelivery['row']>()
  const truth: FestivalTruth = {
    faults: [],
    lookalikes: [],
    outages: drawOutages(plan, opensAt, random),
  }
  const world = createWorld({ plan, day, opensAt, random, arrivals, truth })
  const cards = Array.from({ length: plan.participants }, (_, n) =>
    issueCard(n, { plan, day, opensAt, random }),
  )
  const visits = createTimeQueue<Card>()
  const closesAt = opensAt + OPEN_MS
  const pauseMs = OPEN_MS / plan.visitsPerCard
  for (const card of cards) visits.push(opensAt + waiting(random, pauseMs), card)

  while (visits.nextAt < closesAt) {
    yield* arrived(arrivals, visits.nextAt)
    const from = visits.nextAt
    const card = visits.pop()!
    const visit = { world, card, at: from + MARGIN_MS }
    scenarioOf(card, random)(visit)
    // Nobody comes back at once, so that nothing but what was planned lies close together.
    visits.push(visit.at + APART_MS + waiting(random, pauseMs), card)
  }
  yield* arrived(arrivals, Number.POSITIVE_INFINITY)
  return { ...truth, balances: cards.map((card) => endCard(card, world)) }
}

/** The clock of a terminal may be ahead, and a card is read before it is charged. */
const MARGIN_MS = 10_000
const APART_MS = 20_000
const REDELIVERED_SHARE = 0.003
const SHARED_SHARE = 0.05
const ROUNDED_SHARE = 0.01

/** What is planted where somebody would have come anyway. */
const SCENARIO_OF: Readonly<Record<SimulatedRuleId, Scenario | null>> = {
  'transactions.charged-on-failure': chargeOnFailure,
  'transactions.credited-on-failure': creditOnFailure,
  'transactions.consecutive-failures': failInARow,
  'balance.arithmetic': breakArithmetic,
  'balance.continuity': breakContinuity,
  'balance.negative': overdraw,
  'balance.reconciliation': null,
  'scans.duplicate-burst': scanInABurst,
  'transactions.concurrent-requests': requestAtOnce,
}

const NEAR_MISSES: readonly Scenario[] = [
  failTwice,
  failTwiceAndRetry,
  failAroundSuccess,
  failTooFarApart,
  scanTooFarApart,
  requestTooFarApart,
  requestBesideUndecided,
  spendAll,
]

interface Making {
  readonly plan: FestivalPlan
  readonly day: number
  readonly opensAt: number
  readonly random: Random
}

function createWorld({
  plan,
  day,
  opensAt,
  random,
  arrivals,
  truth,
}: Making & {
  readonly arrivals: TimeQueue<FestivalDelivery['row']>
  readonly truth: FestivalTruth
}): FestivalWorld {
  let number = 0
  return {
    day,
    random,
    terminals: createTerminals(plan, opensAt, random),
    outages: truth.outages,
    send(row, terminal, at) {
      const arrivesAt = arrivalAt(terminal, at, random)
      arrivals.push(arrivesAt, row)
      // Whoever has no answer sends the row again.
      if (random() < REDELIVERED_SHARE) arrivals.push(arrivesAt + integer(random, 50, 30_000), row)
    },
    tellFault: (fault) => void truth.faults.push(fault),
    tellLookalike(ruleId, { accountId }, transactionId, cause) {
      truth.lookalikes.push({ ruleId, accountId, transactionId, cause })
    },
    nextNumber: () => (number += 1),
  }
}

function* arrived(
  arrivals: TimeQueue<FestivalDelivery['row']>,
  upTo: number,
): Generator<FestivalDelivery, void> {
  while (arrivals.size > 0 && arrivals.nextAt <= upTo) {
    const deliveredAt = arrivals.nextAt
    yield { deliveredAt, row: arrivals.pop()! }
  }
}

function issueCard(n: number, { plan, day, opensAt, random }: Making): Card {
  const moneyRuleId = drawMoneyRule(plan, random)
  const ruleIds: SimulatedRuleId[] = moneyRuleId === null ? [] : [moneyRuleId]
  for (const ruleId of OTHER_RULE_IDS) if (random() < plan.faultRates[ruleId]) ruleIds.push(ruleId)
  const scenarios = [
    ...ruleIds.flatMap((ruleId) => SCENARIO_OF[ruleId] ?? []),
    ...NEAR_MISSES.filter(() => random() < plan.nearMissRate),
  ]
  const accountId = `card-${day}-${String(n + 1).padStart(5, '0')}` as AccountId
  const isShared = random() < SHARED_SHARE
  const isMisstated = moneyRuleId === 'balance.reconciliation'
  return createCard({ accountId, isShared, scenarios, isMisstated }, opensAt, random)
}

const OTHER_RULE_IDS = [
  'transactions.consecutive-failures',
  'scans.duplicate-burst',
  'transactions.concurrent-requests',
] as const satisfies readonly SimulatedRuleId[]

function drawMoneyRule({ faultRates }: FestivalPlan, random: Random): SimulatedRuleId | null {
  let rest = random()
  for (const ruleId of MONEY_RULE_IDS) {
    rest -= faultRates[ruleId]
    if (rest < 0) return ruleId
  }
  return null
}

/** Half of the chances are let pass, so that faults are not always the first thing on a card. */
function scenarioOf({ scenarios }: Card, random: Random): Scenario {
  if (scenarios.length === 0 || random() < 0.5) return visitOrdinarily
  const [scenario] = scenarios.splice(integer(random, 0, scenarios.length - 1), 1)
  return scenario!
}

function endCard(card: Card, world: FestivalWorld): AccountBalance {
  const { random } = world
  const ruleId = 'balance.reconciliation'
  let balanceMinor = card.actualMinor
  if (card.isMisstated) balanceMinor += shift(random, 5_000, balanceMinor)
  else if (card.unbalancedBy === null && random() < ROUNDED_SHARE) {
    balanceMinor += 1n
    world.tellLookalike(ruleId, card, null, 'one-cent')
  }
  if (isMoreThanCent(balanceMinor - card.countedMinor)) {
    const impliedBy = card.isMisstated ? null : card.unbalancedBy
    world.tellFault({ ruleId, accountId: card.accountId, transactionId: null, impliedBy })
  }
  return balanceOf(card, balanceMinor)
}

function drawOutages(
  { outagesPerDay }: FestivalPlan,
  opensAt: number,
  random: Random,
): FestivalOutage[] {
  const partMs = OPEN_MS / outagesPerDay
  return Array.from({ length: outagesPerDay }, (_, n) => {
    // In the middle of its part of the day, so that each is over before the next one begins.
    const from = opensAt + Math.floor(partMs * (n + 0.1 + 0.2 * random()))
    return { from, to: from + integer(random, 12, 18) * 60_000 }
  })
}
