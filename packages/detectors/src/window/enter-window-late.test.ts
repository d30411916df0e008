import fc from 'fast-check'
import { expect, test } from 'vitest'

import { enterWindowLate } from './enter-window-late.ts'
import {
  createSlidingWindow,
  enterWindow,
  leaveWindow,
  nextLeaveAt,
  type SlidingWindow,
} from './sliding-window.ts'

const REACH_MS = 100

test('counts what comes late as if it had come in time', () => {
  const times = fc.uniqueArray(fc.nat({ max: 90 }), { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(times, fc.array(fc.boolean()), (times, late) => {
      const inTime = createSlidingWindow(2)
      for (const at of times.toSorted((a, b) => a - b)) enterWindow(inTime, at, at % 2)
      const window = createSlidingWindow(2)
      const isLate = (_: number, index: number): boolean => late[index] === true
      for (const at of times.filter((at, n) => !isLate(at, n)).toSorted((a, b) => a - b)) {
        enterWindow(window, at, at % 2)
      }
      for (const at of times.filter(isLate)) enterWindowLate(window, at, at % 2)
      expect(leaving(window)).toEqual(leaving(inTime))
    }),
  )
})

test('counts it with the next moment where the window is full', () => {
  const window = createSlidingWindow(1, 3)
  for (const at of [10, 20, 30]) enterWindow(window, at, 0)
  enterWindowLate(window, 15, 0)
  expect(leaving(window)).toEqual([
    [111, 3],
    [121, 1],
    [131, 0],
  ])
})

test('counts it with its span where moments have become one', () => {
  const window = createSlidingWindow(1, 4)
  for (const at of [1_100, 1_300, 1_500, 1_700, 2_500]) enterWindow(window, at, 0)
  enterWindowLate(window, 1_200, 0)
  expect(leaving(window)).toEqual([
    [1_801, 1],
    [2_601, 0],
  ])
})

/** When something leaves, and how many of each kind are left then. */
function leaving(window: SlidingWindow): number[][] {
  const steps: number[][] = []
  for (let at = nextLeaveAt(window, REACH_MS); at < Infinity; at = nextLeaveAt(window, REACH_MS)) {
    leaveWindow(window, at, REACH_MS)
    steps.push([at, ...window.totals])
  }
  return steps
}
