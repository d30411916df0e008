import type { SqlValue } from '../sql/sql-client.ts'

/**
 * A value as the text that PostgreSQL reads, whatever type its placeholder turns out to have. Every
 * adapter sends this and not what its client would make of the value: one of them binds the string
 * `'true'` as `false`, and another drops the bytes of what it takes for text.
 *
 * @throws {RangeError} for an invalid `Date`
 */
export function writeValue(value: SqlValue): string | null {
  if (value === null) return null
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Uint8Array) return writeHex(value)
  return String(value)
}

function writeHex(bytes: Uint8Array): string {
  return `\\x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
