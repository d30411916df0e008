import { describe, expect, test } from 'vitest'

import { type AlertTimeInterval, compileTimeInterval } from './time-interval.ts'

function isWithin(interval: AlertTimeInterval, iso: string): boolean {
  const compiled = compileTimeInterval(interval)
  if ('invalid' in compiled) throw new Error(`Its ${compiled.invalid} cannot be understood.`)
  return compiled.isWithin(Date.parse(iso))
}

describe('a time interval', () => {
  test.each<[AlertTimeInterval, string, boolean]>([
    [{}, '2026-01-01T00:00Z', true],
    [{ times: [{ start: '09:00', end: '17:00' }] }, '2026-01-01T09:00Z', true],
    [{ times: [{ start: '09:00', end: '17:00' }] }, '2026-01-01T16:59:59Z', true],
    [{ times: [{ start: '09:00', end: '17:00' }] }, '2026-01-01T17:00Z', false],
    [{ times: [{ start: '22:00', end: '24:00' }] }, '2026-01-01T23:59Z', true],
    [{ weekdays: ['monday:friday'] }, '2026-11-23T12:00Z', true],
    [{ weekdays: ['Monday:Friday'] }, '2026-11-22T12:00Z', false],
    [{ weekdays: ['saturday', 'sunday'] }, '2026-11-22T12:00Z', true],
    [{ daysOfMonth: ['-3:-1'] }, '2026-02-26T12:00Z', true],
    [{ daysOfMonth: ['-3:-1'] }, '2026-02-25T12:00Z', false],
    [{ daysOfMonth: ['29:31'] }, '2026-02-28T12:00Z', false],
    [{ daysOfMonth: ['15:-1'] }, '2026-02-28T12:00Z', true],
    [{ months: ['june:august'] }, '2026-07-01T00:00Z', true],
    [{ months: ['12'] }, '2026-11-30T23:59Z', false],
    [{ years: ['2026:2027'] }, '2028-01-01T00:00Z', false],
    [{ weekdays: ['sunday'], months: ['november'] }, '2026-12-06T00:00Z', false],
    // Warsaw is an hour ahead in winter and two in summer.
    [{ weekdays: ['monday'], location: 'Europe/Warsaw' }, '2026-11-22T23:00Z', true],
    [
      { times: [{ start: '09:00', end: '10:00' }], location: 'Europe/Warsaw' },
      '2026-01-01T08:30Z',
      true,
    ],
    [
      { times: [{ start: '09:00', end: '10:00' }], location: 'Europe/Warsaw' },
      '2026-07-01T08:30Z',
      false,
    ],
  ])('%j at %s: %s', (interval, iso, expected) => {
    expect(isWithin(interval, iso)).toBe(expected)
  })

  test.each<[string, AlertTimeInterval]>([
    ['location', { location: 'Mars/Olympus' }],
    ['times', { times: [{ start: '17:00', end: '09:00' }] }],
    ['times', { times: [{ start: '9:00', end: '17:00' }] }],
    ['times', { times: [{ start: '24:00', end: '24:00' }] }],
    ['weekdays', { weekdays: ['friday:monday'] }],
    ['weekdays', { weekdays: ['mon'] }],
    ['weekdays', { weekdays: ['monday:tuesday:friday'] }],
    ['daysOfMonth', { daysOfMonth: ['0'] }],
    ['daysOfMonth', { daysOfMonth: ['32'] }],
    ['daysOfMonth', { daysOfMonth: ['-1:5'] }],
    ['daysOfMonth', { daysOfMonth: ['10:5'] }],
    ['daysOfMonth', { daysOfMonth: ['-1:-3'] }],
    ['months', { months: ['13'] }],
    ['months', { months: ['august:june'] }],
    ['years', { years: ['2027:2026'] }],
    ['years', { years: ['soon'] }],
  ])('is refused for its %s: %j', (invalid, interval) => {
    expect(compileTimeInterval(interval)).toEqual({ invalid })
  })
})
