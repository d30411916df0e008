import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { parseRetryAfter } from './parse-retry-after.ts'

// The example that RFC 9110 gives in all three forms.
const RFC_EXAMPLE_MS = 784_111_777_000

describe('parseRetryAfter', () => {
  it('reads seconds', () => {
    expect(parseRetryAfter('0', 0)).toBe(0)
    expect(parseRetryAfter('120', 1_700_000_000_000)).toBe(120_000)
    expect(parseRetryAfter(' 7 ', 0)).toBe(7_000)
  })

  it('reads the three forms of an HTTP date', () => {
    for (const value of [
      'Sun, 06 Nov 1994 08:49:37 GMT',
      'Sunday, 06-Nov-94 08:49:37 GMT',
      'Sun Nov  6 08:49:37 1994',
    ]) {
      expect(parseRetryAfter(value, RFC_EXAMPLE_MS - 30_000)).toBe(30_000)
    }
  })

  it('takes a date that has passed for no wait at all', () => {
    expect(parseRetryAfter('Sun, 06 Nov 1994 08:49:37 GMT', RFC_EXAMPLE_MS + 1)).toBe(0)
  })

  it('takes two digits of a year for the past when they lie over 50 years ahead', () => {
    const now = Date.UTC(2026, 0, 1)
    expect(parseRetryAfter('Thursday, 01-Jan-76 00:00:00 GMT', now)).toBeGreaterThan(0)
    expect(parseRetryAfter('Friday, 01-Jan-77 00:00:00 GMT', now)).toBe(0)
  })

  it('stays a safe number, however many digits come', () => {
    expect(parseRetryAfter('9'.repeat(10_000), 0)).toBe(Number.MAX_SAFE_INTEGER)
  })

  it.each([
    null,
    undefined,
    '',
    ' ',
    'soon',
    '-1',
    '1.5',
    '1e3',
    '0x10',
    '120, 120',
    '٣',
    '1994-11-06T08:49:37Z',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 06 Nov 1994 08:49:37 CET',
    'Sun, 31 Feb 2027 08:49:37 GMT',
    'Sun, 00 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nox 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 06 Nov 1994 08:60:00 GMT',
    'Sun, 06 Nov 1994 08:49:61 GMT',
  ])('makes nothing of %o', (value) => {
    expect(parseRetryAfter(value, 0)).toBeUndefined()
  })

  it('agrees with the host about every date that it writes', () => {
    const seconds = fc.integer({ min: 0, max: 253_402_300_799 })
    fc.assert(
      fc.property(seconds, (second) => {
        const text = new Date(second * 1_000).toUTCString()
        expect(parseRetryAfter(text, 0)).toBe(second * 1_000)
      }),
    )
  })

  it('makes a duration of at least 0 or nothing of any text', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer(), (text, now) => {
        const ms = parseRetryAfter(text, now)
        expect(ms === undefined || (Number.isSafeInteger(ms) && ms >= 0)).toBe(true)
      }),
    )
  })
})
