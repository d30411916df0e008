/** What a clock and a calendar on the wall of a time zone show. */
export interface ZonedTime {
  readonly year: number
  /** 1 for January. */
  readonly month: number
  /** Day of the month, from 1. */
  readonly day: number
  readonly hour: number
  readonly minute: number
}

/** Whether the host knows the time zone, by its IANA name: `Europe/Warsaw`. */
export function isTimeZone(name: string): boolean {
  try {
    formatterOf(name)
    return true
  } catch {
    return false
  }
}

/** What the wall of the time zone shows at a moment, seconds dropped. */
export function zonedTimeAt(timeZone: string, epochMs: number): ZonedTime {
  const shown: Record<string, number> = {}
  for (const { type, value } of formatterOf(timeZone).formatToParts(epochMs)) {
    shown[type] = Number(value)
  }
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0 } = shown
  return { year, month, day, hour, minute }
}

/**
 * The moment at which the wall of the time zone shows this. When clocks are set back a time comes
 * twice: it is the first. When they are set forward a time never comes: it is as long after the
 * change as the time is after the gap began. Days and months beyond their end count on, as in `Date`.
 */
export function epochMsOfZonedTime(timeZone: string, time: ZonedTime): number {
  const asUtc = Date.UTC(time.year, time.month - 1, time.day, time.hour, time.minute)
  const offsets = [offsetMsAt(timeZone, asUtc - DAY_MS), offsetMsAt(timeZone, asUtc + DAY_MS)]
  const candidates = offsets.map((offsetMs) => asUtc - offsetMs)
  const shown = candidates.filter((at) => at + offsetMsAt(timeZone, at) === asUtc)
  return shown.length > 0 ? Math.min(...shown) : Math.max(...candidates)
}

/** 0 for Sunday. */
export function weekdayOf({ year, month, day }: Pick<ZonedTime, 'year' | 'month' | 'day'>): number {
  return new Date(Date.UTC(year, month - 1, day)).getUTCDay()
}

export function daysInMonth({ year, month }: Pick<ZonedTime, 'year' | 'month'>): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate()
}

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000

function offsetMsAt(timeZone: string, epochMs: number): number {
  const { year, month, day, hour, minute } = zonedTimeAt(timeZone, epochMs)
  const wholeMinute = Math.floor(epochMs / MINUTE_MS) * MINUTE_MS
  return Date.UTC(year, month - 1, day, hour, minute) - wholeMinute
}

/** Making one takes a hundred times as long as using it, and a host knows some six hundred zones. */
const formatters = new Map<string, Intl.DateTimeFormat>()

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(timeZone)
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    })
    formatters.set(timeZone, formatter)
  }
  return formatter
}
