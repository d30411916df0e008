import {
  daysInMonth,
  isTimeZone,
  weekdayOf,
  type ZonedTime,
  zonedTimeAt,
} from '../../runtime/zoned-time.ts'

/**
 * A recurring time, as in Alertmanager: within it is a moment that fits each of the lists that are
 * given, that is, one of the list's entries. Ranges include both ends, but for the end of `times`.
 */
export interface AlertTimeInterval {
  /** Times of the day, to the minute; `24:00` is the end of the day. No range passes midnight. */
  readonly times?: readonly { readonly start: string; readonly end: string }[] | undefined
  /** `monday` or `monday:friday`; the week begins on Sunday. */
  readonly weekdays?: readonly string[] | undefined
  /** `1`, `1:7`, or from the end of the month: `-1`, `-3:-1`. */
  readonly daysOfMonth?: readonly string[] | undefined
  /** `december`, `june:august` or `6:8`. */
  readonly months?: readonly string[] | undefined
  /** `2026` or `2026:2028`. */
  readonly years?: readonly string[] | undefined
  /** An IANA time zone. Default `UTC`. */
  readonly location?: string | undefined
}

/** Whether a moment lies within an interval that was compiled. */
export type CompiledTimeInterval = (epochMs: number) => boolean

/**
 * Makes an interval ready to be asked.
 *
 * @returns the interval, or the first entry of it that cannot be understood
 */
export function compileTimeInterval(
  interval: AlertTimeInterval,
): { readonly isWithin: CompiledTimeInterval } | { readonly invalid: keyof AlertTimeInterval } {
  const { location = 'UTC' } = interval
  if (!isTimeZone(location)) return { invalid: 'location' }

  const conditions: ((time: ZonedTime) => boolean)[] = []
  const add = <Range>(
    entries: readonly Range[] | undefined,
    parse: (entry: Range) => ((time: ZonedTime) => boolean) | undefined,
  ): boolean => {
    if (entries === undefined) return true
    if (!Array.isArray(entries)) return false
    const parsed = entries.map(parse).filter((condition) => condition !== undefined)
    conditions.push((time) => parsed.some((condition) => condition(time)))
    return parsed.length === entries.length
  }

  if (!add(interval.times, parseTimes)) return { invalid: 'times' }
  if (!add(interval.weekdays, parseWeekdays)) return { invalid: 'weekdays' }
  if (!add(interval.daysOfMonth, parseDaysOfMonth)) return { invalid: 'daysOfMonth' }
  if (!add(interval.months, parseMonths)) return { invalid: 'months' }
  if (!add(interval.years, parseYears)) return { invalid: 'years' }
  return {
    isWithin(epochMs) {
      const time = zonedTimeAt(location, epochMs)
      return conditions.every((condition) => condition(time))
    },
  }
}

/** The minute of the day that `09:30` names; `undefined` where it names none. */
export function parseTimeOfDay(text: string): number | undefined {
  if (text === '24:00') return 24 * 60
  const [, hour, minute] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? []
  return hour === undefined ? undefined : Number(hour) * 60 + Number(minute)
}

/** Days of the week, from Sunday, which is 0. */
export const WEEKDAYS = [
  'sunday',
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
] as const

const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
]

type Condition = (time: ZonedTime) => boolean

function parseTimes(range: { start: string; end: string } | null): Condition | undefined {
  const from = parseTimeOfDay(String(range?.start))
  const to = parseTimeOfDay(String(range?.end))
  if (from === undefined || to === undefined || from >= to) return undefined
  return ({ hour, minute }) => hour * 60 + minute >= from && hour * 60 + minute < to
}

function parseWeekdays(text: string): Condition | undefined {
  const range = parseRange(text, (name) => WEEKDAYS.findIndex((weekday) => weekday === name))
  if (range === undefined || range.from < 0) return undefined
  return (time) => isIn(range, weekdayOf(time))
}

function parseDaysOfMonth(text: string): Condition | undefined {
  const { from, to } = parseRange(text, wholeNumber, false) ?? { from: 0, to: 0 }
  const isDay = (day: number): boolean => day !== 0 && Math.abs(day) <= 31
  if (!isDay(from) || !isDay(to) || (from < 0 && to > 0)) return undefined
  // In the shortest month, what counts from its end comes as early as it ever does.
  if ((from < 0 ? 29 + from : from) > (to < 0 ? 29 + to : to)) return undefined
  return (time) => {
    const length = daysInMonth(time)
    return time.day >= dayOf(from, length) && time.day <= dayOf(to, length)
  }
}

function dayOf(day: number, lengthOfMonth: number): number {
  return day < 0 ? lengthOfMonth + 1 + day : day
}

function parseMonths(text: string): Condition | undefined {
  const range = parseRange(text, (name) => {
    const index = MONTHS.indexOf(name)
    return index === -1 ? wholeNumber(name) : index + 1
  })
  if (range === undefined || range.from < 1 || range.to > 12) return undefined
  return (time) => isIn(range, time.month)
}

function parseYears(text: string): Condition | undefined {
  const range = parseRange(text, wholeNumber)
  if (range === undefined || range.from < 1) return undefined
  return (time) => isIn(range, time.year)
}

interface Range {
  readonly from: number
  readonly to: number
}

function parseRange(
  text: string,
  parse: (member: string) => number,
  isAscending = true,
): Range | undefined {
  if (typeof text !== 'string') return undefined
  const [first = '', last = first, ...more] = text.toLowerCase().split(':')
  const range = { from: parse(first), to: parse(last) }
  if (more.length > 0 || !Number.isInteger(range.from) || !Number.isInteger(range.to))
    return undefined
  return isAscending && range.from > range.to ? undefined : range
}

function wholeNumber(text: string): number {
  return /^-?\d{1,4}$/.test(text) ? Number(text) : Number.NaN
}

function isIn({ from, to }: Range, value: number): boolean {
  return value >= from && value <= to
}
