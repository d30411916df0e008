import { assertWholeNumber, InvalidOptionError, type Random } from '@assay/core'
import { createSeededRandom } from '@assay/core/testing'

import { BALANCE_RULE_IDS, type BalanceRuleId } from '../balance-discrepancies/balance-rule.ts'
import type {
  AccountBalance,
  AccountId,
  LedgerTransaction,
  TransactionId,
  TransactionStatus,
} from '../ledger/ledger-entry.ts'
import type { PlantedFault } from './planted-fault.ts'

/** Options of {@link createFestivalDay}. */
export interface FestivalDayOptions {
  /** Any integer. The same options and seed give the same day. */
  readonly seed: number
  /** How many people carry a card, at least 1. Default 2,000. */
  readonly participants?: number | undefined
  /** How many transactions there are, whatever their status. Default 6,000. */
  readonly transactions?: number | undefined
  /**
   * The share of cards that are to carry each fault, from 0 to 1 and together at most 1. Default 0.01
   * each; 0 for a rule that is left out of a given object. A fault waits for a transaction that it
   * fits; a card that has none goes without, and `planted` leaves it out.
   */
  readonly faultRates?: Readonly<Partial<Record<BalanceRuleId, number>>> | undefined
  /**
   * The share of figures that are one cent off, which every rule has to tolerate: of completed
   * transactions and of balances. Default 0.01.
   */
  readonly roundingRate?: number | undefined
  /** When the gates open, in integer epoch milliseconds. Default 2025-06-14T10:00:00Z. */
  readonly opensAt?: number | undefined
}

/** A transaction at the festival: a row of the ledger, with what it was about. */
export interface FestivalTransaction extends LedgerTransaction {
  readonly type: 'top-up' | 'payment' | 'refund'
  /** Where the terminal stands: `bar-07`, `cashier-2`. */
  readonly terminal: string
}

/** A day at a cashless festival, with the truth about it. */
export interface FestivalDay {
  /** Lives the day once more, from the first transaction to the last, without holding it in memory. */
  transactions(): Generator<FestivalTransaction, void>
  /** What each card holds when the day is over. */
  balances(): readonly AccountBalance[]
  /** Exactly what a correct detector finds. */
  planted(): readonly PlantedFault[]
}

/**
 * A seeded day at a cashless festival: cards are topped up and charged at bars, payments are refunded,
 * declined, cancelled or left pending. Sixteen hours, in EUR.
 *
 * Faults are planted so that what is planted is exactly what a correct detector finds:
 *
 * - A card carries at most one fault, so none can mask another.
 * - After a wrong balance the card's next row begins with that balance, so nothing else stands out;
 *   the card's balance at the end of the day is counted from the amounts and not from those rows.
 * - A terminal accepts what both counts can pay, so no card goes below zero unless that was planted,
 *   and one that did is counted once, however long it stays there.
 * - Figures that are one cent off stand on cards without a fault.
 *
 * @param options how large the day is, and which faults it is to carry
 * @throws `INVALID_OPTION` for an option that is out of range
 *
 * @example
 * ```ts
 * import { createMemoryLedgerRepository, detectBalanceDiscrepancies } from '@assay/detectors'
 * import { compareWithPlanted, createFestivalDay } from '@assay/detectors/testing'
 *
 * const day = createFestivalDay({ seed: 42 })
 * const ledger = createMemoryLedgerRepository({
 *   transactions: day.transactions(),
 *   balances: day.balances(),
 * })
 * const { findings } = await detectBalanceDiscrepancies({ ledger })
 * const { missed, unexpected } = compareWithPlanted(day.planted(), findings)
 * console.log(missed.length, unexpected.length) // 0 0
 * ```
 */
export function createFestivalDay(options: FestivalDayOptions): FestivalDay {
  const plan = planOf(options)
  let end: DayEnd | undefined
  const liveToTheEnd = (): DayEnd => {
    end ??= endOf(liveDay(plan))
    return end
  }

  return {
    *transactions() {
      yield* liveDay(plan)
    },
    balances: () => liveToTheEnd().balances,
    planted: () => liveToTheEnd().planted,
  }
}

interface Plan {
  readonly seed: number
  readonly participants: number
  readonly transactions: number
  readonly faultRates: Readonly<Record<BalanceRuleId, number>>
  readonly roundingRate: number
  readonly opensAt: number
}

interface DayEnd {
  readonly balances: readonly AccountBalance[]
  readonly planted: readonly PlantedFault[]
}

interface Card {
  readonly accountId: AccountId
  readonly checkpointMinor: bigint
  /** What its transactions moved, added to the checkpoint. */
  countedMinor: bigint
  /** What its rows say. */
  recordedMinor: bigint
  sequence: bigint
  lastPaymentMinor: bigint
  hasCompleted: boolean
  lastEventTime: number
  /** The fault that waits for a transaction that it fits. */
  fault: BalanceRuleId | null
  /** Whether it was ever to carry a fault. */
  readonly isMarked: boolean
}

/** What somebody wants at a terminal. */
interface Wish {
  readonly type: FestivalTransaction['type']
  readonly terminal: string
  readonly status: TransactionStatus
  readonly amountMinor: bigint
}

