import { CannotRunError } from '../cli/cannot-run-error.ts'
import type { CsvRow } from './csv-row.ts'
import { createLineSplitter } from './split-lines.ts'
import { createRowSplitter } from './split-rows.ts'

/** The longest row that is read, in characters, and so the most that a malformed file can hold up. */
const ROW_LENGTH_MAX = 65_536

/** Rows that were read together. */
export interface CsvBatch {
  /** The names of the columns. */
  readonly header: readonly string[]
  readonly rows: readonly CsvRow[]
}

/**
 * Reads CSV as RFC 4180 has it: commas, cells in quotes where need be, a header first. Memory stays
 * bounded whatever the file holds, and a malformed row never stops those after it.
 *
 * @param text of the file, piece by piece
 * @throws {@link CannotRunError} when the file has no header
 */
export async function* readCsv(text: AsyncIterable<string>): AsyncGenerator<CsvBatch> {
  const lines = createLineSplitter(ROW_LENGTH_MAX)
  const rows = createRowSplitter(ROW_LENGTH_MAX)
  let header: readonly string[] | null = null

  function toBatch(read: readonly CsvRow[]): CsvBatch | null {
    if (header !== null) return { header, rows: read }
    const [first, ...rest] = read
    if (first === undefined) return null
    header = headerOf(first)
    return { header, rows: rest }
  }

  for await (const piece of text) {
    const batch = toBatch(rows.push(lines.push(piece)))
    if (batch !== null) yield batch
  }
  const batch = toBatch([...rows.push(lines.end()), ...rows.end()])
  if (batch === null) throw noHeader('it is empty')
  yield batch
}

function headerOf(row: CsvRow): readonly string[] {
  if ('fault' in row) throw noHeader(`its first line has a fault (${row.fault.kind})`)
  return row.cells
}

function noHeader(reason: string): CannotRunError {
  return new CannotRunError('AUDIT_FILE_UNREADABLE', `The file has no header: ${reason}.`)
}
