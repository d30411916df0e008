import { describe, expect, test } from 'vitest'

import { isAssayError } from '../errors/assay-error.ts'
import { createMetrics } from '../metrics/create-metrics.ts'
import { noMetrics } from '../metrics/no-metrics.ts'
import { createTestClock } from '../testing/test-clock.ts'
import type { AlertDecision, UnconfirmedAlertNotice } from './alert-decision.ts'
import { ALERT_DEDUPLICATOR_NOTICES_TOTAL } from './alert-deduplicator-metrics.ts'
import type { AlertDeduplicator } from './alert-deduplicator.ts'
import {
  type AlertDeduplicatorOptions,
  createAlertDeduplicator,
} from './create-alert-deduplicator.ts'

const COOLDOWN_MS = 300_000
const LEASE_MS = 60_000

function setUp(options: AlertDeduplicatorOptions<'auto'> = {}) {
  const clock = createTestClock({ now: 1_700_000_000_000 })
  return { clock, deduplicator: createAlertDeduplicator({ clock, ...options }) }
}

function setUpManual(options: AlertDeduplicatorOptions<'manual'> = {}) {
  const clock = createTestClock({ now: 1_700_000_000_000 })
  return { clock, deduplicator: createAlertDeduplicator({ clock, ...options, confirm: 'manual' }) }
}

/** What a decision comes to, in one word. */
function outcome(decision: AlertDecision): string {
  return decision.reason ?? decision.why
}

function failTimes(deduplicator: AlertDeduplicator, key: string, times: number): string[] {
  return Array.from({ length: times }, () => outcome(deduplicator.fail(key)))
}

/** Requires a decision that waits for its delivery. */
function notice(decision: AlertDecision<'manual'>): UnconfirmedAlertNotice {
  if (decision.reason === null) throw new Error(`expected a notice, not ${decision.why}`)
  return decision
}

describe('with automatic confirmation', () => {
  test('fires at the third failure in a row, then cools down', () => {
    const { deduplicator } = setUp()
    expect(failTimes(deduplicator, 'rpc', 5)).toEqual([
      'below-threshold',
      'below-threshold',
      'firing',
      'cooling-down',
      'cooling-down',
    ])
  })

  test('starts counting again after a success', () => {
    const { deduplicator } = setUp()
    failTimes(deduplicator, 'rpc', 2)
    expect(outcome(deduplicator.succeed('rpc'))).toBe('not-alerted')
    expect(failTimes(deduplicator, 'rpc', 3)).toEqual([
      'below-threshold',
      'below-threshold',
      'firing',
    ])
  })

  test('repeats with the first failure once the cooldown has passed, to the millisecond', async () => {
    const { clock, deduplicator } = setUp()
    failTimes(deduplicator, 'rpc', 3)
    await clock.advance(COOLDOWN_MS - 1)
    expect(failTimes(deduplicator, 'rpc', 1)).toEqual(['cooling-down'])
    await clock.advance(1)
    expect(failTimes(deduplicator, 'rpc', 2)).toEqual(['repeat', 'cooling-down'])
    await clock.advance(COOLDOWN_MS)
    expect(failTimes(deduplicator, 'rpc', 1)).toEqual(['repeat'])
  })

  test('resolves with the first success after an alert, once', () => {
    const { deduplicator } = setUp()
    failTimes(deduplicator, 'rpc', 4)
    expect(outcome(deduplicator.succeed('rpc'))).toBe('resolved')
    expect(outcome(deduplicator.succeed('rpc'))).toBe('not-alerted')
  })

  test('tells what people need to know, and hands the error on', async () => {
    const { clock, deduplicator } = setUp({ threshold: 2 })
    const error = new Error('no route to host')
    const firstFailureAt = clock.now()
    deduplicator.fail('rpc:base')
    await clock.advance(10)
    expect(deduplicator.fail('rpc:base', error)).toEqual({
      reason: 'firing',
      key: 'rpc:base',
      fingerprint: 'rpc:base',
      failureCount: 2,
      failingSince: firstFailureAt,
      suppressedCount: 1,
      error,
    })
    failTimes(deduplicator, 'rpc:base', 4)
    await clock.advance(COOLDOWN_MS)
    expect(deduplicator.fail('rpc:base')).toMatchObject({
      reason: 'repeat',
      failureCount: 7,
      failingSince: firstFailureAt,
      suppressedCount: 4,
      error: undefined,
    })
    failTimes(deduplicator, 'rpc:base', 1)
    expect(deduplicator.succeed('rpc:base')).toMatchObject({
      reason: 'resolved',
      failureCount: 8,
      failingSince: firstFailureAt,
      suppressedCount: 1,
    })
  })

  test('allocates nothing for a quiet decision: it is a shared frozen object', () => {
    const { deduplicator } = setUp()
    expect(deduplicator.fail('a')).toBe(deduplicator.fail('b'))
    expect(Object.isFrozen(deduplicator.succeed('c'))).toBe(true)
  })

  test('fires at once with a threshold of 1, and repeats each failure without a cooldown', () => {
    const { deduplicator } = setUp({ threshold: 1, cooldownMs: 0 })
    expect(failTimes(deduplicator, 'rpc', 3)).toEqual(['firing', 'repeat', 'repeat'])
  })

  test('keeps keys apart', () => {
    const { deduplicator } = setUp({ threshold: 2 })
    expect(failTimes(deduplicator, 'a', 1)).toEqual(['below-threshold'])
    expect(failTimes(deduplicator, 'b', 2)).toEqual(['below-threshold', 'firing'])
    expect(outcome(deduplicator.succeed('a'))).toBe('not-alerted')
    expect(deduplicator.failureCount('b')).toBe(2)
  })

  test('neither silences nor repeats when the wall clock jumps', async () => {
    const { clock, deduplicator } = setUp()
    failTimes(deduplicator, 'rpc', 3)
    clock.setWallClock(0)
    expect(failTimes(deduplicator, 'rpc', 1)).toEqual(['cooling-down'])
    clock.setWallClock(4_000_000_000_000)
    expect(failTimes(deduplicator, 'rpc', 1)).toEqual(['cooling-down'])
    clock.setWallClock(0)
    await clock.advance(COOLDOWN_MS)
    expect(failTimes(deduplicator, 'rpc', 1)).toEqual(['repeat'])
  })

  test('still tells cooldowns apart after a year of running', async () => {
    const { clock, deduplicator } = setUp()
    await clock.advance(365 * 86_400_000)
    failTimes(deduplicator, 'rpc', 3)
    await clock.advance(COOLDOWN_MS - 1)
    expect(failTimes(deduplicator, 'rpc', 1)).toEqual(['cooling-down'])
    await clock.advance(1)
    expect(failTimes(deduplicator, 'rpc', 1)).toEqual(['repeat'])
  })
})

