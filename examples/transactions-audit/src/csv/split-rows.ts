import { parse } from 'csv-parse/sync'

import type { CsvRow, RowFault } from './csv-row.ts'
import type { Line } from './split-lines.ts'

/** Turns lines into rows. */
export interface RowSplitter {
  /** @returns the rows that are complete */
  push(lines: readonly Line[]): CsvRow[]
  /** @returns the rows of what was held back */
  end(): CsvRow[]
}

/**
 * Puts lines together into rows: a quoted cell may run over several lines. The first row, the
 * header, says how many cells each has; lines without a character are passed over.
 *
 * A quote that is never closed would swallow all that follows. So when a row has a fault in its
 * form, only its first line is refused, and reading goes on with the line after it.
 *
 * @param lengthMax the most characters of a row
 */
export function createRowSplitter(lengthMax: number): RowSplitter {
  let columns: number | null = null
  const tooLong = { kind: 'too long', detail: `more than ${lengthMax} characters` }
  /** Lines of a row that is not complete. */
  let held: readonly Line[] = []

  function take(lines: readonly Line[], isEnd: boolean): CsvRow[] {
    const waiting = held.length === 0 ? lines : [...held, ...lines]
    const rows: CsvRow[] = []
    let at = 0
    while (at < waiting.length) {
      const extent = measureRow(waiting, at, lengthMax)
      if (extent === 'incomplete' && !isEnd) break
      const row = readRow(waiting.slice(at, at + (typeof extent === 'number' ? extent : 1)), extent)
      at += 'fault' in row || typeof extent === 'string' ? 1 : extent
      if (row.text !== '') rows.push(row)
    }
    held = waiting.slice(at)
    return rows
  }

  function readRow(lines: readonly Line[], extent: RowExtent): CsvRow {
    const { number: line = 0, text: firstText = '' } = lines[0] ?? {}
    const text = lines.length === 1 ? firstText : lines.map((each) => each.text).join('\n')
    const cells = extent === 'too-long' ? tooLong : readCells(text, extent)
    if ('kind' in cells) return { line, text: firstText, fault: cells }

    columns ??= text === '' ? null : cells.length
    if (cells.length === (columns ?? cells.length) || text === '') return { line, text, cells }
    const detail = `${cells.length} where the header has ${columns}`
    return { line, text: firstText, fault: { kind: 'wrong number of cells', detail } }
  }

  return {
    push: (lines) => take(lines, false),
    end: () => take([], true),
  }
}

/** How many lines a row takes, or why that cannot be told. */
type RowExtent = number | 'incomplete' | 'never-closed' | 'too-long'

function measureRow(lines: readonly Line[], start: number, lengthMax: number): RowExtent {
  let length = 0
  let isQuoted = false
  for (let at = start; at < lines.length; at += 1) {
    const { text, isCut } = lines[at] as Line
    length += text.length
    if (isCut || length > lengthMax) return at === start ? 'too-long' : 'never-closed'
    // Inside a quoted cell a quote is doubled, so an odd number opens or closes one.
    if (countQuotes(text) % 2 === 1) isQuoted = !isQuoted
    if (!isQuoted) return at - start + 1
  }
  return 'incomplete'
}

function countQuotes(text: string): number {
  let count = 0
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) count += 1
  return count
}

const MALFORMED_QUOTES: RowFault = {
  kind: 'malformed quotes',
  detail: 'a quote is never closed, or stands within a cell without being doubled',
}

function readCells(
  text: string,
  extent: Exclude<RowExtent, 'too-long'>,
): readonly string[] | RowFault {
  if (typeof extent === 'string') return MALFORMED_QUOTES
  if (text.includes('\u{fffd}')) return { kind: 'not UTF-8', detail: 'a character cannot be read' }
  // Most rows have no quotes, and need no parser.
  if (!text.includes('"')) return text.split(',')
  try {
    return parse(text, { recordDelimiter: '\n', relaxColumnCount: true })[0] ?? []
  } catch {
    return MALFORMED_QUOTES
  }
}
