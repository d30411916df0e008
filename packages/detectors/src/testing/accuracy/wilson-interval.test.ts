import { describe, expect, test } from 'vitest'

import { wilsonInterval } from './wilson-interval.ts'

describe('the Wilson interval', () => {
  test.each([
    // Newcombe (1998), Two-sided confidence intervals for the single proportion, table I, method 3.
    { hits: 81, sample: 263, lower: 0.2553, upper: 0.3662 },
    { hits: 15, sample: 148, lower: 0.0624, upper: 0.1605 },
    { hits: 0, sample: 20, lower: 0, upper: 0.1611 },
    { hits: 1, sample: 29, lower: 0.0061, upper: 0.1718 },
    { hits: 29, sample: 29, lower: 0.883, upper: 1 },
  ])('of $hits of $sample reaches from $lower to $upper', ({ hits, sample, lower, upper }) => {
    const interval = wilsonInterval(hits, sample)
    expect(interval.rate).toBe(hits / sample)
    expect(interval.lower).toBeCloseTo(lower, 4)
    expect(interval.upper).toBeCloseTo(upper, 4)
  })

  test('of all lies above 99.9 % from 3,838 on', () => {
    expect(wilsonInterval(3_837, 3_837).lower).toBeLessThan(0.999)
    expect(wilsonInterval(3_838, 3_838).lower).toBeGreaterThan(0.999)
  })

  test('of an empty sample says nothing', () => {
    expect(wilsonInterval(0, 0)).toEqual({ rate: null, lower: 0, upper: 1 })
  })
})
