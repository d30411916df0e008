import type { AccountBalance } from '../../ledger/ledger-entry.ts'
import { type FestivalSimulationOptions, readFestivalPlan } from './festival-plan.ts'
import type { FestivalOutage, Lookalike, SimulatedFault } from './festival-truth.ts'
import { type FestivalDayEnd, type FestivalDelivery, liveDay } from './live-day.ts'

/** A simulated festival: days, each with cards of its own. */
export interface FestivalSimulation {
  days(): Generator<SimulatedDay, void>
}

/** A day of a simulated festival, with the truth about it. */
export interface SimulatedDay {
  /** When the gates open, in epoch milliseconds. */
  readonly opensAt: number
  /**
   * Lives the day: every row in the order in which it arrives at the server, some of them twice. Only
   * what is on its way is in memory.
   */
  deliveries(): Generator<FestivalDelivery, void>
  /** What each account holds when the day is over. */
  balances(): readonly AccountBalance[]
  /** Exactly what a perfect detector finds, account by account. */
  faults(): readonly SimulatedFault[]
  /** What looks like a fault and is honest. */
  lookalikes(): readonly Lookalike[]
  /** When far more payments failed than usual. */
  outages(): readonly FestivalOutage[]
}

const DAY_MS = 24 * 60 * 60 * 1_000

/**
 * A seeded cashless festival as a monitor sees it: scans and transactions of many terminals at once,
 * whose clocks are wrong and which lose the network, with retries, requests that are decided later, and
 * rows that come twice. People are honest, and honestly do what looks like a fault: they buy two rounds
 * within seconds, or two of them share an account.
 *
 * Faults are planted as scenes, so that the truth is known by construction. Where one fault implies
 * another one, as a charge on a failure breaks the next row's continuity, the truth has both.
 *
 * @param options how large the festival is, and what is planted
 * @throws `INVALID_OPTION` for an option that is out of range
 *
 * @example
 * ```ts
 * import { createFestivalSimulation } from '@assay/detectors/testing'
 *
 * const [day] = createFestivalSimulation({ seed: 7, participants: 100 }).days()
 * const rows = [...day!.deliveries()]
 * console.log(rows.length > 1_000, day!.faults().length > 0) // true true
 * ```
 */
export function createFestivalSimulation(options: FestivalSimulationOptions): FestivalSimulation {
  const plan = readFestivalPlan(options)
  return {
    *days() {
      for (let day = 1; day <= plan.days; day += 1) {
        const opensAt = plan.opensAt + (day - 1) * DAY_MS
        yield createDay(opensAt, () => liveDay(plan, day, opensAt))
      }
    },
  }
}

function createDay(
  opensAt: number,
  live: () => Generator<FestivalDelivery, FestivalDayEnd>,
): SimulatedDay {
  let end: FestivalDayEnd | undefined
  const liveToTheEnd = (): FestivalDayEnd => {
    end ??= endOf(live())
    return end
  }
  return {
    opensAt,
    *deliveries() {
      end = yield* live()
    },
    balances: () => liveToTheEnd().balances,
    faults: () => liveToTheEnd().faults,
    lookalikes: () => liveToTheEnd().lookalikes,
    outages: () => liveToTheEnd().outages,
  }
}

function endOf(day: Generator<FestivalDelivery, FestivalDayEnd>): FestivalDayEnd {
  for (;;) {
    const step = day.next()
    if (step.done === true) return step.value
  }
}
