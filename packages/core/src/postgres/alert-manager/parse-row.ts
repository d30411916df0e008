import type { z } from 'zod'

import { AssayError, isAssayError } from '../../errors/assay-error.ts'
import type { SqlRow } from '../../sql/sql-client.ts'
import { parseTableRow } from '../parse-table-row.ts'

/**
 * Reads a row of one of the alert manager's tables.
 *
 * @throws {AssayError} `ALERT_ROW_INVALID`
 */
export function parseRow<Schema extends z.ZodType>(
  schema: Schema,
  row: SqlRow,
  table: string,
): z.output<Schema> {
  return parseTableRow(schema, row, {
    table,
    createError: (problem) => new AssayError('ALERT_ROW_INVALID', problem),
  })
}

/** What `parse` makes of a row, or why the row cannot be read. */
export function readable<Value>(parse: () => Value): Value | AssayError {
  try {
    return parse()
  } catch (error) {
    if (isAssayError(error)) return error
    throw error
  }
}
