import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { createSlidingWindow, enterWindow, leaveWindow } from './sliding-window.ts'

// Vectors of Tazama's rule 901, "number of transactions similar to the current one"; the data is not
// part of the repository.
const FILE = join(import.meta.dirname, '../../../../../shared/data/tazama/rule-901.vectors.json')

interface Vector {
  readonly case: string
  readonly windowMs: number
  readonly events: readonly {
    readonly ageMs: number
    readonly tenant: string
    readonly status: string
    readonly trigger: boolean
    readonly sameDebtor: boolean
  }[]
  readonly expect: { readonly subRuleRef: string; readonly count: number }
}

const isThere = existsSync(FILE)
const vectors = isThere ? (JSON.parse(readFileSync(FILE, 'utf8')) as Vector[]) : []

test.skipIf(!isThere)(
  `the vectors of Tazama's rule 901 are all there${isThere ? '' : `, skipped: there is no ${FILE}`}`,
  () => {
    expect(vectors).toHaveLength(9)
  },
)

test.each(vectors)(
  'counts as rule 901 of Tazama does: $case',
  ({ events, windowMs, ...vector }) => {
    const trigger = events.find((event) => event.trigger)!
    const count = trigger.status === 'ACCC' ? countAt(trigger, events, windowMs) : 0
    expect(count).toBe(vector.expect.count)
    expect(bandOf(count)).toBe(vector.expect.subRuleRef)
  },
)

/** Counts all of the trigger's debtor and tenant, of any status, that happened no later than it. */
function countAt(
  trigger: Vector['events'][number],
  events: Vector['events'],
  windowMs: number,
): number {
  const window = createSlidingWindow(1)
  const inOrder = events
    .filter(({ tenant, sameDebtor }) => tenant === trigger.tenant && sameDebtor)
    .map(({ ageMs }) => -ageMs)
    .filter((at) => at <= -trigger.ageMs)
    .sort((a, b) => a - b)
  for (const at of inOrder) {
    leaveWindow(window, at, windowMs)
    enterWindow(window, at, 0)
  }
  return window.totals[0]!
}

/** Bands of rule 901: one, two, three or more; `.x00` where the trigger did not succeed. */
function bandOf(count: number): string {
  return count === 0 ? '.x00' : `.0${Math.min(count, 3)}`
}
