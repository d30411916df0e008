import { expect, test } from 'vitest'

import { formatTimestamp } from './format-timestamp.ts'

test('writes a moment in UTC with milliseconds', () => {
  expect(formatTimestamp(0)).toBe('1970-01-01T00:00:00.000Z')
  expect(formatTimestamp(1_777_627_800_005)).toBe('2026-05-01T09:30:00.005Z')
})

test('throws where there is no such moment', () => {
  expect(() => formatTimestamp(Number.NaN)).toThrow(RangeError)
})