describe('with manual confirmation', () => {
  test('decides nothing else while a delivery is under way', () => {
    const { deduplicator } = setUpManual()
    expect(failTimes(deduplicator, 'rpc', 5).slice(2)).toEqual([
      'firing',
      'delivery-pending',
      'delivery-pending',
    ])
  })

  test('starts the cooldown at delivery, not at the decision', async () => {
    const { clock, deduplicator } = setUpManual({ threshold: 1 })
    const firing = notice(deduplicator.fail('rpc'))
    await clock.advance(LEASE_MS - 1)
    firing.delivered()
    await clock.advance(COOLDOWN_MS - 1)
    expect(failTimes(deduplicator, 'rpc', 1)).toEqual(['cooling-down'])
    await clock.advance(1)
    expect(failTimes(deduplicator, 'rpc', 1)).toEqual(['repeat'])
  })

  test('fires again with the next failure after a failed delivery', () => {
    const { deduplicator } = setUpManual()
    failTimes(deduplicator, 'rpc', 2)
    notice(deduplicator.fail('rpc')).undelivered()
    expect(deduplicator.fail('rpc')).toMatchObject({
      reason: 'firing',
      failureCount: 4,
      suppressedCount: 3,
    })
  })

  test('repeats again with the next failure after a failed repeat', async () => {
    const { clock, deduplicator } = setUpManual({ threshold: 1 })
    notice(deduplicator.fail('rpc')).delivered()
    await clock.advance(COOLDOWN_MS)
    notice(deduplicator.fail('rpc')).undelivered()
    expect(failTimes(deduplicator, 'rpc', 1)).toEqual(['repeat'])
  })

  test('resolves again with the next success after a failed resolution', () => {
    const { deduplicator } = setUpManual({ threshold: 1 })
    notice(deduplicator.fail('rpc')).delivered()
    notice(deduplicator.succeed('rpc')).undelivered()
    const resolved = notice(deduplicator.succeed('rpc'))
    expect(resolved).toMatchObject({ reason: 'resolved', failureCount: 1 })
    resolved.delivered()
    expect(outcome(deduplicator.succeed('rpc'))).toBe('not-alerted')
    expect(deduplicator.keyCount).toBe(0)
  })

  test('resolves a firing alert whose delivery ended after the success', () => {
    const { deduplicator } = setUpManual({ threshold: 1 })
    const firing = notice(deduplicator.fail('rpc'))
    expect(outcome(deduplicator.succeed('rpc'))).toBe('delivery-pending')
    firing.delivered()
    expect(deduplicator.failureCount('rpc')).toBe(0)
    expect(outcome(deduplicator.succeed('rpc'))).toBe('resolved')
  })

  test('frees a key that recovered before a delivery that failed', () => {
    const { deduplicator } = setUpManual({ threshold: 1 })
    const firing = notice(deduplicator.fail('rpc'))
    deduplicator.succeed('rpc')
    firing.undelivered()
    expect(deduplicator.keyCount).toBe(0)
    expect(outcome(deduplicator.succeed('rpc'))).toBe('not-alerted')
  })

  test('frees a key that recovered after a delivery that failed', () => {
    const { deduplicator } = setUpManual({ threshold: 1 })
    notice(deduplicator.fail('rpc')).undelivered()
    expect(outcome(deduplicator.succeed('rpc'))).toBe('not-alerted')
    expect(deduplicator.keyCount).toBe(0)
  })

  test('never lets a resolution overtake a repeat that is under way', async () => {
    const { clock, deduplicator } = setUpManual({ threshold: 1 })
    notice(deduplicator.fail('rpc')).delivered()
    await clock.advance(COOLDOWN_MS)
    const repeat = notice(deduplicator.fail('rpc'))
    expect(outcome(deduplicator.succeed('rpc'))).toBe('delivery-pending')
    repeat.undelivered()
    expect(outcome(deduplicator.succeed('rpc'))).toBe('resolved')
  })

  test.each(['firing', 'repeat', 'resolved'] as const)(
    'decides %s anew once the lease of its delivery has run out',
    async (reason) => {
      const { clock, deduplicator } = setUpManual({ threshold: 1 })
      const again = () =>
        outcome(reason === 'resolved' ? deduplicator.succeed('rpc') : deduplicator.fail('rpc'))
      if (reason !== 'firing') {
        notice(deduplicator.fail('rpc')).delivered()
        await clock.advance(COOLDOWN_MS)
      }
      expect(again()).toBe(reason)
      await clock.advance(LEASE_MS - 1)
      expect(again()).toBe('delivery-pending')
      await clock.advance(1)
      expect(again()).toBe(reason)
    },
  )

  test('resolves a firing alert that nobody confirmed: people may have it', async () => {
    const { clock, deduplicator } = setUpManual({ threshold: 1 })
    deduplicator.fail('rpc')
    deduplicator.succeed('rpc')
    await clock.advance(LEASE_MS)
    expect(outcome(deduplicator.succeed('rpc'))).toBe('resolved')
  })

  test('fires, not repeats, after a resolution that nobody confirmed', async () => {
    const { clock, deduplicator } = setUpManual({ threshold: 2 })
    deduplicator.fail('rpc')
    notice(deduplicator.fail('rpc')).delivered()
    deduplicator.succeed('rpc')
    await clock.advance(LEASE_MS)
    expect(failTimes(deduplicator, 'rpc', 2)).toEqual(['below-threshold', 'firing'])
  })

  test('goes on with the open alert when its resolution failed and it fails anew', async () => {
    const { clock, deduplicator } = setUpManual({ threshold: 2 })
    deduplicator.fail('rpc')
    notice(deduplicator.fail('rpc')).delivered()
    const resolved = notice(deduplicator.succeed('rpc'))
    expect(failTimes(deduplicator, 'rpc', 1)).toEqual(['delivery-pending'])
    resolved.undelivered()
    expect(failTimes(deduplicator, 'rpc', 1)).toEqual(['cooling-down'])
    await clock.advance(COOLDOWN_MS)
    expect(failTimes(deduplicator, 'rpc', 1)).toEqual(['repeat'])
  })

  test('fires for a new row that reached the threshold while the resolution was under way', () => {
    const { deduplicator } = setUpManual({ threshold: 2 })
    deduplicator.fail('rpc')
    notice(deduplicator.fail('rpc')).delivered()
    const resolved = notice(deduplicator.succeed('rpc'))
    expect(failTimes(deduplicator, 'rpc', 2)).toEqual(['delivery-pending', 'delivery-pending'])
    resolved.delivered()
    expect(deduplicator.fail('rpc')).toMatchObject({ reason: 'firing', failureCount: 3 })
  })

  test('takes a late confirmation as long as nothing newer was decided', async () => {
    const { clock, deduplicator } = setUpManual({ threshold: 1 })
    const firing = notice(deduplicator.fail('rpc'))
    await clock.advance(LEASE_MS * 2)
    firing.delivered()
    expect(failTimes(deduplicator, 'rpc', 1)).toEqual(['cooling-down'])
  })

  test('ignores the confirmation of a decision that a newer one has replaced', async () => {
    const { clock, deduplicator } = setUpManual({ threshold: 1 })
    const first = notice(deduplicator.fail('rpc'))
    await clock.advance(LEASE_MS)
    const second = notice(deduplicator.fail('rpc'))
    first.undelivered()
    expect(failTimes(deduplicator, 'rpc', 1)).toEqual(['delivery-pending'])
    second.delivered()
    first.undelivered()
    expect(failTimes(deduplicator, 'rpc', 1)).toEqual(['cooling-down'])
  })

  test('ignores the confirmation of a decision from before a reset', () => {
    const { deduplicator } = setUpManual({ threshold: 1 })
    const before = notice(deduplicator.fail('rpc'))
    deduplicator.reset('rpc')
    before.delivered()
    expect(deduplicator.keyCount).toBe(0)
    deduplicator.fail('rpc')
    before.delivered()
    expect(failTimes(deduplicator, 'rpc', 1)).toEqual(['delivery-pending'])
  })

  test('counts the first of several confirmations only', async () => {
    const { clock, deduplicator } = setUpManual({ threshold: 1 })
    const firing = notice(deduplicator.fail('rpc'))
    firing.delivered()
    await clock.advance(COOLDOWN_MS - 1)
    firing.delivered()
    firing.undelivered()
    await clock.advance(1)
    expect(failTimes(deduplicator, 'rpc', 1)).toEqual(['repeat'])
  })
})

