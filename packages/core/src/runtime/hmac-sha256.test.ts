import { expect, test } from 'vitest'

import { hmacSha256Base64, isSameSecretly } from './hmac-sha256.ts'

test('agrees with the known answers of RFC 4231', () => {
  // https://www.rfc-editor.org/rfc/rfc4231#section-4.3 and 4.2, with their hexadecimal as base64.
  expect(hmacSha256Base64('Jefe', 'what do ya want for nothing?')).toBe(
    Buffer.from('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843', 'hex').toString(
      'base64',
    ),
  )
  expect(hmacSha256Base64(new Uint8Array(20).fill(0x0b), 'Hi There')).toBe(
    Buffer.from('b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7', 'hex').toString(
      'base64',
    ),
  )
})

test('compares texts of any length', () => {
  expect(isSameSecretly('v1,abc', 'v1,abc')).toBe(true)
  expect(isSameSecretly('v1,abc', 'v1,abd')).toBe(false)
  expect(isSameSecretly('v1,abc', 'v1')).toBe(false)
  expect(isSameSecretly('', '')).toBe(true)
})
