import { describe, expect, it } from 'vitest'

import { extrapolatedIncrease } from './extrapolated-increase.ts'
import { beginRow, createSampleTable, enterSample, resizeTable } from './sample-table.ts'
import { createTickTimes } from './tick-times.ts'

/** Samples as `[seconds, value]`; the increase over `(from, to]`, in seconds too. */
function increaseOver(
  samples: readonly (readonly [number, number])[],
  [from, to]: readonly [number, number],
  { edge = 'left-open', perSecond = false } = {},
): number | undefined {
  const table = createSampleTable()
  const times = createTickTimes()
  resizeTable(table, 32, 1)
  for (const [seconds, value] of samples) {
    beginRow(table)
    times.append(seconds * 1_000)
    enterSample(table, 0, value)
  }
  const first = edge === 'closed' ? times.firstFrom(from * 1_000) : times.firstAfter(from * 1_000)
  const window = {
    from: from * 1_000,
    to: to * 1_000,
    firstTick: first,
    endTick: times.firstAfter(to * 1_000),
  }
  const seconds = perSecond ? to - from : 1
  const limitsToZeroFirst = edge === 'closed'
  return extrapolatedIncrease({ table, times }, 0, window, { limitsToZeroFirst, seconds })
}

/** One more for each second, sampled every 10 seconds from 100 on. */
const STEADY = Array.from({ length: 11 }, (_, index) => [index * 10, 100 + index * 10] as const)

describe('extrapolatedIncrease', () => {
  it('leaves out the sample at the beginning of a left-open window, and makes good for it', () => {
    // Samples at 10 … 60 show 50; the 10 seconds before are within 1.1 intervals.
    expect(increaseOver(STEADY, [0, 60])).toBeCloseTo(60, 10)
    expect(increaseOver(STEADY, [0, 60], { edge: 'closed' })).toBe(60)
  })

  it.each([
    // One millisecond earlier the sample at 0 is inside either window.
    [-0.001, 60.001],
    [0, 60],
    // One millisecond later it is inside neither.
    [0.001, 59.999],
  ])('from %d on it is %d, one millisecond around a sample', (from, expected) => {
    expect(increaseOver(STEADY, [from, 60])).toBeCloseTo(expected, 9)
    expect(increaseOver(STEADY, [from, 60], { edge: 'closed' })).toBeCloseTo(expected, 9)
  })

  it('is stretched by half an interval only where the series seems to begin or end', () => {
    // 30 … 60 in a window of 0 to 100: 30 seen, 5 more on either side.
    const middle = STEADY.slice(3, 7)
    expect(increaseOver(middle, [0, 100])).toBeCloseTo(40, 10)
  })

  it('is stretched to an edge that is less than 1.1 intervals away, and not farther', () => {
    const samples = STEADY.slice(2)
    expect(increaseOver(samples, [9.001, 100])).toBeCloseTo(80 + 10.999, 9)
    expect(increaseOver(samples, [9, 100])).toBeCloseTo(80 + 5, 9)
  })

  it('never goes back beyond the moment at which the counter would have been 0', () => {
    const fresh = [
      [10, 2],
      [20, 12],
    ] as const
    expect(increaseOver(fresh, [2, 20])).toBeCloseTo(12, 10)
    expect(increaseOver(fresh, [2, 20], { edge: 'closed' })).toBeCloseTo(12, 10)
  })

  it('settles the moment of 0 first in Prometheus 2, last in Prometheus 3', () => {
    // 0 would be 8 seconds before the first sample, half an interval is 5.
    const samples = [
      [30, 8],
      [40, 18],
    ] as const
    expect(increaseOver(samples, [0, 40], { edge: 'closed' })).toBeCloseTo(18, 10)
    expect(increaseOver(samples, [0, 40])).toBeCloseTo(15, 10)
  })

  it('takes a value that falls for a counter that began anew', () => {
    const samples = [
      [0, 100],
      [10, 110],
      [20, 5],
      [30, 15],
      [40, 3],
    ] as const
    // 10, then 5, then 10, then 3.
    expect(increaseOver(samples, [-0.001, 40])).toBeCloseTo(28, 2)
  })

  it('is a rate when it is divided by the seconds of the window', () => {
    expect(increaseOver(STEADY, [0, 60], { perSecond: true })).toBeCloseTo(1, 10)
  })

  it('is 0 where nothing grows', () => {
    const flat = STEADY.map(([seconds]) => [seconds, 7] as const)
    expect(increaseOver(flat, [0, 60])).toBe(0)
  })

  it.each([
    ['one sample', [[30, 5]]],
    ['none', []],
    [
      'none in the window',
      [
        [-20, 1],
        [-10, 2],
      ],
    ],
  ] as const)('is not there with %s', (_, samples) => {
    expect(increaseOver(samples, [0, 60])).toBeUndefined()
  })
})
