import { expect, test } from 'vitest'

import {
  type AlertDeliveryDetails,
  AlertDeliveryFailedError,
  type AlertDeliveryFailure,
  AlertDeliveryRefusedError,
  mayHaveArrivedDespite,
} from './alert-delivery-error.ts'

test.each<[AlertDeliveryFailure, AlertDeliveryDetails, boolean]>([
  ['circuit-open', {}, false],
  ['too-many-waiting', {}, false],
  ['rate-limited', { status: 429 }, false],
  ['network', { vendorCode: 'ECONNREFUSED' }, false],
  ['network', { vendorCode: 'ENOTFOUND' }, false],
  ['network', { vendorCode: 'EAI_AGAIN' }, false],
  ['network', { vendorCode: 'ECONNRESET' }, true],
  ['network', {}, true],
  ['timeout', {}, true],
  ['server-error', { status: 503 }, true],
  // What a vendor calls its refusals says nothing of sockets.
  ['server-error', { status: 200, vendorCode: 'ECONNREFUSED' }, true],
  ['unconfirmed', { status: 200 }, true],
])('says of %s with %j whether it may have arrived: %s', (reason, details, expected) => {
  const error = new AlertDeliveryFailedError('slack', reason, details)
  expect(error.mayHaveArrived).toBe(expected)
  expect(error.context.mayHaveArrived).toBe(expected)
  expect(mayHaveArrivedDespite(error)).toBe(expected)
})

test('takes the word of a channel that knows better', () => {
  const error = new AlertDeliveryFailedError('sms', 'network', { mayHaveArrived: false })
  expect(mayHaveArrivedDespite(error)).toBe(false)
})

test('takes everything else that a channel throws for what may have arrived', () => {
  const { ...lookalike } = new AlertDeliveryFailedError('sms', 'circuit-open')
  for (const error of [new Error('No.'), lookalike, undefined, 'no']) {
    expect(mayHaveArrivedDespite(error)).toBe(true)
  }
  expect(mayHaveArrivedDespite(new AlertDeliveryRefusedError('sms', {}))).toBe(true)
})
