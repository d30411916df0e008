import { expect, it } from 'vitest'

import { lastUtcDay } from './last-utc-day.ts'

it.each([
  ['2026-03-01T00:00:00.000Z', '2026-02-28'],
  ['2026-03-01T23:59:59.999Z', '2026-02-28'],
  ['2026-02-28T23:59:59.999Z', '2026-02-27'],
  ['2028-03-01T12:00:00.000Z', '2028-02-29'],
  // Clocks are set forward in Europe on this day, but not in UTC.
  ['2026-03-30T00:00:00.000Z', '2026-03-29'],
  ['1969-12-31T12:00:00.000Z', '1969-12-30'],
])('at %s it is %s', (at, day) => {
  const { from, to } = lastUtcDay(Date.parse(at))
  expect(new Date(from).toISOString()).toBe(`${day}T00:00:00.000Z`)
  expect(to - from).toBe(86_400_000)
})
