import { bigintAsText } from '../../monitor/bigint-as-text.ts'

/**
 * Anything as JSON that PostgreSQL can take texts from: it has no form for the character zero and for
 * halves of surrogate pairs, and a text with one would stop a whole page. They are replaced by U+FFFD.
 */
export function toStorableJson(value: unknown): string {
  return JSON.stringify(value, (key, part: unknown) =>
    typeof part === 'string' ? toStorableText(part) : bigintAsText(key, part),
  )
}

/** A text that PostgreSQL can take. */
export function toStorableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD')
}
