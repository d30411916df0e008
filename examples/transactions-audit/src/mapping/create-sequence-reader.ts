import { findColumn } from './find-column.ts'
import type { Mapping } from './mapping.ts'

/**
 * Makes the reader of a row's place in its account's order of booking: what the source says, or the
 * line where the lines are known to stand in that order. An empty cell proves nothing.
 *
 * @param mapping which column means what
 * @param header the names of the file's columns
 */
export function createSequenceReader(
  { columns, orderProven }: Mapping,
  header: readonly string[],
): (cells: readonly string[], line: number) => string | null {
  if (columns.sequence === undefined) return (_cells, line) => (orderProven ? String(line) : null)
  const column = findColumn(header, columns.sequence)
  return (cells) => column.cellOf(cells) || null
}
