import {
  epochMsOfZonedTime,
  isTimeZone,
  weekdayOf,
  type ZonedTime,
  zonedTimeAt,
} from '../../runtime/zoned-time.ts'
import { parseTimeOfDay, WEEKDAYS } from '../policy/time-interval.ts'

/** A day of the week. */
export type Weekday = (typeof WEEKDAYS)[number]

/** When people are at work, for what can wait until then. */
export interface BusinessCalendar {
  /** An IANA time zone, such as `Europe/Warsaw`. */
  readonly timeZone: string
  /** When a business day begins, in that zone. Default `09:00`. */
  readonly opensAt?: string | undefined
  /** Default Monday to Friday. */
  readonly workdays?: readonly Weekday[] | undefined
  /** Days off, such as `2026-12-25`. Default none. */
  readonly holidays?: readonly string[] | undefined
}

/**
 * The next moment at which a business day begins. Before the opening on a business day it is that
 * opening; at or after it, it is the next one's.
 *
 * @param calendar when people are at work
 * @param now in epoch milliseconds
 * @returns epoch milliseconds; summer and winter time are kept
 * @throws {RangeError} when no day of the next two years is a business day
 *
 * @example
 * ```ts
 * import { nextBusinessDayAt } from '@assay/core'
 *
 * const calendar = { timeZone: 'Europe/Warsaw', holidays: ['2026-12-25'] }
 * const thursdayNoon = Date.UTC(2026, 11, 24, 11)
 * console.log(new Date(nextBusinessDayAt(calendar, thursdayNoon)).toISOString())
 * // 2026-12-28T08:00:00.000Z
 * ```
 */
export function nextBusinessDayAt(calendar: BusinessCalendar, now: number): number {
  const { timeZone, opensAt = '09:00', workdays = WORKDAYS, holidays = [] } = calendar
  const opening = parseTimeOfDay(opensAt) ?? 0
  const today = zonedTimeAt(timeZone, now)
  for (let days = 0; days <= DAYS_MAX; days += 1) {
    const date = addDays(today, days)
    const weekday = WEEKDAYS[weekdayOf(date)]
    if (weekday === undefined || !workdays.includes(weekday)) continue
    if (holidays.includes(formatDate(date))) continue
    const time = { ...date, hour: Math.floor(opening / 60), minute: opening % 60 }
    const at = epochMsOfZonedTime(timeZone, time)
    if (at > now) return at
  }
  throw new RangeError('The calendar has no business day within two years.')
}

/** What is wrong with a calendar, as in "… must be …"; `undefined` where nothing is. */
export function invalidCalendar(calendar: BusinessCalendar): readonly [string, string] | undefined {
  const { timeZone, opensAt = '09:00', workdays = WORKDAYS, holidays = [] } = calendar
  if (!isTimeZone(timeZone)) return ['timeZone', 'an IANA time zone that this host knows']
  const opening = parseTimeOfDay(opensAt)
  if (opening === undefined || opening === 24 * 60) return ['opensAt', 'a time such as `09:00`']
  if (
    !Array.isArray(workdays) ||
    workdays.length === 0 ||
    !workdays.every((day) => WEEKDAYS.includes(day))
  ) {
    return ['workdays', 'at least one of `monday` to `sunday`']
  }
  if (!Array.isArray(holidays) || !holidays.every((holiday) => DATE.test(holiday))) {
    return ['holidays', 'dates such as `2026-12-25`']
  }
  return undefined
}

const WORKDAYS: readonly Weekday[] = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday']
const DATE = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/
const DAYS_MAX = 730
const NOON = { hour: 12, minute: 0 }

function addDays({ year, month, day }: ZonedTime, days: number): ZonedTime {
  return zonedTimeAt('UTC', epochMsOfZonedTime('UTC', { year, month, day: day + days, ...NOON }))
}

function formatDate({ year, month, day }: ZonedTime): string {
  const twoDigits = (value: number): string => String(value).padStart(2, '0')
  return `${year}-${twoDigits(month)}-${twoDigits(day)}`
}
