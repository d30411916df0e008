import type { z } from 'zod'

import { AssayError, isAssayError } from '../../errors/assay-error.ts'
import type { SqlRow } from '../../sql/sql-client.ts'

/**
 * Reads a row.
 *
 * @throws {AssayError} `ALERT_ROW_INVALID`
 */
export function parseRow<Schema extends z.ZodType>(
  schema: Schema,
  row: SqlRow,
  table: string,
): z.output<Schema> {
  const parsed = schema.safeParse(row)
  if (parsed.success) return parsed.data
  throw new AssayError('ALERT_ROW_INVALID', {
    message: `A row of ${table} is not one that this release wrote.`,
    retry: 'never',
    context: {
      table,
      columns: [...new Set(parsed.error.issues.map(({ path }) => path[0]))].join(', '),
    },
    cause: parsed.error,
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
