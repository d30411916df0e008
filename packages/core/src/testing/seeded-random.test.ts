import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { createSeededRandom } from './seeded-random.ts'

const take = (seed: number, count: number): number[] =>
  Array.from({ length: count }, createSeededRandom(seed))

describe('createSeededRandom', () => {
  it('gives the numbers of mulberry32', () => {
    expect(take(42, 3)).toEqual([0.6011037519201636, 0.44829055899754167, 0.8524657934904099])
    expect(take(0, 2)).toEqual([0.26642920868471265, 0.0003297457005828619])
  })

  it('gives the same numbers for the same low 32 bits of a seed, others for another', () => {
    expect(take(7, 100)).toEqual(take(7 + 2 ** 32, 100))
    expect(take(-1, 100)).toEqual(take(2 ** 32 - 1, 100))
    expect(take(7, 100)).not.toEqual(take(8, 100))
  })

  it('keeps two generators apart', () => {
    const [left, right] = [createSeededRandom(1), createSeededRandom(1)]
    const leftFirst = [left(), left(), left()]
    expect([right(), right(), right()]).toEqual(leftFirst)
  })

  it('stays within [0, 1) for any seed', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        for (const value of take(seed, 50)) {
          expect(value).toBeGreaterThanOrEqual(0)
          expect(value).toBeLessThan(1)
        }
      }),
    )
  })

  it('spreads evenly: chi-squared over 100 bins stays below its 99.9th percentile', () => {
    const bins = Array.from({ length: 100 }, () => 0)
    for (const value of take(2_026, 100_000)) {
      const bin = Math.floor(value * 100)
      bins[bin] = (bins[bin] ?? 0) + 1
    }
    const chiSquared = bins.reduce((sum, count) => sum + (count - 1_000) ** 2 / 1_000, 0)
    // 99 degrees of freedom.
    expect(chiSquared).toBeLessThan(148.2)
  })
})
