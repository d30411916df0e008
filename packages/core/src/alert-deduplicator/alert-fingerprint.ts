import { sha256Hex } from '../runtime/sha256.ts'

/** PagerDuty refuses a longer `dedup_key`, and every other channel takes one of this length. */
export const FINGERPRINT_LENGTH_MAX = 255

/**
 * Builds a fingerprint: a name for one alert that is the same in every process and after every
 * restart, fit to be a PagerDuty `dedup_key`, and a good key for the deduplicator.
 *
 * Different parts always give different fingerprints. The parts are joined by `:`; in a part, `:`,
 * `%`, `~` and whatever is not printable ASCII is escaped (`%3A`, `%u20AC`), by UTF-16 code unit, so
 * that even half a surrogate pair keeps its identity. What would be longer than 255 characters is cut
 * and ends in `~` and the SHA-256 of the whole.
 *
 * @param parts what the alert is about, from the general to the special; at least one
 * @returns 1 to 255 characters of printable ASCII
 *
 * @example
 * ```ts
 * import { alertFingerprint } from '@assay/core'
 *
 * console.log(alertFingerprint('rpc', 'base-mainnet')) // rpc:base-mainnet
 * console.log(alertFingerprint('a', 'b:c') === alertFingerprint('a:b', 'c')) // false
 * ```
 */
export function alertFingerprint(...parts: readonly [string, ...string[]]): string {
  // PagerDuty takes an empty `dedup_key` for none, and would open a new incident each time.
  return shorten(parts.map(escapePart).join(':')) || RAW_MARK
}

/**
 * The fingerprint of any key: the key itself where it could be a fingerprint, as one that
 * {@link alertFingerprint} built, and else the escaped key behind a mark that no such key begins with.
 * Different keys have different fingerprints.
 */
export function fingerprintOfKey(key: string): string {
  return isFingerprint(key) ? key : shorten(RAW_MARK + escapePart(key))
}

const RAW_MARK = '~'
const UNSAFE = /[^ -$&-9;-}]/
const UNSAFE_EACH = /[^ -$&-9;-}]/g
const TAIL_LENGTH = 1 + 64

/** Printable ASCII, without the mark but in front of a hash at the end. */
const FINGERPRINT = /^[ -}]+(?:~[\da-f]{64})?$/

function isFingerprint(key: string): boolean {
  return key.length <= FINGERPRINT_LENGTH_MAX && FINGERPRINT.test(key)
}

function escapePart(part: string): string {
  // Most parts need none, and asking first costs less than half.
  if (!UNSAFE.test(part)) return part
  return part.replaceAll(UNSAFE_EACH, (unit) => {
    const code = unit.charCodeAt(0).toString(16).toUpperCase()
    return code.length > 2 ? `%u${code.padStart(4, '0')}` : `%${code.padStart(2, '0')}`
  })
}

function shorten(text: string): string {
  if (text.length <= FINGERPRINT_LENGTH_MAX) return text
  return `${text.slice(0, FINGERPRINT_LENGTH_MAX - TAIL_LENGTH)}~${sha256Hex(text)}`
}