interface Place {
  readonly transactionId: TransactionId
  readonly eventTime: number
}

const FACTORY = 'createFestivalDay'
const CURRENCY = 'EUR'
const DAY_MS = 16 * 60 * 60 * 1_000

function planOf({
  seed,
  participants = 2_000,
  transactions = 6_000,
  faultRates = {
    'balance.arithmetic': 0.01,
    'balance.continuity': 0.01,
    'balance.reconciliation': 0.01,
    'balance.negative': 0.01,
  },
  roundingRate = 0.01,
  opensAt = 1_749_895_200_000,
}: FestivalDayOptions): Plan {
  const rates = {
    'balance.arithmetic': faultRates['balance.arithmetic'] ?? 0,
    'balance.continuity': faultRates['balance.continuity'] ?? 0,
    'balance.reconciliation': faultRates['balance.reconciliation'] ?? 0,
    'balance.negative': faultRates['balance.negative'] ?? 0,
  }
  const sum = BALANCE_RULE_IDS.reduce((total, ruleId) => total + rates[ruleId], 0)
  // Four quarters, added as floats, may come to a little more than the whole.
  const areRates = [...Object.values(rates), roundingRate].every((rate) => rate >= 0 && rate <= 1)
  assertOption(Number.isSafeInteger(seed), 'seed', 'an integer')
  assertWholeNumber(FACTORY, 'participants', participants, { min: 1 })
  assertWholeNumber(FACTORY, 'transactions', transactions, { min: 0 })
  assertOption(areRates && sum < 1 + 1e-9, 'faultRates', 'rates from 0 to 1 that sum to 1 at most')
  assertOption(Number.isSafeInteger(opensAt), 'opensAt', 'integer epoch milliseconds')
  return { seed, participants, transactions, faultRates: rates, roundingRate, opensAt }
}

function* liveDay(plan: Plan): Generator<FestivalTransaction, DayEnd> {
  const random = createSeededRandom(plan.seed)
  const cards = Array.from({ length: plan.participants }, (_, index) =>
    issueCard(index, plan, random),
  )
  const planted: PlantedFault[] = []

  for (let index = 0; index < plan.transactions; index += 1) {
    const card = cards[integer(random, 0, cards.length - 1)]
    if (card === undefined) break
    const place = placeOf(index, plan, random)
    yield book(card, wishOf(card, random), place, { plan, random, planted })
  }

  const balances = cards.map((card) => balanceOf(card, { plan, random, planted }))
  return { balances, planted }
}

function endOf(day: Generator<FestivalTransaction, DayEnd>): DayEnd {
  for (;;) {
    const step = day.next()
    if (step.done === true) return step.value
  }
}

/** Half of the cards come with money that was paid in before the day. */
function issueCard(index: number, plan: Plan, random: Random): Card {
  const checkpointMinor = random() < 0.5 ? 0n : amount(random, 1_000, 5_000)
  const fault = drawFault(plan, random)
  return {
    accountId: `card-${padded(index + 1, plan.participants)}` as AccountId,
    checkpointMinor,
    countedMinor: checkpointMinor,
    recordedMinor: checkpointMinor,
    sequence: 0n,
    lastPaymentMinor: 0n,
    hasCompleted: false,
    lastEventTime: plan.opensAt,
    fault,
    isMarked: fault !== null,
  }
}

function drawFault({ faultRates }: Plan, random: Random): BalanceRuleId | null {
  let rest = random()
  for (const ruleId of BALANCE_RULE_IDS) {
    rest -= faultRates[ruleId]
    if (rest < 0) return ruleId
  }
  return null
}

/** Spreads the transactions over the day; a later one is never earlier. */
function placeOf(index: number, { transactions, opensAt }: Plan, random: Random): Place {
  return {
    transactionId: `tx-${padded(index + 1, transactions)}` as TransactionId,
    eventTime: opensAt + Math.floor(((index + random()) / transactions) * DAY_MS),
  }
}

function wishOf(card: Card, random: Random): Wish {
  const chance = random()
  const spendable = spendableOf(card)
  if (chance < 0.12 || (spendable < 300n && chance < 0.8)) {
    const amountMinor = BigInt(integer(random, 2, 10)) * 500n
    return { type: 'top-up', terminal: cashier(random), status: 'completed', amountMinor }
  }
  if (chance < 0.16 && card.lastPaymentMinor > 0n) {
    const amountMinor = card.lastPaymentMinor
    return { type: 'refund', terminal: cashier(random), status: 'completed', amountMinor }
  }
  const priceMinor = amount(random, 250, 1_500)
  const status = priceMinor > spendable ? 'failed' : statusOf(random())
  return { type: 'payment', terminal: bar(random), status, amountMinor: -priceMinor }
}

function statusOf(chance: number): TransactionStatus {
  if (chance < 0.02) return 'failed'
  if (chance < 0.03) return 'cancelled'
  return chance < 0.035 ? 'pending' : 'completed'
}

/** What happens beside the transactions themselves. */
interface Making {
  readonly plan: Plan
  readonly random: Random
  readonly planted: PlantedFault[]
}

