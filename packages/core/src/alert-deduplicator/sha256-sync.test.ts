import { createHash } from 'node:crypto'

import { expect, test } from 'vitest'

import { sha256HexSync } from './sha256-sync.ts'

test('agrees with the known answers of FIPS 180-4', () => {
  expect(sha256HexSync('abc')).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
  expect(sha256HexSync('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
})

test('agrees with node:crypto at every length around the block boundaries', () => {
  for (let length = 0; length < 300; length += 1) {
    const text = Array.from({ length }, (_, index) => String.fromCharCode(index % 128)).join('')
    expect(sha256HexSync(text)).toBe(createHash('sha256').update(text).digest('hex'))
  }
})
