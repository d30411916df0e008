import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { decodeState, encodeState } from '../monitor/state-codec.ts'
import {
  addProcessingTime,
  createProcessingTimes,
  percentilesOf,
  type ProcessingTimes,
} from './processing-times.ts'

describe('percentiles of processing times', () => {
  test('are those of the nearest rank', () => {
    // https://en.wikipedia.org/wiki/Percentile#Worked_examples_of_the_nearest-rank_method
    expect(percentilesOf(timesOf([35, 20, 15, 50, 40]), [5, 30, 40, 50, 100])).toEqual([
      15, 20, 20, 35, 50,
    ])
    expect(percentilesOf(timesOf([7]), [50, 95, 99])).toEqual([7, 7, 7])
    expect(percentilesOf(timesOf([2, 1]), [50, 51])).toEqual([1, 2])
    expect(percentilesOf(timesOf([]), [50])).toEqual([])
  })

  test('are exact up to the bound, and within 1 % beyond it', () => {
    const samples = fc.array(
      fc.oneof(fc.nat({ max: 60 }), fc.nat({ max: 100_000 }), fc.maxSafeNat()),
      { minLength: 1, maxLength: 200 },
    )
    const percents = [1, 50, 95, 99, 100]
    fc.assert(
      fc.property(samples, fc.nat({ max: 200 }), (durations, samplesMax) => {
        const sorted = durations.toSorted((a, b) => a - b)
        const exact = percents.map((percent) =>
          sorted.find((_, index) => (index + 1) * 100 >= percent * sorted.length)!,
        )
        const times = timesOf(durations, samplesMax)
        const actual = percentilesOf(times, percents)
        expect(times.samples === null).toBe(durations.length > samplesMax)
        if (times.samples !== null) expect(actual).toEqual(exact)
        for (const [index, value] of actual.entries()) {
          const error = Math.abs(value - exact[index]!)
          expect(error).toBeLessThanOrEqual(exact[index]! * 0.010_000_001)
          if (exact[index]! < 49) expect(error).toBe(0)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  test('are the same in any order, and after a restart', () => {
    const durations = Array.from({ length: 500 }, (_, n) => (n * 7_919) % 1_009)
    const forward = timesOf(durations, 100)
    const backward = decodeState(encodeState(timesOf(durations.toReversed(), 100)))
    const percents = [1, 50, 95, 99]
    expect(percentilesOf(backward as ProcessingTimes, percents)).toEqual(
      percentilesOf(forward, percents),
    )
  })

  test('need few buckets, however long things take', () => {
    const times = timesOf([], 0)
    for (let at = 1; at < Number.MAX_SAFE_INTEGER; at *= 1.001)
      addProcessingTime(times, Math.ceil(at))
    expect(times.buckets.size).toBeLessThan(1_838)
    expect(times.samples).toBeNull()
  })
})

function timesOf(durations: readonly number[], samplesMax = 1_000): ProcessingTimes {
  const times = createProcessingTimes(samplesMax)
  for (const duration of durations) addProcessingTime(times, duration)
  return times
}
