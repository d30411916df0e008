import { describe, expect, test } from 'vitest'

import { createCompletenessMarks, type SeenTransactions } from './completeness-marks.ts'

describe('completeness marks', () => {
  test('tell of the present while nothing is open', () => {
    const marks = createCompletenessMarks()
    expect(marks.note(seen(1_000, 10, 10))).toBe(1_000)
    expect(marks.note(seen(2_000, 10, 10))).toBe(2_000)
  })

  test('tell of no moment at which a transaction was open that still is', () => {
    const marks = createCompletenessMarks()
    expect(marks.note(seen(1_000, 10, 11))).toBe(0)
    expect(marks.note(seen(2_000, 10, 12))).toBe(0)
    // Number 10 has ended, and 11, which was open at 2,000, has not.
    expect(marks.note(seen(3_000, 11, 13))).toBe(1_000)
    expect(marks.note(seen(4_000, 12, 13))).toBe(2_000)
    expect(marks.note(seen(5_000, 13, 13))).toBe(5_000)
  })

  test('take the later of two moments between which none began', () => {
    const marks = createCompletenessMarks()
    marks.note(seen(1_000, 10, 11))
    marks.note(seen(2_000, 10, 11))
    expect(marks.note(seen(3_000, 11, 12))).toBe(2_000)
  })

  test('heed snapshots that arrive in another order than they were taken', () => {
    const marks = createCompletenessMarks()
    marks.note(seen(3_000, 10, 13))
    marks.note(seen(1_000, 10, 11))
    marks.note(seen(2_000, 10, 12))
    expect(marks.note(seen(4_000, 11, 14))).toBe(1_000)
    expect(marks.note(seen(4_000, 12, 14))).toBe(2_000)
    expect(marks.note(seen(4_000, 13, 14))).toBe(3_000)
    // A reader that was slower than all these.
    expect(marks.note(seen(1_500, 10, 11))).toBe(0)
  })

  test('never claim too much over ten thousand reads during one transaction', () => {
    const marks = createCompletenessMarks()
    for (let time = 1; time <= 10_000; time += 1) {
      expect(marks.note(seen(time, 10, 10 + time))).toBe(0)
    }
    const told = marks.note(seen(10_001, 5_010, 20_000))
    expect(told).toBeLessThanOrEqual(5_000)
    expect(told).toBeGreaterThan(4_900)
  })
})

function seen(now: number, endedBelow: number, begunBelow: number): SeenTransactions {
  return { now, endedBelow: BigInt(endedBelow), begunBelow: BigInt(begunBelow) }
}
