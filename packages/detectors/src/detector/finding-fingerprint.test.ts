import { expect, test } from 'vitest'

import { findingFingerprint } from './finding-fingerprint.ts'

test('is made of the rule, the tenant and the first event', () => {
  expect(findingFingerprint('balance.negative', 'acme', ['card-7', 'tx-1'])).toBe(
    'balance.negative:acme:card-7:tx-1',
  )
})

test('tells apart what only looks alike', () => {
  const fingerprints = [
    findingFingerprint('rule', null, ['a', 'b']),
    findingFingerprint('rule', 'a', ['b']),
    findingFingerprint('rule', null, ['a:b']),
    findingFingerprint('rule', 'a', ['', 'b']),
    findingFingerprint('rule', null, ['a', 'b', '']),
  ]
  expect(new Set(fingerprints).size).toBe(fingerprints.length)
})

test('stays within the length that PagerDuty takes', () => {
  expect(findingFingerprint('rule', 't', ['x'.repeat(255), 'y'.repeat(255)])).toHaveLength(255)
})
