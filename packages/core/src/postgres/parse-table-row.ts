import type { z } from 'zod'

import type { AssayError, AssayErrorOptions } from '../errors/assay-error.ts'
import type { SqlRow } from '../sql/sql-client.ts'

/** Whose row it is, and what is thrown where it is none. */
export interface TableRowOptions {
  readonly table: string
  readonly createError: (problem: AssayErrorOptions) => AssayError
}

/**
 * Reads a row that this package wrote.
 *
 * @throws what `createError` makes, with the names of the columns that are not as they should be
 */
export function parseTableRow<Schema extends z.ZodType>(
  schema: Schema,
  row: SqlRow,
  { table, createError }: TableRowOptions,
): z.output<Schema> {
  const parsed = schema.safeParse(row)
  if (parsed.success) return parsed.data
  throw createError({
    message: `A row of ${table} is not one that this release wrote.`,
    retry: 'never',
    context: {
      table,
      columns: [...new Set(parsed.error.issues.map(({ path }) => path[0]))].join(', '),
    },
    cause: parsed.error,
  })
}
