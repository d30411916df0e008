import type { z } from 'zod'

import { AssayError } from '../errors/assay-error.ts'
import type { SqlRow } from '../sql/sql-client.ts'

/**
 * Reads a row that this package wrote.
 *
 * @throws {AssayError} the given code, with the names of the columns that are not as they should be
 */
export function parseTableRow<Schema extends z.ZodType>(
  schema: Schema,
  row: SqlRow,
  { table, code }: { readonly table: string; readonly code: string },
): z.output<Schema> {
  const parsed = schema.safeParse(row)
  if (parsed.success) return parsed.data
  throw new AssayError(code, {
    message: `A row of ${table} is not one that this release wrote.`,
    retry: 'never',
    context: {
      table,
      columns: [...new Set(parsed.error.issues.map(({ path }) => path[0]))].join(', '),
    },
    cause: parsed.error,
  })
}
