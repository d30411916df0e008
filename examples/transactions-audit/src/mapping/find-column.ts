import { CannotRunError } from '../cli/cannot-run-error.ts'
import { printable } from '../report/printable.ts'

/** A column of the file that is read. */
export interface Column {
  readonly name: string
  /** @param cells of a row */
  cellOf(cells: readonly string[]): string
}

/**
 * Finds a column by its name, letter by letter.
 *
 * @param header the names of the file's columns
 * @param name of the column
 * @throws {@link CannotRunError} when it is missing, or stands there twice
 */
export function findColumn(header: readonly string[], name: string): Column {
  const at = header.indexOf(name)
  if (at === -1) {
    const names = printable(header.join(', '), 300)
    throw unusable(`The file has no column ${printable(name)}; it has ${names}.`)
  }
  if (header.includes(name, at + 1)) {
    throw unusable(`The file has two columns ${printable(name)}, so neither can be trusted.`)
  }
  return { name, cellOf: (cells) => cells[at] ?? '' }
}

function unusable(sentence: string): CannotRunError {
  return new CannotRunError('AUDIT_COLUMN_MISSING', sentence)
}
