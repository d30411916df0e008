import { describe, expect, test } from 'vitest'

import { binomialTail } from './binomial-tail.ts'

describe('the binomial tail', () => {
  test.each([1, 2, 15, 16, 17, 40, 125, 400])(
    'is what a sum of whole numbers gives, for %i trials',
    (trials) => {
      for (let successes = Math.floor(trials / 20) + 1; successes <= trials; successes += 1) {
        const expected = exactTail(successes, trials)
        if (expected < 1e-300) break
        const actual = binomialTail({ successes, trials, probability: 5 / 100 })
        expect(actual / expected).toBeCloseTo(1, 10)
      }
    },
  )

  test('holds for a million trials', () => {
    // Summed with 60 digits.
    const tail = binomialTail({ successes: 50_655, trials: 1_000_000, probability: 0.05 })
    expect(tail / 0.001360725562193293).toBeCloseTo(1, 8)
  })

  test('is certain of nothing, and never of more than there is', () => {
    expect(binomialTail({ successes: 0, trials: 10, probability: 0.05 })).toBe(1)
    expect(binomialTail({ successes: 11, trials: 10, probability: 0.05 })).toBe(0)
  })
})

/** With p = 1/20: Σ C(n, i) · 19ⁿ⁻ⁱ over 20ⁿ. */
function exactTail(successes: number, trials: number): number {
  let choices = 1n
  let sum = 0n
  for (let i = 0; i <= trials; i += 1) {
    if (i >= successes) sum += choices * 19n ** BigInt(trials - i)
    choices = (choices * BigInt(trials - i)) / BigInt(i + 1)
  }
  const scale = 10n ** 330n
  const digits = String((sum * scale) / 20n ** BigInt(trials))
  return Number(`${digits}e-330`)
}
