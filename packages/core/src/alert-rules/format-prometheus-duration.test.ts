import { expect, it } from 'vitest'

import { formatPrometheusDuration } from './format-prometheus-duration.ts'

it.each([
  [0, '0s'],
  [1, '1ms'],
  [1_500, '1s500ms'],
  [90_000, '1m30s'],
  [3_600_000, '1h'],
  [86_400_000, '1d'],
  [7 * 86_400_000 + 61_000, '7d1m1s'],
])('writes %d ms as %s', (ms, text) => {
  expect(formatPrometheusDuration(ms)).toBe(text)
})
