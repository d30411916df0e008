import type { SimulatedDay } from '../festival/festival-simulation.ts'
import type { FestivalOutage, LookalikeCause } from '../festival/festival-truth.ts'
import type { MonitoredDay } from './monitor-day.ts'
import { type ShareEstimate, wilsonInterval } from './wilson-interval.ts'

/** How well one rule did. */
export interface RuleAccuracy {
  readonly ruleId: string
  /** Faults that were planted by themselves. */
  readonly planted: number
  /** Faults that one of another rule implies. */
  readonly implied: number
  /** Of both, those that were found, and at the right event. */
  readonly found: number
  readonly recall: ShareEstimate
  /** Verdicts about something that shows no fault, at least; the rule may be wrong in each. */
  readonly negatives: number
  /** Findings of nothing that was planted, those included that were withdrawn later. */
  readonly falsePositives: number
  readonly falsePositiveRate: ShareEstimate
  /** Of the false positives, those that a row refuted that came late. */
  readonly withdrawn: number
  /** Of the false positives, those that nothing explains: a mistake of the rule. */
  readonly unexplained: number
  /** What looks like a fault and is none, and how much of it was taken for one. */
  readonly lookalikes: Readonly<Partial<Record<LookalikeCause, LookalikeAccuracy>>>
}

/** How often something honest was taken for a fault. */
export interface LookalikeAccuracy {
  readonly count: number
  readonly found: number
}

/** A fault that was missed, or a finding that nothing explains, to be looked into by its seed. */
export interface AccuracyExample {
  readonly day: number
  readonly ruleId: string
  readonly subject: string
  readonly eventId: string | null
}

/** Adds up what came of days. */
export interface AccuracyTally {
  add(dayNumber: number, day: SimulatedDay, monitored: MonitoredDay): void
  rules(): readonly RuleAccuracy[]
  /** The first of each, at most 20. */
  readonly missed: readonly AccuracyExample[]
  readonly unexplained: readonly AccuracyExample[]
}

interface Counts {
  planted: number
  implied: number
  found: number
  evaluated: number
  falsePositives: number
  withdrawn: number
  unexplained: number
  readonly lookalikes: Partial<Record<LookalikeCause, { count: number; found: number }>>
}

const FAILURE_RATE = 'transactions.failure-rate'
const EXAMPLES_MAX = 20

/**
 * Makes a tally.
 *
 * @param ruleIds the rules that are measured, in the order of the report
 */
export function createAccuracyTally(ruleIds: readonly string[]): AccuracyTally {
  const all = new Map(ruleIds.map((ruleId) => [ruleId, createCounts()]))
  const missed: AccuracyExample[] = []
  const unexplained: AccuracyExample[] = []

  function addAccounts(dayNumber: number, day: SimulatedDay, { raised }: MonitoredDay): void {
    const faults = day.faults().filter(({ ruleId }) => all.has(ruleId))
    const open = new Map(faults.map((fault) => [keyOf(fault), fault]))
    const honest = day.lookalikes().filter(({ ruleId }) => all.has(ruleId))
    const lookalikes = new Map(honest.map((one) => [keyOf(one), one]))
    for (const { ruleId, impliedBy } of open.values()) {
      if (impliedBy === null) all.get(ruleId)!.planted += 1
      else all.get(ruleId)!.implied += 1
    }
    for (const { ruleId, cause } of lookalikes.values()) {
      lookalikeOf(all.get(ruleId)!, cause).count += 1
    }
    for (const { finding, isWithdrawn } of raised.all()) {
      const { ruleId, subject } = finding
      if (ruleId === FAILURE_RATE) continue
      const eventId = finding.transactionIds[0] ?? null
      const key = keyOf({ ruleId, accountId: subject, transactionId: eventId })
      const counts = all.get(ruleId)!
      if (open.has(key)) {
        if (isWithdrawn) continue
        counts.found += 1
        open.delete(key)
        continue
      }
      counts.falsePositives += 1
      const lookalike = lookalikes.get(key)
      if (isWithdrawn) counts.withdrawn += 1
      else if (lookalike !== undefined) lookalikeOf(counts, lookalike.cause).found += 1
      else {
        counts.unexplained += 1
        keepExample(unexplained, { day: dayNumber, ruleId, subject, eventId })
      }
    }
    for (const { ruleId, accountId: subject, transactionId: eventId } of open.values()) {
      keepExample(missed, { day: dayNumber, ruleId, subject, eventId })
    }
  }

  function addOutages(dayNumber: number, day: SimulatedDay, { raised }: MonitoredDay): void {
    const counts = all.get(FAILURE_RATE)
    if (counts === undefined) return
    const open = new Set(day.outages())
    counts.planted += open.size
    for (const { finding, toldAt } of raised.all()) {
      if (finding.ruleId !== FAILURE_RATE) continue
      if (!day.outages().some((outage) => isWithin(outage, finding.eventTime))) {
        counts.falsePositives += 1
      }
      // One that was open already says that there is an outage when it grows.
      for (const outage of open) {
        if (!toldAt.some((at) => isWithin(outage, at))) continue
        counts.found += 1
        open.delete(outage)
      }
    }
    for (const { from } of open) {
      const eventId = String(from)
      keepExample(missed, { day: dayNumber, ruleId: FAILURE_RATE, subject: 'system', eventId })
    }
  }

  return {
    missed,
    unexplained,
    add(dayNumber, day, monitored) {
      for (const [ruleId, count] of Object.entries(monitored.evaluated)) {
        all.get(ruleId)!.evaluated += count
      }
      addAccounts(dayNumber, day, monitored)
      addOutages(dayNumber, day, monitored)
    },
    rules: () => [...all].map(([ruleId, counts]) => accuracyOf(ruleId, counts)),
  }
}

function isWithin({ from, to }: FestivalOutage, at: number): boolean {
  return at >= from && at <= to
}

function createCounts(): Counts {
  return {
    planted: 0,
    implied: 0,
    found: 0,
    evaluated: 0,
    falsePositives: 0,
    withdrawn: 0,
    unexplained: 0,
    lookalikes: {},
  }
}

function accuracyOf(ruleId: string, { evaluated, ...counts }: Counts): RuleAccuracy {
  const { planted, implied, found, falsePositives } = counts
  const negatives = Math.max(0, evaluated - planted - implied)
  return {
    ruleId,
    ...counts,
    recall: wilsonInterval(found, planted + implied),
    negatives,
    falsePositiveRate: wilsonInterval(falsePositives, negatives),
  }
}

function lookalikeOf(
  { lookalikes }: Counts,
  cause: LookalikeCause,
): { count: number; found: number } {
  return (lookalikes[cause] ??= { count: 0, found: 0 })
}

function keyOf({
  ruleId,
  accountId,
  transactionId,
}: {
  readonly ruleId: string
  readonly accountId: string
  readonly transactionId: string | null
}): string {
  return `${ruleId} ${accountId} ${transactionId}`
}

function keepExample(examples: AccuracyExample[], example: AccuracyExample): void {
  if (examples.length < EXAMPLES_MAX) examples.push(example)
}