describe('at maxKeys', () => {
  test('evicts the key that has been kept longest without alerting', () => {
    const { deduplicator } = setUp({ maxKeys: 3, threshold: 2 })
    failTimes(deduplicator, 'alerting', 2)
    failTimes(deduplicator, 'older', 1)
    failTimes(deduplicator, 'newer', 1)
    failTimes(deduplicator, 'new', 1)
    expect(deduplicator.activeFailures().map(({ key }) => key)).toEqual([
      'alerting',
      'newer',
      'new',
    ])
    expect(deduplicator).toMatchObject({ keyCount: 3, evictedCount: 1, refusedCount: 0 })
    expect(outcome(deduplicator.succeed('alerting'))).toBe('resolved')
  })

  test('refuses a new key when all are alerting, and takes it when one has recovered', () => {
    const { deduplicator } = setUp({ maxKeys: 2, threshold: 1 })
    failTimes(deduplicator, 'a', 1)
    failTimes(deduplicator, 'b', 1)
    expect(failTimes(deduplicator, 'c', 2)).toEqual(['at-capacity', 'at-capacity'])
    expect(deduplicator).toMatchObject({ keyCount: 2, evictedCount: 0, refusedCount: 2 })
    expect(failTimes(deduplicator, 'a', 1)).toEqual(['cooling-down'])
    deduplicator.succeed('a')
    expect(failTimes(deduplicator, 'c', 1)).toEqual(['firing'])
  })

  test('keeps a key whose delivery is under way, failed, or was never confirmed', async () => {
    const { clock, deduplicator } = setUpManual({ maxKeys: 3, threshold: 1 })
    deduplicator.fail('unconfirmed')
    await clock.advance(LEASE_MS)
    deduplicator.fail('under way')
    notice(deduplicator.fail('failed')).undelivered()
    expect(failTimes(deduplicator, 'new', 1)).toEqual(['at-capacity'])
    expect(failTimes(deduplicator, 'failed', 1)).toEqual(['firing'])
    expect(failTimes(deduplicator, 'unconfirmed', 1)).toEqual(['firing'])
  })

  test('lets a key be evicted again that fails anew after its resolution', () => {
    const { deduplicator } = setUpManual({ maxKeys: 1, threshold: 2 })
    deduplicator.fail('a')
    notice(deduplicator.fail('a')).delivered()
    const resolved = notice(deduplicator.succeed('a'))
    deduplicator.fail('a')
    expect(failTimes(deduplicator, 'b', 1)).toEqual(['at-capacity'])
    resolved.delivered()
    expect(failTimes(deduplicator, 'b', 1)).toEqual(['below-threshold'])
    expect(deduplicator.failureCount('a')).toBe(0)
  })

  test('stays within its bound, and keeps its alerts, in a flood of a million keys', () => {
    const { deduplicator } = setUp({ maxKeys: 1_000 })
    for (let index = 0; index < 500; index += 1) failTimes(deduplicator, `alert-${index}`, 3)
    for (let index = 0; index < 1_000_000; index += 1) deduplicator.fail(`flood-${index}`)
    expect(deduplicator).toMatchObject({ keyCount: 1_000, evictedCount: 999_500 })
    for (let index = 0; index < 500; index += 1) {
      expect(deduplicator.succeed(`alert-${index}`).reason).toBe('resolved')
    }
  })
})

