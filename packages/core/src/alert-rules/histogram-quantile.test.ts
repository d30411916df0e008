import fc from 'fast-check'
import { expect, it } from 'vitest'

import { histogramQuantile } from './histogram-quantile.ts'

const BOUNDS = [1, 2, 4, Infinity]

it.each([
  ['in the middle of a bucket', 0.5, [0, 10, 10, 10], 1.5],
  ['in the lowest bucket, from 0', 0.5, [10, 10, 10, 10], 0.5],
  ['at a bound', 0.5, [5, 10, 10, 10], 1],
  ['in the highest bucket, at the bound below it', 0.99, [1, 1, 1, 10], 4],
  ['across an empty bucket', 0.75, [4, 4, 8, 8], 3],
  ['of all', 1, [4, 4, 8, 8], 4],
  ['among buckets that shrink, as if they did not', 0.5, [8, 6, 10, 10], 0.625],
])('finds a quantile %s', (_, quantile, counts, expected) => {
  expect(histogramQuantile(quantile, BOUNDS, counts)).toBeCloseTo(expected, 12)
})

it('does not go below a lowest bound that is not above 0', () => {
  expect(histogramQuantile(0.5, [-1, Infinity], [10, 10])).toBe(-1)
})

it.each([
  ['without values', BOUNDS, [0, 0, 0, 0]],
  ['with one bucket', [Infinity], [5]],
  ['without the bucket of all', [1, 2], [5, 6]],
  ['without buckets', [], []],
])('is no number %s', (_, bounds, counts) => {
  expect(histogramQuantile(0.5, bounds, counts)).toBeNaN()
})

it('lies within the bounds and never falls as the quantile rises', () => {
  const counts = fc.array(fc.nat(100), { minLength: 4, maxLength: 4 })
  const quantile = fc.double({ min: 0, max: 1, noNaN: true })
  fc.assert(
    fc.property(counts, quantile, quantile, (each, one, other) => {
      const cumulative = each.map((_, index) => each.slice(0, index + 1).reduce((a, b) => a + b))
      if (cumulative.at(-1) === 0) return
      const low = histogramQuantile(Math.min(one, other), BOUNDS, cumulative)
      const high = histogramQuantile(Math.max(one, other), BOUNDS, cumulative)
      // A quantile of 0 in an empty lowest bucket is 0 divided by 0, in Prometheus too.
      if (Number.isNaN(low) || Number.isNaN(high)) return
      expect(low).toBeGreaterThanOrEqual(0)
      expect(low).toBeLessThanOrEqual(high)
      expect(high).toBeLessThanOrEqual(4)
    }),
  )
})
