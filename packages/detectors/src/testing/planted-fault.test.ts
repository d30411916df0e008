import { expect, test } from 'vitest'

import type { Finding } from '../detector/finding.ts'
import { compareWithPlanted } from './planted-fault.ts'

const planted = [
  { ruleId: 'balance.negative', accountId: 'card-1', transactionId: 'tx-1' },
  { ruleId: 'balance.reconciliation', accountId: 'card-2', transactionId: null },
]

test('tells what was found from what was missed', () => {
  const comparison = compareWithPlanted(planted, [finding({})])
  expect(comparison).toEqual({ found: [planted[0]], missed: [planted[1]], unexpected: [] })
})

test.each<[string, Partial<Finding>]>([
  ['another rule', { ruleId: 'balance.arithmetic' }],
  ['another account', { subject: 'card-2' }],
  ['another transaction', { transactionIds: ['tx-2'] }],
  ['no transaction', { transactionIds: [] }],
])('does not expect a finding of %s', (_what, fields) => {
  const other = finding(fields)
  expect(compareWithPlanted(planted, [other])).toEqual({
    found: [],
    missed: planted,
    unexpected: [other],
  })
})

test('expects each fault once', () => {
  const { found, unexpected } = compareWithPlanted(planted, [finding({}), finding({})])
  expect([found.length, unexpected.length]).toEqual([1, 1])
})

test('leaves out updates and resolutions', () => {
  const later = [finding({ action: 'update' }), finding({ action: 'resolve' })]
  expect(compareWithPlanted(planted, later)).toMatchObject({ found: [], unexpected: [] })
})

function finding(fields: Partial<Finding>): Finding {
  return {
    fingerprint: 'f',
    ruleId: 'balance.negative',
    ruleVersion: 1,
    severity: 'high',
    action: 'open',
    subject: 'card-1',
    transactionIds: ['tx-1'],
    eventTime: 0,
    confidence: 1,
    evidence: {},
    ...fields,
  }
}
