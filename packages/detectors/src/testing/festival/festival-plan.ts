import { assertWholeNumber, InvalidOptionError } from '@assay/core'

import { SIMULATED_RULE_IDS, type SimulatedRuleId } from './festival-truth.ts'

/** Options of {@link createFestivalSimulation}. */
export interface FestivalSimulationOptions {
  /** Any integer. The same options and seed give the same festival. */
  readonly seed: number
  /** How many days there are, each with cards of its own. Default 1. */
  readonly days?: number | undefined
  /** How many accounts there are on a day, at least 1. Default 2,000. */
  readonly participants?: number | undefined
  /** How often a card is used on a day on average, at least 1. Default 10. */
  readonly visitsPerCard?: number | undefined
  /**
   * The share of cards that are to carry each fault, from 0 to 1; those of balances and of charges
   * together at most 1. Default 0.03 each; 0 for a rule that is left out of a given object.
   */
  readonly faultRates?: Readonly<Partial<Record<SimulatedRuleId, number>>> | undefined
  /** The share of cards that are to carry each kind of near miss, from 0 to 1. Default 0.005. */
  readonly nearMissRate?: number | undefined
  /** How many times a day far more payments fail than usual, at most 16. Default 2. */
  readonly outagesPerDay?: number | undefined
  /**
   * How often a day a terminal is offline for 1 to 15 minutes, on average, so that its rows come later
   * than a monitor waits for. Shorter gaps come by themselves. Default 2.
   */
  readonly offlinePerDay?: number | undefined
  /** The most by which the clock of a terminal is wrong, in milliseconds. Default 1,500. */
  readonly clockSkewMs?: number | undefined
  /** When the gates open, in integer epoch milliseconds. Default 2025-06-14T10:00:00Z. */
  readonly opensAt?: number | undefined
}

/** What is simulated. */
export interface FestivalPlan {
  readonly seed: number
  readonly days: number
  readonly participants: number
  readonly visitsPerCard: number
  readonly faultRates: Readonly<Record<SimulatedRuleId, number>>
  readonly nearMissRate: number
  readonly outagesPerDay: number
  readonly offlinePerDay: number
  readonly clockSkewMs: number
  readonly opensAt: number
}

/** How long the gates are open. */
export const OPEN_MS = 16 * 60 * 60 * 1_000

/** Faults that move a balance: a card carries at most one, so that none can mask another. */
export const MONEY_RULE_IDS = [
  'transactions.charged-on-failure',
  'transactions.credited-on-failure',
  'balance.arithmetic',
  'balance.continuity',
  'balance.negative',
  'balance.reconciliation',
] as const satisfies readonly SimulatedRuleId[]

/**
 * Checks options and fills in what they leave out.
 *
 * @throws `INVALID_OPTION` for an option that is out of range
 */
export function readFestivalPlan({
  seed,
  days = 1,
  participants = 2_000,
  visitsPerCard = 10,
  faultRates,
  nearMissRate = 0.005,
  outagesPerDay = 2,
  offlinePerDay = 2,
  clockSkewMs = 1_500,
  opensAt = 1_749_895_200_000,
}: FestivalSimulationOptions): FestivalPlan {
  const rates = ratesOf(faultRates)
  assertOption(Number.isSafeInteger(seed), 'seed', 'an integer')
  assertWholeNumber(FACTORY, 'days', days, { min: 1 })
  assertWholeNumber(FACTORY, 'participants', participants, { min: 1 })
  assertOption(visitsPerCard >= 1 && visitsPerCard <= 1_000, 'visitsPerCard', 'from 1 to 1,000')
  const sum = MONEY_RULE_IDS.reduce((total, ruleId) => total + rates[ruleId], 0)
  const areRates = [...Object.values(rates), nearMissRate].every((rate) => rate >= 0 && rate <= 1)
  // Quarters, added as floats, may come to a little more than the whole.
  assertOption(areRates && sum < 1 + 1e-9, 'faultRates', 'rates from 0 to 1 that sum to 1 at most')
  assertWholeNumber(FACTORY, 'outagesPerDay', outagesPerDay, { min: 0 })
  assertOption(outagesPerDay <= OUTAGES_MAX, 'outagesPerDay', `at most ${OUTAGES_MAX}`)
  assertOption(offlinePerDay >= 0 && offlinePerDay <= 20, 'offlinePerDay', 'from 0 to 20')
  assertWholeNumber(FACTORY, 'clockSkewMs', clockSkewMs, { min: 0 })
  assertOption(clockSkewMs <= 5_000, 'clockSkewMs', 'at most 5,000')
  assertOption(Number.isSafeInteger(opensAt), 'opensAt', 'integer epoch milliseconds')
  return {
    seed,
    days,
    participants,
    visitsPerCard,
    faultRates: rates,
    nearMissRate,
    outagesPerDay,
    offlinePerDay,
    clockSkewMs,
    opensAt,
  }
}

const FACTORY = 'createFestivalSimulation'
const OUTAGES_MAX = 16
const FAULT_RATE = 0.03

function ratesOf(
  given: FestivalSimulationOptions['faultRates'],
): Readonly<Record<SimulatedRuleId, number>> {
  const entries = SIMULATED_RULE_IDS.map((ruleId) => [
    ruleId,
    given === undefined ? FAULT_RATE : (given[ruleId] ?? 0),
  ])
  return Object.fromEntries(entries) as Record<SimulatedRuleId, number>
}

function assertOption(isMet: boolean, option: string, requirement: string): void {
  if (!isMet) throw new InvalidOptionError(FACTORY, option, requirement)
}
