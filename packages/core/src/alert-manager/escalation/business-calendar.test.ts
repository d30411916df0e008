import { describe, expect, test } from 'vitest'

import { type BusinessCalendar, invalidCalendar, nextBusinessDayAt } from './business-calendar.ts'

const warsaw: BusinessCalendar = {
  timeZone: 'Europe/Warsaw',
  holidays: ['2026-12-25', '2027-01-01'],
}

describe('the next business day begins', () => {
  test.each<[string, string, string, BusinessCalendar]>([
    ['the same day, before it opens', '2026-11-23T07:59Z', '2026-11-23T08:00Z', warsaw],
    ['the next day, once it has opened', '2026-11-23T08:00Z', '2026-11-24T08:00Z', warsaw],
    ['after the weekend', '2026-11-20T20:00Z', '2026-11-23T08:00Z', warsaw],
    ['after a holiday and a weekend', '2026-12-24T12:00Z', '2026-12-28T08:00Z', warsaw],
    [
      'at the same wall time when clocks go forward',
      '2026-03-27T12:00Z',
      '2026-03-30T07:00Z',
      warsaw,
    ],
    ['at the same wall time when clocks go back', '2026-10-23T12:00Z', '2026-10-26T08:00Z', warsaw],
    [
      'when its hour is skipped, after the gap',
      '2026-03-28T12:00Z',
      '2026-03-29T01:30Z',
      { timeZone: 'Europe/Warsaw', opensAt: '02:30', workdays: ['sunday'] },
    ],
    [
      'when its hour comes twice, the first time',
      '2026-10-24T12:00Z',
      '2026-10-25T00:30Z',
      { timeZone: 'Europe/Warsaw', opensAt: '02:30', workdays: ['sunday'] },
    ],
    [
      'by the date there, and not the one in UTC',
      '2026-11-22T23:30Z',
      '2026-11-23T00:00Z',
      { timeZone: 'Asia/Tokyo' },
    ],
    ['across the end of the year', '2026-12-31T12:00Z', '2027-01-04T08:00Z', warsaw],
  ])('%s', (_, now, expected, calendar) => {
    const at = nextBusinessDayAt(calendar, Date.parse(now))
    expect(new Date(at).toISOString()).toBe(new Date(expected).toISOString())
  })
})

test('says when there is no business day', () => {
  const holidays = Array.from({ length: 800 }, (_, day) =>
    new Date(Date.UTC(2026, 0, 1 + day)).toISOString().slice(0, 10),
  )
  const never = { timeZone: 'UTC', holidays }
  expect(() => nextBusinessDayAt(never, Date.UTC(2026, 0, 1))).toThrow(RangeError)
})

test.each<[string, Partial<BusinessCalendar>]>([
  ['timeZone', { timeZone: 'Mars/Olympus' }],
  ['opensAt', { opensAt: '24:00' }],
  ['opensAt', { opensAt: '9' }],
  ['workdays', { workdays: [] }],
  ['workdays', { workdays: ['Monday' as never] }],
  ['workdays', { workdays: 'monday' as never }],
  ['holidays', { holidays: '2026-12-25' as never }],
  ['holidays', { holidays: ['25.12.2026'] }],
])('refuses a calendar for its %s', (option, given) => {
  expect(invalidCalendar({ ...warsaw, ...given })?.[0]).toBe(option)
})
