import { expect, test } from 'vitest'

import { readDuplicateScanConfig } from '../duplicate-scans/duplicate-scan-config.ts'
import { duplicateScanDetector } from '../duplicate-scans/duplicate-scan-detector.ts'
import { readTransactionFailureConfig } from '../transaction-failures/transaction-failure-config.ts'
import { transactionFailureDetector } from '../transaction-failures/transaction-failure-detector.ts'
import { type AccountEvent, type AccountEventInput, parseAccountEvent } from './account-event.ts'
import { combineDetectors, configureDetector } from './combine-detectors.ts'

const FAILURES = 0
const SCANS = 1
const combined = combineDetectors([
  configureDetector(transactionFailureDetector, readTransactionFailureConfig()),
  configureDetector(duplicateScanDetector, readDuplicateScanConfig()),
])

function parse(row: AccountEventInput): AccountEvent {
  const parsed = parseAccountEvent(row)
  if (!parsed.ok) throw new Error(parsed.reason)
  return parsed.row
}

function transaction(status: 'completed' | 'failed', eventTime: number): AccountEvent {
  return parse({
    kind: 'transaction',
    transactionId: `tx-${eventTime}`,
    accountId: 'card-7',
    status,
    amountMinor: -450n,
    balanceBeforeMinor: 2_000n,
    balanceAfterMinor: status === 'failed' ? 2_000n : 1_550n,
    currency: 'EUR',
    eventTime,
  })
}

function scan(eventTime: number): AccountEvent {
  return parse({ kind: 'scan', scanId: `scan-${eventTime}`, accountId: 'card-7', eventTime })
}

/** What is kept of each part after some events. */
function statesAfter(...events: AccountEvent[]): readonly unknown[] {
  const context = { watermark: 1_000_000, config: undefined }
  const { state } = combined.step(combined.init('card-7'), events, context)
  return state.rules as readonly unknown[]
}

test('keeps no state of a part that has seen no event', () => {
  expect(statesAfter(scan(1))[FAILURES]).toBeNull()
  expect(statesAfter(transaction('failed', 1))[SCANS]).toBeNull()
})

test('keeps the state of a part that knows something, and lets it go when it no longer does', () => {
  expect(statesAfter(transaction('failed', 1))[FAILURES]).toMatchObject({ run: { open: null } })
  expect(statesAfter(transaction('failed', 1), transaction('completed', 2))[FAILURES]).toBeNull()
})

test('lets time pass for the parts that have a state, and for no others', () => {
  const failures = [1, 2, 3].map((eventTime) => transaction('failed', eventTime))
  const context = { watermark: 10, config: undefined }
  const { state, wakeAt } = combined.step(combined.init('card-7'), failures, context)
  expect(wakeAt).toBeLessThan(Infinity)
  const later = combined.step(state, [], { ...context, watermark: wakeAt! })
  expect(later.findings.map(({ action }) => action)).toEqual(['resolve'])
  expect(combined.step(combined.init('card-7'), [scan(1)], context).wakeAt).toBe(Infinity)
})
