import { findColumn } from './find-column.ts'
import type { Mapping } from './mapping.ts'

/**
 * Makes the reader of a row's place in its account's order of booking, as the source says it. An
 * empty cell proves nothing.
 *
 * @param mapping which column means what
 * @param header the names of the file's columns
 */
export function createSequenceReader(
  { columns }: Mapping,
  header: readonly string[],
): (cells: readonly string[]) => string | null {
  if (columns.sequence === undefined) return () => null
  const column = findColumn(header, columns.sequence)
  return (cells) => column.cellOf(cells) || null
}

/** Whether a row's line is its place, because the lines stand in the order of booking. */
export function isOrderedByLine({ columns, orderProven }: Mapping): boolean {
  return orderProven && columns.sequence === undefined
}
