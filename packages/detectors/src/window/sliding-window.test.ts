import { describe, expect, test } from 'vitest'

import {
  createSlidingWindow,
  enterWindow,
  leaveWindow,
  nextLeaveAt,
  resolutionMsOf,
  type SlidingWindow,
} from './sliding-window.ts'

const AT = 1_749_895_200_000
const REACH_MS = 900_000

describe('a sliding window', () => {
  test.each([
    { age: REACH_MS - 1, counted: 1 },
    { age: REACH_MS, counted: 1 },
    { age: REACH_MS + 1, counted: 0 },
  ])('counts $counted of one event that is $age ms old', ({ age, counted }) => {
    const window = createSlidingWindow(1)
    enterWindow(window, AT, 0)
    leaveWindow(window, AT + age, REACH_MS)
    expect(window.totals).toEqual([counted])
  })

  test('tells kinds apart, also within a millisecond', () => {
    const window = createSlidingWindow(2)
    for (const kind of [0, 1, 1]) enterWindow(window, AT, kind)
    enterWindow(window, AT + 1, 0)
    expect(window.totals).toEqual([2, 2])
    leaveWindow(window, AT + 1, 0)
    expect(window.totals).toEqual([1, 0])
  })

  test('says when the oldest event leaves', () => {
    const window = createSlidingWindow(1)
    expect(nextLeaveAt(window, REACH_MS)).toBe(Number.POSITIVE_INFINITY)
    enterWindow(window, AT, 0)
    enterWindow(window, AT + 5, 0)
    const leavesAt = nextLeaveAt(window, REACH_MS)
    expect(leavesAt).toBe(AT + REACH_MS + 1)
    leaveWindow(window, leavesAt - 1, REACH_MS)
    expect(window.totals).toEqual([2])
    leaveWindow(window, leavesAt, REACH_MS)
    expect(window.totals).toEqual([1])
  })

  test('does not grow with what has left', () => {
    const window = createSlidingWindow(2)
    for (let index = 0; index < 100_000; index += 1) step(window, AT + index, 100)
    expect(window.totals).toEqual([101, 0])
    expect(window.moments.length).toBeLessThan(250)
  })

  test('holds 10,000 moments exactly, and one more by the second', () => {
    const window = createSlidingWindow(1)
    for (let index = 0; index < 10_000; index += 1) step(window, AT + index * 90, REACH_MS)
    expect([window.moments.length, resolutionMsOf(window)]).toEqual([10_000, 1])

    step(window, AT + 10_000 * 90, REACH_MS)
    expect(window.totals).toEqual([10_001])
    expect([window.moments.length, resolutionMsOf(window)]).toEqual([901, 1_000])
  })

  test('lets a second leave as a whole, with its last event', () => {
    const window = createSlidingWindow(1, 4)
    for (const at of [100, 300, 1_000, 1_500, 2_000]) step(window, at, REACH_MS)
    expect(resolutionMsOf(window)).toBe(1_000)
    leaveWindow(window, 300 + REACH_MS, REACH_MS)
    expect(window.totals).toEqual([5])
    leaveWindow(window, 301 + REACH_MS, REACH_MS)
    expect(window.totals).toEqual([3])
  })

  test('is exact again when all that was held by the second has left', () => {
    const window = createSlidingWindow(1, 4)
    for (const at of [0, 1, 2, 3, 2_000, 2_001]) step(window, at, REACH_MS)
    expect([resolutionMsOf(window), window.totals]).toEqual([1_000, [6]])
    leaveWindow(window, 4 + REACH_MS, REACH_MS)
    expect([resolutionMsOf(window), window.totals]).toEqual([1, [2]])
    leaveWindow(window, 2_001 + REACH_MS, REACH_MS)
    expect(window.totals).toEqual([1])
  })

  test('takes longer spans than a second where seconds are too many', () => {
    const window = createSlidingWindow(1, 8)
    for (let second = 0; second < 1_000; second += 1) step(window, second * 1_000, 1_000_000)
    expect(window.totals).toEqual([1_000])
    expect(window.moments.length).toBeLessThanOrEqual(8)
    expect(resolutionMsOf(window)).toBeGreaterThan(100_000)
  })
})

function step(window: SlidingWindow, at: number, reachMs: number): void {
  leaveWindow(window, at, reachMs)
  enterWindow(window, at, 0)
}