describe('looking in from outside', () => {
  test('counts the failures of a key, and 0 for a key that works', () => {
    const { deduplicator } = setUp()
    failTimes(deduplicator, 'rpc', 4)
    expect(deduplicator.failureCount('rpc')).toBe(4)
    expect(deduplicator.failureCount('other')).toBe(0)
    deduplicator.succeed('rpc')
    expect(deduplicator.failureCount('rpc')).toBe(0)
  })

  test('lists the keys that fail now, and not those that recovered', async () => {
    const { clock, deduplicator } = setUpManual({ threshold: 2 })
    const at = clock.now()
    failTimes(deduplicator, 'alerting', 2)
    failTimes(deduplicator, 'recovered', 2)
    deduplicator.succeed('recovered')
    await clock.advance(5)
    failTimes(deduplicator, 'quiet', 1)
    expect(deduplicator.activeFailures()).toEqual([
      { key: 'alerting', failureCount: 2, failingSince: at, alerting: true },
      { key: 'quiet', failureCount: 1, failingSince: at + 5, alerting: false },
    ])
    expect(deduplicator.keyCount).toBe(3)
  })

  test('forgets a key on reset, without a resolution', () => {
    const { deduplicator } = setUp()
    failTimes(deduplicator, 'rpc', 3)
    deduplicator.reset('rpc')
    deduplicator.reset('never seen')
    expect(deduplicator.keyCount).toBe(0)
    expect(outcome(deduplicator.succeed('rpc'))).toBe('not-alerted')
    expect(failTimes(deduplicator, 'rpc', 1)).toEqual(['below-threshold'])
  })

  test('counts notices, evictions and refusals in the metrics', () => {
    const counted: string[] = []
    const metrics = {
      ...noMetrics,
      counter: ({ name }: { name: string }) => ({
        labels: (values: object) => ({
          inc: () => counted.push([name, ...Object.values(values)].join(' ')),
        }),
      }),
    }
    const { deduplicator } = setUp({
      name: 'payouts',
      metrics,
      threshold: 2,
      cooldownMs: 0,
      maxKeys: 1,
    })
    failTimes(deduplicator, 'evicted', 1)
    failTimes(deduplicator, 'rpc', 3)
    failTimes(deduplicator, 'refused', 1)
    deduplicator.succeed('rpc')
    expect(counted).toEqual([
      'alert_deduplicator_evicted_total payouts',
      'alert_deduplicator_notices_total payouts firing',
      'alert_deduplicator_notices_total payouts repeat',
      'alert_deduplicator_refused_total payouts',
      'alert_deduplicator_notices_total payouts resolved',
    ])
  })

  test('counts apart from others in the same metrics, under its name', () => {
    const metrics = createMetrics()
    failTimes(setUp({ metrics, name: 'rpc', threshold: 1 }).deduplicator, 'key', 1)
    failTimes(setUp({ metrics, threshold: 1, cooldownMs: 0 }).deduplicator, 'key', 2)
    const notices = metrics.collect().find(({ name }) => name === ALERT_DEDUPLICATOR_NOTICES_TOTAL)
    const counted = notices?.series.filter((sample) => 'value' in sample && sample.value > 0)
    expect(counted).toMatchObject([
      { labels: { name: 'rpc', reason: 'firing' }, value: 1 },
      { labels: { name: 'default', reason: 'firing' }, value: 1 },
      { labels: { name: 'default', reason: 'repeat' }, value: 1 },
    ])
  })

  test('decides the same when a metric throws', () => {
    const inc = (): never => {
      throw new Error('registry is full')
    }
    const metrics = { ...noMetrics, counter: () => ({ labels: () => ({ inc }) }) }
    const { deduplicator } = setUp({ metrics, threshold: 1, maxKeys: 1 })
    expect(failTimes(deduplicator, 'a', 1)).toEqual(['firing'])
    expect(failTimes(deduplicator, 'b', 1)).toEqual(['at-capacity'])
  })
})

