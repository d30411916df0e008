import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { allocateMoney } from './allocate-money.ts'
import { moneyFromMinor } from './money.ts'

const manyWeights = fc
  .array(fc.bigInt({ min: 0n, max: 10n ** 24n }), { minLength: 1, maxLength: 20 })
  .filter((weights) => weights.some((weight) => weight > 0n))
const fewUnits = fc.bigInt({ min: -50n, max: 50n })
const totals = fc.oneof(fewUnits, fc.bigInt({ min: -(2n ** 128n), max: 2n ** 128n }))

describe('allocateMoney', () => {
  test.each([
    [100n, [1n, 1n, 1n], [34n, 33n, 33n]],
    [101n, [1n, 1n, 1n], [34n, 34n, 33n]],
    [-100n, [1n, 1n, 1n], [-34n, -33n, -33n]],
    [100n, [0n, 1n, 0n, 1n], [0n, 50n, 0n, 50n]],
    [1n, [0n, 0n, 5n], [0n, 0n, 1n]],
    // 10 × 2/7 = 2.86 lost the most, then 10 × 1/7 = 1.43 (10 × 4/7 = 5.71 came second).
    [10n, [1n, 4n, 2n], [1n, 6n, 3n]],
    [5n, [50n, 50n], [3n, 2n]],
    [0n, [1n, 2n], [0n, 0n]],
    [7n, [3n], [7n]],
  ])('splits %s by %s', (total, weights, expected) => {
    expect(split(total, weights)).toEqual(expected)
  })

  test('loses no unit, and keeps each share within one unit of its exact part', () => {
    fc.assert(
      fc.property(totals, manyWeights, (total, weights) => {
        const shares = split(total, weights)
        expect(sum(shares)).toBe(total)
        const weightSum = sum(weights)
        for (const [index, share] of shares.entries()) {
          const errorTimesSum = share * weightSum - total * (weights[index] ?? 0n)
          expect(errorTimesSum < weightSum && errorTimesSum > -weightSum).toBe(true)
        }
      }),
    )
  })

  test('gives nothing to a weight of zero', () => {
    fc.assert(
      fc.property(totals, manyWeights, (total, weights) => {
        const shares = split(total, [0n, ...weights, 0n])
        expect([shares.at(0), shares.at(-1)]).toEqual([0n, 0n])
      }),
    )
  })

  test('never gives the lighter of two weights more, and splits a negative total as a mirror', () => {
    fc.assert(
      fc.property(totals, manyWeights, (total, weights) => {
        const shares = split(total < 0n ? -total : total, weights)
        const byWeight = weights
          .map((weight, index) => ({ weight, share: shares[index] ?? 0n, index }))
          .toSorted((a, b) =>
            a.weight === b.weight ? b.index - a.index : a.weight < b.weight ? -1 : 1,
          )
          .map(({ share }) => share)
        expect(byWeight).toEqual(byWeight.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)))
        expect(split(-total, weights)).toEqual(split(total, weights).map((share) => -share))
      }),
    )
  })

  test.each([
    ['no weights', []],
    ['weights that are all zero', [0n, 0n]],
    ['a negative weight', [2n, -1n]],
  ])('refuses %s', (_, weights) => {
    expect(() => split(100n, weights)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  })
})

function split(total: bigint, weights: readonly bigint[]): bigint[] {
  return allocateMoney(moneyFromMinor(total, 'EUR'), weights).map(({ amountMinor }) => amountMinor)
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((left, right) => left + right, 0n)
}
