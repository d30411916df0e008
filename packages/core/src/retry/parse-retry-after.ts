import { parseHttpDate } from '../runtime/parse-http-date.ts'

/**
 * Reads a `Retry-After` header, given in seconds or as an HTTP date, as RFC 9110 defines it. Give the
 * result as `retryAfterMs` to the `AssayError` that you throw, and `retry` waits at least that long.
 *
 * @param value the header's value, as `headers.get('retry-after')` returns it
 * @param now the wall-clock time, in epoch milliseconds
 * @returns milliseconds from `now`, at least 0 and at most `Number.MAX_SAFE_INTEGER`; `undefined`
 *   when there is no header or it is neither of the two
 *
 * @example
 * ```ts
 * import { parseRetryAfter } from '@assay/core'
 *
 * console.log(parseRetryAfter('120', 0)) // 120000
 * console.log(parseRetryAfter('Thu, 01 Jan 1970 00:00:30 GMT', 10_000)) // 20000
 * console.log(parseRetryAfter('soon', 0)) // undefined
 * ```
 */
export function parseRetryAfter(value: string | null | undefined, now: number): number | undefined {
  const text = value?.trim() ?? ''
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1_000, Number.MAX_SAFE_INTEGER)
  const at = parseHttpDate(text, now)
  return at === undefined ? undefined : Math.max(0, at - now)
}