describe('changing the rules', () => {
  test('a lower threshold lets the next failure fire', () => {
    const { deduplicator } = setUp({ threshold: 10 })
    failTimes(deduplicator, 'rpc', 5)
    deduplicator.setThreshold(2)
    expect(failTimes(deduplicator, 'rpc', 1)).toEqual(['firing'])
  })

  test('a higher threshold silences a key until it reaches it, and still resolves', async () => {
    const { clock, deduplicator } = setUp({ threshold: 1 })
    failTimes(deduplicator, 'rpc', 1)
    deduplicator.setThreshold(3)
    await clock.advance(COOLDOWN_MS)
    expect(failTimes(deduplicator, 'rpc', 2)).toEqual(['below-threshold', 'repeat'])
    deduplicator.setThreshold(100)
    expect(outcome(deduplicator.succeed('rpc'))).toBe('resolved')
  })

  test('another cooldown counts from the alert that people had last', async () => {
    const { clock, deduplicator } = setUp({ threshold: 1 })
    failTimes(deduplicator, 'rpc', 1)
    await clock.advance(1_000)
    deduplicator.setCooldown(1_001)
    expect(failTimes(deduplicator, 'rpc', 1)).toEqual(['cooling-down'])
    deduplicator.setCooldown(1_000)
    expect(failTimes(deduplicator, 'rpc', 1)).toEqual(['repeat'])
  })

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'refuses a threshold of %s, and keeps the one that it has',
    (threshold) => {
      const { deduplicator } = setUp({ threshold: 1 })
      expect(() => deduplicator.setThreshold(threshold)).toThrow('`threshold`')
      expect(() => createAlertDeduplicator({ threshold })).toThrow('`threshold`')
      expect(failTimes(deduplicator, 'rpc', 1)).toEqual(['firing'])
    },
  )

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])(
    'refuses a cooldown of %s',
    (cooldownMs) => {
      const { deduplicator } = setUp()
      expect(() => deduplicator.setCooldown(cooldownMs)).toThrow('`cooldownMs`')
      expect(() => createAlertDeduplicator({ cooldownMs })).toThrow('`cooldownMs`')
    },
  )

  test('refuses other options that it cannot work with', () => {
    const attempts: AlertDeduplicatorOptions[] = [
      { maxKeys: 0 },
      { deliveryLeaseMs: 0 },
      { name: '' },
      { confirm: 'later' as 'manual' },
    ]
    for (const options of attempts) {
      let caught: unknown
      try {
        createAlertDeduplicator(options)
      } catch (error) {
        caught = error
      }
      expect(isAssayError(caught, 'INVALID_OPTION')).toBe(true)
    }
  })
})

