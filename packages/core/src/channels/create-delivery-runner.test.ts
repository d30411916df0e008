import { sampleNotification } from '@assay/test-servers'
import { describe, expect, it } from 'vitest'

import { createAlertManager } from '../alert-manager/create-alert-manager.ts'
import { silentLogger } from '../logger/logger.ts'
import { createMetrics } from '../metrics/create-metrics.ts'
import { createTestClock } from '../testing/test-clock.ts'
import type { HttpResponse } from './alert-channel-options.ts'
import { AlertDeliveryFailedError } from './alert-delivery-error.ts'
import { createDeliveryRunner, readChannelSettings } from './create-delivery-runner.ts'
import { slackChannel } from './slack-channel.ts'

const HOUR_MS = 3_600_000
const never = new AbortController().signal

/** A Slack that answers as it is told to, and notes when it was asked. */
function startSlack(options: { holdMaxMs?: number } = {}) {
  const clock = createTestClock()
  const metrics = createMetrics()
  const warnings: object[] = []
  const askedAt: number[] = []
  const retryAfterSeconds: (number | undefined)[] = []
  const answer = async (): Promise<HttpResponse> => {
    askedAt.push(clock.now())
    const seconds = retryAfterSeconds.shift()
    if (seconds === undefined) return new Response('ok')
    return new Response('', { status: 429, headers: { 'retry-after': `${seconds}` } })
  }
  const channel = slackChannel({
    webhookUrl: 'https://example.com/hook',
    fetch: answer,
    clock,
    random: () => 0,
    metrics,
    logger: { ...silentLogger, warn: (facts) => void warnings.push(facts) },
    ...options,
  })
  const deliver = () => channel.deliver(sampleNotification(), { signal: never })
  return { channel, clock, metrics, warnings, askedAt, deliver, retryAfterSeconds }
}

describe('a pause that the other side asks for', () => {
  it('holds the channel for an hour at most, however long it is', async () => {
    const { clock, deliver, askedAt, warnings, metrics, retryAfterSeconds } = startSlack()
    // Somebody sent a moment where seconds belong.
    retryAfterSeconds.push(1_767_225_600)
    await expect(deliver()).rejects.toMatchObject({
      reason: 'rate-limited',
      retryAfterMs: 1_767_225_600_000,
    })
    const next = deliver()
    await clock.advance(HOUR_MS)
    await next
    expect(askedAt).toEqual([0, HOUR_MS])

    const facts = { channel: 'slack', retryAfterMs: 1_767_225_600_000, holdMaxMs: HOUR_MS }
    expect(warnings).toEqual([facts])
    const cuts = metrics.collect().find(({ name }) => name === 'alert_channel_cut_pauses_total')
    expect(cuts?.series).toEqual([{ labels: { channel: 'slack' }, value: 1 }])
  })

  it('is waited for in full where it is no longer than the channel allows', async () => {
    const { clock, deliver, askedAt, warnings, retryAfterSeconds } = startSlack({
      holdMaxMs: 2 * HOUR_MS,
    })
    retryAfterSeconds.push(7_200)
    const delivery = deliver()
    await clock.advance(2 * HOUR_MS)
    await delivery
    expect(askedAt).toEqual([0, 2 * HOUR_MS])
    expect(warnings).toEqual([])
  })

  it('holds back the attempts of the alert manager that come before its end', async () => {
    const { channel, clock, askedAt, retryAfterSeconds } = startSlack()
    const codes: unknown[] = []
    const warn = (facts: object): void => void codes.push((facts as { code?: unknown }).code)
    const manager = createAlertManager({
      policy: { route: { receiver: 'slack', groupWaitMs: 0, groupIntervalMs: 10_000 } },
      channels: { slack: channel },
      deliveryTimeoutMs: 30_000,
      clock,
      random: () => 0,
      logger: { ...silentLogger, warn },
    })
    await manager.fire({
      name: 'SettlementStuck',
      severity: 'high',
      labels: {},
      summary: 'A market has not settled.',
      startsAt: 0,
      source: 'test',
    })
    retryAfterSeconds.push(120)
    const ticks = [manager.tick()]
    for (let second = 0; second < 300; second += 1) {
      await clock.advance(1_000)
      ticks.push(manager.tick())
    }
    await Promise.all(ticks)
    // Each delivery may take 30 seconds, so that three end within the pause.
    expect(codes).toEqual(Array.from({ length: 3 }, () => 'ALERT_DELIVERY_TIMEOUT'))
    expect(askedAt).toEqual([0, 120_000])
    await manager.close()
  })
})

describe('whether a delivery that failed may have arrived', () => {
  /** Gives what each attempt throws in turn, `hang` for one that never answers. */
  function play(...attempts: (AlertDeliveryFailedError | 'hang')[]) {
    const clock = createTestClock()
    const options = { clock, random: () => 0, timeoutMs: 1_000, attemptsMax: attempts.length }
    const settings = readChannelSettings('test', options, { name: 'test', intervalMs: 0 })
    const run = createDeliveryRunner(settings)
    const attempt = async (): Promise<void> => {
      const next = attempts.shift()
      if (next !== undefined && next !== 'hang') throw next
      await new Promise<never>(() => {})
    }
    const caller = new AbortController()
    const error = run(attempt, { signal: caller.signal }).catch((thrown: unknown) => thrown)
    return { clock, caller, error }
  }
  const paused = (retryAfterMs?: number) =>
    new AlertDeliveryFailedError('test', 'rate-limited', { status: 429, retryAfterMs })
  const cut = () => new AlertDeliveryFailedError('test', 'network', { vendorCode: 'ECONNRESET' })

  it('is no where every attempt says so', async () => {
    const { error, clock } = play(paused(), paused())
    await clock.advance(0)
    expect(await error).toMatchObject({ reason: 'rate-limited', mayHaveArrived: false })
  })

  it.each([
    ['was cut', cut()],
    ['never answered', 'hang' as const],
  ])('is yes where an earlier attempt %s, whatever the last one says', async (_, first) => {
    const { error, clock } = play(first, paused(5))
    await clock.advance(1_000)
    expect(await error).toMatchObject({
      reason: 'rate-limited',
      mayHaveArrived: true,
      retryAfterMs: 5,
      context: { status: 429 },
    })
  })

  it('is no where its caller gave up while nothing had been sent', async () => {
    const { error, clock, caller } = play(paused(120_000), paused())
    await clock.advance(30_000)
    caller.abort('enough')
    expect(await error).toMatchObject({ reason: 'rate-limited', mayHaveArrived: false })
  })

  it('is not known where its caller gave up during an attempt', async () => {
    const { error, clock, caller } = play('hang')
    await clock.advance(500)
    caller.abort('enough')
    expect(await error).toBe('enough')
  })
})
