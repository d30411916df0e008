import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { alertFingerprint, fingerprintOfKey } from './alert-fingerprint.ts'

const DEDUP_KEY = /^[ -~]{1,255}$/

/** Text that is likely to hit the separators, the escapes, half a surrogate pair and the limit. */
const hostileText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('a', 'b', ':', '%', '~', '3', 'A', 'é', '\uD83D', '\0', ' ') }),
  fc.string({ unit: 'grapheme', minLength: 180, maxLength: 400 }),
)
const hostileParts = fc.array(hostileText, { minLength: 1, maxLength: 4 }) as fc.Arbitrary<
  [string, ...string[]]
>

describe('alertFingerprint', () => {
  test('joins ordinary parts so that people can read them', () => {
    expect(alertFingerprint('rpc', 'base-mainnet')).toBe('rpc:base-mainnet')
  })

  test('escapes what would read as another part', () => {
    expect(alertFingerprint('a', 'b:c')).toBe('a:b%3Ac')
    expect(alertFingerprint('a:b', 'c')).toBe('a%3Ab:c')
    expect(alertFingerprint('a%3Ab', 'c')).toBe('a%253Ab:c')
  })

  test('tells empty parts apart, and is never empty', () => {
    expect(alertFingerprint('')).toBe('~')
    expect(alertFingerprint('', '')).toBe(':')
    expect(alertFingerprint('', '', '')).toBe('::')
  })

  test('tells both halves of a surrogate pair and a replacement character apart', () => {
    const fingerprints = ['\uD83D', '\uDE00', '\uFFFD', '\u{1F600}'].map((text) =>
      alertFingerprint(text),
    )
    expect(fingerprints).toEqual(['%uD83D', '%uDE00', '%uFFFD', '%uD83D%uDE00'])
  })

  test('keeps 255 characters, and shortens 256 to 255 with a hash at the end', () => {
    expect(alertFingerprint('x'.repeat(255))).toBe('x'.repeat(255))
    expect(alertFingerprint('x'.repeat(256))).toMatch(/^x{190}~[\da-f]{64}$/)
  })

  test('tells long inputs apart that differ only behind the cut', () => {
    const common = 'x'.repeat(10_000)
    expect(alertFingerprint(common, 'a')).not.toBe(alertFingerprint(common, 'b'))
    expect(alertFingerprint(`${common}:a`)).not.toBe(alertFingerprint(common, 'a'))
  })

  test('is a valid dedup_key, and different for different parts, whatever they hold', () => {
    fc.assert(
      fc.property(hostileParts, hostileParts, (left, right) => {
        const fingerprint = alertFingerprint(...left)
        expect(fingerprint).toMatch(DEDUP_KEY)
        const areSame = JSON.stringify(left) === JSON.stringify(right)
        expect(fingerprint === alertFingerprint(...right)).toBe(areSame)
      }),
      { numRuns: 3_000 },
    )
  })

  test('gives no two of 20,000 short tuples over a hostile alphabet the same fingerprint', () => {
    const alphabet = ['', 'a', ':', '%', '~', '%3A', '%u00E9', 'é', '\u3AAA', ':a', 'a:', '~~']
    const grow = (tuples: [string, ...string[]][]): [string, ...string[]][] =>
      tuples.flatMap((parts) => alphabet.map((part): [string, ...string[]] => [part, ...parts]))
    const ones = alphabet.map((part): [string] => [part])
    const twos = grow(ones)
    const threes = grow(twos)
    const tuples = [...ones, ...twos, ...threes, ...grow(threes)]
    const fingerprints = new Set(tuples.map((parts) => alertFingerprint(...parts)))
    expect(fingerprints.size).toBe(tuples.length)
    expect(tuples.length).toBeGreaterThan(20_000)
  })
})

describe('fingerprintOfKey', () => {
  test('is the key itself for ordinary keys and for fingerprints, long ones included', () => {
    const long = alertFingerprint('x'.repeat(1_000))
    for (const key of ['rpc', 'rpc:base', '100% sure', alertFingerprint('é', ':'), long]) {
      expect(fingerprintOfKey(key)).toBe(key)
    }
  })

  test('marks what could not be a fingerprint', () => {
    expect(fingerprintOfKey('')).toBe('~')
    expect(fingerprintOfKey('~')).toBe('~%7E')
    expect(fingerprintOfKey('é')).toBe('~%E9')
    expect(fingerprintOfKey('%E9')).toBe('%E9')
    expect(fingerprintOfKey('\0')).toBe('~%00')
    expect(fingerprintOfKey('x'.repeat(256))).toMatch(/^~x{189}~[\da-f]{64}$/)
  })

  test('is a valid dedup_key, and different for different keys, whatever they hold', () => {
    fc.assert(
      fc.property(hostileText, hostileText, (left, right) => {
        expect(fingerprintOfKey(left)).toMatch(DEDUP_KEY)
        expect(fingerprintOfKey(left) === fingerprintOfKey(right)).toBe(left === right)
      }),
      { numRuns: 3_000 },
    )
  })
})
