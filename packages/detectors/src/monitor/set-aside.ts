import { bigintAsText } from './bigint-as-text.ts'
import type { SetAsideRow } from './monitor-store.ts'

/** The most that is kept of a row that could not be judged. */
const ROW_LENGTH_MAX = 4_096

/** A row for the store's list of those that could not be judged. */
export function setAside(source: string, row: unknown, reason: string): SetAsideRow {
  return { source, row: toText(row).slice(0, ROW_LENGTH_MAX).toWellFormed(), reason }
}

function toText(row: unknown): string {
  try {
    const text = JSON.stringify(row, bigintAsText) as string | undefined
    return (text ?? String(row)).replaceAll('\0', '\uFFFD')
  } catch {
    return 'A row that JSON has no form for.'
  }
}
