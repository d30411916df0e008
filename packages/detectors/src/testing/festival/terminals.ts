import type { Random } from '@assay/core'

import { integer, oneOf, waiting } from './chance.ts'
import { type FestivalPlan, OPEN_MS } from './festival-plan.ts'

/** Where cards are read and money is taken or paid in. */
export interface Terminal {
  /** `bar-07`, `cashier-2`. */
  readonly id: string
  /** By how much its clock is ahead, in milliseconds. */
  readonly skewMs: number
  /** When it could not reach the server, oldest first; what happened meanwhile came afterwards. */
  readonly offline: readonly Offline[]
}

interface Offline {
  readonly from: number
  readonly to: number
}

/** All terminals of a festival. */
export interface Terminals {
  readonly bars: readonly Terminal[]
  readonly cashiers: readonly Terminal[]
}

const BARS = 20
const CASHIERS = 6
/** Gaps so short that what they hold back still comes in time. */
const SHORT_GAPS_PER_DAY = 20
const MINUTE_MS = 60_000

/** Sets up the terminals of a day. */
export function createTerminals(plan: FestivalPlan, opensAt: number, random: Random): Terminals {
  const create = (id: string): Terminal => ({
    id,
    skewMs: integer(random, -plan.clockSkewMs, plan.clockSkewMs),
    offline: drawOffline(plan, opensAt, random),
  })
  return {
    bars: Array.from({ length: BARS }, (_, n) => create(`bar-${String(n + 1).padStart(2, '0')}`)),
    cashiers: Array.from({ length: CASHIERS }, (_, n) => create(`cashier-${n + 1}`)),
  }
}

/** When the server gets what a terminal wanted to send. */
export function arrivalAt({ offline }: Terminal, sentAt: number, random: Random): number {
  // Most take as long as a radio link does, and some several seconds.
  const networkMs = random() < 0.995 ? integer(random, 30, 600) : integer(random, 600, 5_000)
  let low = 0
  let high = offline.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (offline[middle]!.to < sentAt) low = middle + 1
    else high = middle
  }
  const gap = offline[low]
  if (gap === undefined || gap.from > sentAt) return sentAt + networkMs
  return gap.to + networkMs
}

/** A bar. */
export function anyBar({ bars }: Terminals, random: Random): Terminal {
  return oneOf(random, bars)
}

/** A cashier. */
export function anyCashier({ cashiers }: Terminals, random: Random): Terminal {
  return oneOf(random, cashiers)
}

/** A bar that is not this one. */
export function otherBar({ bars }: Terminals, { id }: Terminal, random: Random): Terminal {
  return oneOf(
    random,
    bars.filter((bar) => bar.id !== id),
  )
}

function drawOffline(plan: FestivalPlan, opensAt: number, random: Random): Offline[] {
  const gaps = [
    ...draw(SHORT_GAPS_PER_DAY, () => integer(random, 500, 5_000)),
    ...draw(plan.offlinePerDay, () => integer(random, MINUTE_MS, 15 * MINUTE_MS)),
  ].sort((a, b) => a.from - b.from)
  const apart: Offline[] = []
  for (const gap of gaps) if (gap.from > (apart.at(-1)?.to ?? 0)) apart.push(gap)
  return apart

  function draw(perDay: number, lengthMs: () => number): Offline[] {
    const drawn: Offline[] = []
    if (perDay === 0) return drawn
    let at = opensAt + waiting(random, OPEN_MS / perDay)
    while (at < opensAt + OPEN_MS) {
      const to = at + lengthMs()
      drawn.push({ from: at, to })
      at = to + waiting(random, OPEN_MS / perDay)
    }
    return drawn
  }
}