/** Writes the row of a transaction, and plants the card's fault in it if that fits. */
function book(card: Card, wish: Wish, place: Place, making: Making): FestivalTransaction {
  const { ruleId, wish: booked, beforeShift, afterShift } = disturb(card, wish, making)
  const { accountId } = card
  if (ruleId !== null) {
    card.fault = null
    making.planted.push({ ruleId, accountId, transactionId: place.transactionId })
  }

  const balanceBeforeMinor = card.recordedMinor + beforeShift
  const movedMinor = booked.status === 'completed' ? booked.amountMinor : 0n
  const balanceAfterMinor = balanceBeforeMinor + movedMinor + afterShift
  card.sequence += 1n
  card.lastEventTime = place.eventTime
  card.countedMinor += movedMinor
  card.recordedMinor = balanceAfterMinor
  if (booked.status === 'completed') {
    card.hasCompleted = true
    // What was refunded is not refunded again.
    if (booked.type === 'payment') card.lastPaymentMinor = -movedMinor
    if (booked.type === 'refund') card.lastPaymentMinor = 0n
  }
  return {
    ...place,
    accountId,
    ...booked,
    balanceBeforeMinor,
    balanceAfterMinor,
    currency: CURRENCY,
    sequence: card.sequence,
    requestId: null,
    reversesTransactionId: null,
    processingMs: null,
  }
}

interface Disturbance {
  /** The fault that this row shows. */
  readonly ruleId: BalanceRuleId | null
  readonly wish: Wish
  readonly beforeShift: bigint
  readonly afterShift: bigint
}

function disturb(card: Card, wish: Wish, making: Making): Disturbance {
  const { random, plan } = making
  const none = { ruleId: null, wish, beforeShift: 0n, afterShift: 0n }
  if (wish.status !== 'completed') return none

  // Half of the chances are let pass, so that faults are not always the first thing on a card.
  const isDue = random() < 0.5
  const afterMinor = card.recordedMinor + wish.amountMinor
  const lowest = card.recordedMinor < afterMinor ? card.recordedMinor : afterMinor
  switch (isDue ? card.fault : null) {
    case 'balance.arithmetic': {
      const afterShift = shift(random, 500, afterMinor)
      return { ...none, ruleId: 'balance.arithmetic', afterShift }
    }
    case 'balance.continuity': {
      if (!card.hasCompleted) return none
      const beforeShift = shift(random, 500, lowest)
      return { ...none, ruleId: 'balance.continuity', beforeShift }
    }
    case 'balance.negative': {
      if (wish.type !== 'payment') return none
      const amountMinor = -(card.recordedMinor + amount(random, 1, 2_000))
      return { ...none, ruleId: 'balance.negative', wish: { ...wish, amountMinor } }
    }
    case 'balance.reconciliation':
    case null:
      break
  }
  if (card.isMarked || random() >= plan.roundingRate) return none
  return random() < 0.5
    ? { ...none, beforeShift: cent(random, lowest) }
    : { ...none, afterShift: cent(random, afterMinor) }
}

function balanceOf(card: Card, { plan, random, planted }: Making): AccountBalance {
  const { accountId, checkpointMinor, countedMinor } = card
  let balanceMinor = countedMinor
  if (card.fault === 'balance.reconciliation') {
    balanceMinor += shift(random, 5_000, countedMinor)
    planted.push({ ruleId: 'balance.reconciliation', accountId, transactionId: null })
  } else if (!card.isMarked && random() < plan.roundingRate) {
    balanceMinor += cent(random, countedMinor)
  }
  return {
    accountId,
    currency: CURRENCY,
    balanceMinor,
    checkpointMinor,
    overdraftLimitMinor: 0n,
    eventTime: card.lastEventTime,
  }
}

/** What the rows of a card and the count of its amounts both can pay. */
function spendableOf({ recordedMinor, countedMinor }: Card): bigint {
  return recordedMinor < countedMinor ? recordedMinor : countedMinor
}

/** At least 2 cents in either direction; never so far down that `balance` would go below zero. */
function shift(random: Random, maxMinor: number, balanceMinor: bigint): bigint {
  const magnitude = amount(random, 2, maxMinor)
  return random() < 0.5 && magnitude <= balanceMinor ? -magnitude : magnitude
}

function cent(random: Random, balanceMinor: bigint): bigint {
  return random() < 0.5 && balanceMinor >= 1n ? -1n : 1n
}

function amount(random: Random, minMinor: number, maxMinor: number): bigint {
  return BigInt(integer(random, minMinor, maxMinor))
}

function integer(random: Random, min: number, max: number): number {
  return min + Math.floor(random() * (max - min + 1))
}

function bar(random: Random): string {
  return `bar-${padded(integer(random, 1, 20), 20)}`
}

function cashier(random: Random): string {
  return `cashier-${integer(random, 1, 6)}`
}

function padded(value: number, max: number): string {
  return String(value).padStart(String(max).length, '0')
}

function assertOption(isMet: boolean, option: string, requirement: string): void {
  if (!isMet) throw new InvalidOptionError(FACTORY, option, requirement)
}