describe('hostile keys', () => {
  test.each(['', '__proto__', 'constructor', 'toString', '\0', '\uD800', ' ', 'é', '💸'])(
    'treats %j as any other key',
    (key) => {
      const { deduplicator } = setUp()
      expect(deduplicator.failureCount(key)).toBe(0)
      expect(outcome(deduplicator.succeed(key))).toBe('not-alerted')
      expect(failTimes(deduplicator, key, 3).at(-1)).toBe('firing')
      expect(deduplicator.activeFailures()).toMatchObject([{ key, failureCount: 3 }])
      expect(outcome(deduplicator.succeed(key))).toBe('resolved')
    },
  )

  test('keeps a key above 255 characters as its fingerprint, and tells such keys apart', () => {
    const { deduplicator } = setUp({ threshold: 2 })
    const long = 'x'.repeat(1_000_000)
    failTimes(deduplicator, `${long}a`, 1)
    failTimes(deduplicator, `${long}b`, 1)
    const decision = deduplicator.fail(`${long}a`)
    expect(decision).toMatchObject({ reason: 'firing', key: `${long}a` })
    for (const { key } of deduplicator.activeFailures()) expect(key).toHaveLength(255)
    expect(deduplicator.failureCount(`${long}b`)).toBe(1)
  })
})
