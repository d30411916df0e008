import { describe, expect, it } from 'vitest'

import { createTestClock } from '../testing/test-clock.ts'
import { signWebhook, verifyWebhook } from './webhook-signature.ts'

// The example of https://github.com/standard-webhooks/standard-webhooks.
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek'
const timestamp = '1614265330'
const body = '{"test": 2432232314}'
const signature = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='

const clock = createTestClock({ now: 1_614_265_330_000 })

function verify(
  headers: Readonly<Record<string, string>>,
  options: Partial<Parameters<typeof verifyWebhook>[0]> = {},
) {
  const all = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature }
  return verifyWebhook({
    secret,
    headers: new Headers({ ...all, ...headers }),
    body,
    clock,
    ...options,
  })
}

it('signs as Standard Webhooks do', () => {
  expect(signWebhook(secret, { id, timestamp, body })).toBe(signature)
})

it('takes a secret without a prefix as text', () => {
  const plain = 'a secret of at least 16 characters'
  const signed = signWebhook(plain, { id, timestamp, body })
  expect(verify({ 'webhook-signature': signed }, { secret: plain })).toMatchObject({ ok: true })
})

describe('verifyWebhook', () => {
  it('knows what was signed, by one of several signatures', () => {
    const signedAt = 1_614_265_330_000
    expect(verify({})).toEqual({ ok: true, id, signedAt })
    expect(verify({ 'webhook-signature': `v1,AAAA ${signature}` })).toMatchObject({ ok: true })
  })

  it.each([
    ['another body', {}, { body: '{"test": 2432232315}' }],
    ['another id', { 'webhook-id': 'msg_other' }, {}],
    ['another timestamp', { 'webhook-timestamp': '1614265331' }, {}],
    ['another secret', {}, { secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx' }],
    ['another version', { 'webhook-signature': signature.replace('v1', 'v2') }, {}],
  ])('refuses %s', (_what, headers, options) => {
    expect(verify(headers, options)).toEqual({ ok: false, reason: 'signature-mismatch' })
  })

  it('refuses what is too old or from the future, and what says no time', () => {
    const at = (offsetMs: number) => ({
      clock: createTestClock({ now: 1_614_265_330_000 + offsetMs }),
    })
    expect(verify({}, at(300_000))).toMatchObject({ ok: true })
    expect(verify({}, at(300_001))).toEqual({ ok: false, reason: 'too-old' })
    expect(verify({}, at(-300_001))).toEqual({ ok: false, reason: 'too-old' })
    const malformed = { 'webhook-timestamp': '2021-02-25' }
    expect(verify(malformed)).toEqual({ ok: false, reason: 'timestamp-malformed' })
  })

  it.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])('misses %s', (name) => {
    expect(verify({ [name]: '' })).toEqual({ ok: false, reason: 'header-missing' })
  })

  it.each(['', 'short', 'whsec_not base64, at all!'])('throws for the secret "%s"', (bad) => {
    expect(() => verify({}, { secret: bad })).toThrow('verifyWebhook: `secret` must be')
  })
})
