const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** The form that is sent today, then the two obsolete ones that a recipient must still accept. */
const FORMS = [
  /^[A-Z][a-z]{2}, (?<day>\d\d) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) (?<time>[\d:]{8}) GMT$/,
  /^[A-Z][a-z]{5,8}, (?<day>\d\d)-(?<month>[A-Z][a-z]{2})-(?<year>\d\d) (?<time>[\d:]{8}) GMT$/,
  /^[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) (?<day>[ \d]\d) (?<time>[\d:]{8}) (?<year>\d{4})$/,
]

/** With the leap second that the standard allows. */
const TIME = /^(?<hour>[01]\d|2[0-3]):(?<minute>[0-5]\d):(?<second>[0-5]\d|60)$/

/**
 * Reads a date of an HTTP header: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7.
 * `Date.parse` would take a great deal that is no such date, and read one of the forms as local time.
 *
 * @param now epoch milliseconds, by which a year of two digits is understood
 * @returns epoch milliseconds, or `undefined` for anything else
 */
export function parseHttpDate(text: string, now: number): number | undefined {
  const date = FORMS.map((form) => form.exec(text)).find((match) => match !== null)?.groups
  const time = TIME.exec(date?.['time'] ?? '')?.groups
  const month = MONTHS.indexOf(date?.['month'] ?? '')
  if (date === undefined || time === undefined || month === -1) return undefined

  const day = Number(date['day'])
  const midnight = Date.UTC(fullYear(date['year'] ?? '', now), month, day)
  // A day that its month does not have runs over into the next month.
  if (new Date(midnight).getUTCDate() !== day) return undefined
  const minutes = Number(time['hour']) * 60 + Number(time['minute'])
  return midnight + (minutes * 60 + Number(time['second'])) * 1_000
}

/** Two digits mean the past century as soon as they would lie more than 50 years ahead. */
function fullYear(digits: string, now: number): number {
  if (digits.length === 4) return Number(digits)
  const thisYear = new Date(now).getUTCFullYear()
  const year = thisYear - (thisYear % 100) + Number(digits)
  return year > thisYear + 50 ? year - 100 : year
}
