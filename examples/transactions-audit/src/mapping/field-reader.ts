import type { RowFault } from '../csv/csv-row.ts'

/**
 * Reads one field of a transaction.
 *
 * @param cells of the row
 * @param line of the row in its file
 * @returns the field, or why the row has none
 */
export type FieldReader<Field> = (cells: readonly string[], line: number) => Field | RowFault
