import { z } from 'zod'

import type { FieldReader } from './field-reader.ts'
import { findColumn } from './find-column.ts'
import type { Mapping } from './mapping.ts'

const isoTime = z.iso.datetime({ offset: true })
/** Ten digits of seconds reach the year 2286, and thirteen of milliseconds too. */
const DIGITS = /^\d{1,15}$/

/** Makes the reader of when a transaction was booked, in epoch milliseconds. */
export function createTimeReader(
  time: Mapping['time'],
  header: readonly string[],
): FieldReader<number> {
  const column = findColumn(header, time.column)
  const toMs = converterOf(time)
  return (cells) => {
    const timeMs = toMs(column.cellOf(cells))
    // Beyond what a date can hold a time is a mistake, such as milliseconds read as seconds.
    const isTime = timeMs !== null && !Number.isNaN(new Date(timeMs).getTime())
    return isTime ? timeMs : { kind: 'unreadable time', detail: column.name }
  }
}

function converterOf(time: Mapping['time']): (text: string) => number | null {
  switch (time.format) {
    case 'iso':
      return (text) => (isoTime.safeParse(text).success ? Date.parse(text) : null)
    case 'epoch-ms':
      return wholeNumber
    case 'epoch-s':
      return (text) => scaled(text, 1_000, 0)
    case 'step': {
      const startMs = Date.parse(time.start)
      return (text) => scaled(text, time.stepMs, startMs)
    }
  }
}

function scaled(text: string, factor: number, offset: number): number | null {
  const whole = wholeNumber(text)
  return whole === null ? null : whole * factor + offset
}

function wholeNumber(text: string): number | null {
  return DIGITS.test(text) ? Number(text) : null
}
