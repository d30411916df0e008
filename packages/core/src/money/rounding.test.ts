import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { divideRounded, type Rounding } from './rounding.ts'

const roundings: readonly Rounding[] = ['half-even', 'half-up', 'down', 'up', 'floor', 'ceiling']

describe('divideRounded', () => {
  test.each<[Rounding, readonly bigint[]]>([
    ['half-even', [4n, 2n, 2n, 2n, 0n, 0n, -2n, -2n, -2n, -4n]],
    ['half-up', [4n, 3n, 2n, 2n, 1n, -1n, -2n, -2n, -3n, -4n]],
    ['down', [3n, 2n, 2n, 1n, 0n, 0n, -1n, -2n, -2n, -3n]],
    ['up', [4n, 3n, 3n, 2n, 1n, -1n, -2n, -3n, -3n, -4n]],
    ['floor', [3n, 2n, 2n, 1n, 0n, -1n, -2n, -3n, -3n, -4n]],
    ['ceiling', [4n, 3n, 3n, 2n, 1n, 0n, -1n, -2n, -2n, -3n]],
  ])('rounds 3.5 2.5 2.4 1.6 0.5 and their negatives by %s', (rounding, expected) => {
    const tenths = [35n, 25n, 24n, 16n, 5n, -5n, -16n, -24n, -25n, -35n]
    expect(tenths.map((tenth) => divideRounded('test', tenth, 10n, rounding))).toEqual(expected)
  })

  test.each(roundings)('leaves a whole value as it is under %s', (rounding) => {
    expect([-20n, 0n, 20n].map((tenth) => divideRounded('test', tenth, 10n, rounding))).toEqual([
      -2n,
      0n,
      2n,
    ])
  })

  test.each(roundings)('agrees under %s with a search of all whole numbers near', (rounding) => {
    fc.assert(
      fc.property(
        fc.integer({ min: -200, max: 200 }),
        fc.integer({ min: 1, max: 24 }),
        (numerator, denominator) => {
          const rounded = divideRounded('test', BigInt(numerator), BigInt(denominator), rounding)
          expect(rounded).toBe(BigInt(searchRounded(numerator, denominator, rounding)))
        },
      ),
      { numRuns: 2_000 },
    )
  })

  test.each(roundings)('scales with its input under %s, however large', (rounding) => {
    fc.assert(
      fc.property(
        fc.bigInt(),
        fc.bigInt({ min: 1n, max: 10n ** 40n }),
        fc.bigInt({ min: 1n, max: 10n ** 20n }),
        (numerator, denominator, scale) => {
          expect(divideRounded('test', numerator * scale, denominator * scale, rounding)).toBe(
            divideRounded('test', numerator, denominator, rounding),
          )
        },
      ),
    )
  })

  test.each(['bankers', 'constructor', '', undefined])('refuses the rounding %s', (rounding) => {
    expect(() => divideRounded('test', 1n, 1n, rounding as Rounding)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    )
  })
})

/**
 * The definition, read literally: of all whole numbers near, which satisfies the rule? Distances are
 * compared in units of `1 / denominator`, so small integers stay exact.
 */
function searchRounded(numerator: number, denominator: number, rounding: Rounding): number {
  const candidates = Array.from({ length: 501 }, (_, index) => index - 250)
  const distance = (whole: number): number => Math.abs(whole * denominator - numerator)
  const below = candidates.findLast((whole) => whole * denominator <= numerator) ?? Number.NaN
  const above = candidates.find((whole) => whole * denominator >= numerator) ?? Number.NaN
  const nearest = Math.min(distance(below), distance(above))
  const nearestOnes = [...new Set([below, above])].filter((whole) => distance(whole) === nearest)
  const bySize = [below, above].toSorted((a, b) => Math.abs(a) - Math.abs(b))
  const pick: Record<Rounding, number | undefined> = {
    floor: below,
    ceiling: above,
    down: bySize[0],
    up: bySize[1],
    'half-up': nearestOnes.toSorted((a, b) => Math.abs(b) - Math.abs(a))[0],
    'half-even': nearestOnes.length === 1 ? nearestOnes[0] : nearestOnes.find(isEven),
  }
  return pick[rounding] ?? Number.NaN
}

function isEven(whole: number): boolean {
  return whole % 2 === 0
}
