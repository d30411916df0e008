import { describe, expect, test } from 'vitest'

import {
  daysInMonth,
  epochMsOfZonedTime,
  isTimeZone,
  weekdayOf,
  zonedTimeAt,
} from './zoned-time.ts'

const at = (iso: string): number => Date.parse(iso)

describe('the time in a zone', () => {
  test.each([
    ['Europe/Warsaw', '2026-01-15T08:30:00Z', [2026, 1, 15, 9, 30]],
    ['Europe/Warsaw', '2026-07-15T22:30:00Z', [2026, 7, 16, 0, 30]],
    ['America/New_York', '2026-01-01T04:59:59.999Z', [2025, 12, 31, 23, 59]],
    ['Asia/Kathmandu', '2026-05-01T00:00:00Z', [2026, 5, 1, 5, 45]],
    ['UTC', '2026-02-28T24:00:00Z', [2026, 3, 1, 0, 0]],
  ])('in %s at %s', (zone, iso, [year, month, day, hour, minute]) => {
    expect(zonedTimeAt(zone, at(iso))).toEqual({ year, month, day, hour, minute })
  })

  test.each([
    ['an ordinary one', 'Europe/Warsaw', [2026, 1, 15, 9, 0], '2026-01-15T08:00:00Z'],
    ['one in summer', 'Europe/Warsaw', [2026, 7, 15, 9, 0], '2026-07-15T07:00:00Z'],
    ['one that comes twice', 'Europe/Warsaw', [2026, 10, 25, 2, 30], '2026-10-25T00:30:00Z'],
    ['one that never comes', 'Europe/Warsaw', [2026, 3, 29, 2, 30], '2026-03-29T01:30:00Z'],
    ['a midnight that never comes', 'America/Santiago', [2026, 9, 6, 0, 0], '2026-09-06T04:00:00Z'],
    ['half an hour of change', 'Australia/Lord_Howe', [2026, 4, 5, 1, 45], '2026-04-04T14:45:00Z'],
    ['a day beyond the month', 'UTC', [2026, 1, 32, 0, 0], '2026-02-01T00:00:00Z'],
  ])('is turned into a moment: %s', (_, zone, parts, iso) => {
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = parts
    expect(epochMsOfZonedTime(zone, { year, month, day, hour, minute })).toBe(at(iso))
  })

  test('goes there and back for every hour of a year, in zones of all kinds', () => {
    for (const zone of ['Europe/Warsaw', 'America/New_York', 'Asia/Kolkata', 'Pacific/Apia']) {
      for (let ms = at('2026-01-01T00:00Z'); ms < at('2027-01-01T00:00Z'); ms += 7 * 3_600_000) {
        const shown = zonedTimeAt(zone, ms)
        expect(zonedTimeAt(zone, epochMsOfZonedTime(zone, shown))).toEqual(shown)
      }
    }
  })
})

test('knows which time zones there are', () => {
  expect(['Europe/Warsaw', 'UTC', 'Mars/Olympus', ''].map(isTimeZone)).toEqual([
    true,
    true,
    false,
    false,
  ])
})

test('knows weekdays and the length of months', () => {
  expect(weekdayOf({ year: 2026, month: 11, day: 22 })).toBe(0)
  expect([1, 2, 4].map((month) => daysInMonth({ year: 2028, month }))).toEqual([31, 29, 30])
})
