/** Why a row cannot be used. */
export interface RowFault {
  /** A few words that many rows share, by which they are counted: `scientific notation`. */
  readonly kind: string
  /** What is particular to this row. It names columns, and never repeats what a cell holds. */
  readonly detail: string
}

/** A row of a CSV file: its cells, or why it has none. */
export type CsvRow =
  | { readonly line: number; readonly text: string; readonly cells: readonly string[] }
  | { readonly line: number; readonly text: string; readonly fault: RowFault }

/** Tells a fault from what should have been read. */
export function isRowFault(value: unknown): value is RowFault {
  return typeof value === 'object' && value !== null && 'kind' in value && 'detail' in value
}
