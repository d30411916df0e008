import {
  alertmanagerComplaints,
  sampleAlert,
  sampleNotification,
  startHttpReceiver,
} from '@assay/test-servers'
import { afterEach, describe, expect, it } from 'vitest'

import type { AlertNotification, NotifiedAlert } from '../alerts/alert-notification.ts'
import { silentLogger } from '../logger/logger.ts'
import { createMetrics } from '../metrics/create-metrics.ts'
import { createTestClock } from '../testing/test-clock.ts'
import type { AlertmanagerAlert } from './alertmanager-alert.ts'
import { alertmanagerChannel, type AlertmanagerChannelOptions } from './alertmanager-channel.ts'

const never = new AbortController().signal
const NOON = Date.UTC(2026, 4, 1, 12)

const cleanUps: (() => Promise<void> | undefined)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

async function start(options: Partial<AlertmanagerChannelOptions> = {}) {
  const receiver = await startHttpReceiver({ status: 200 })
  const clock = createTestClock({ now: NOON })
  const warnings: object[] = []
  const metrics = createMetrics()
  const channel = alertmanagerChannel({
    url: `${receiver.url}/prefix/`,
    clock,
    metrics,
    logger: { ...silentLogger, warn: (facts) => void warnings.push(facts) },
    ...options,
  })
  cleanUps.push(
    () => receiver.close(),
    () => channel.close?.(),
  )
  return {
    receiver,
    clock,
    channel,
    warnings,
    metrics,
    deliver: (fields: Partial<AlertNotification>) =>
      channel.deliver(sampleNotification(fields), { signal: never }),
    /** The alerts of the request, counted from 0. */
    posted: (index: number) =>
      JSON.parse(receiver.requests[index]?.body ?? '[]') as AlertmanagerAlert[],
    /** Passes a minute, and lets the request that it brings end. */
    passMinute: async () => {
      const count = receiver.requests.length
      await clock.advance(60_000)
      await receiver.received(count + 1)
      while (clock.pending > 1) await clock.advance(0)
    },
  }
}

const firing = (market: string, fields: Partial<NotifiedAlert> = {}): NotifiedAlert =>
  sampleAlert({ fingerprint: market, labels: { market }, ...fields })

const resolved = (market: string, endsAt = NOON): NotifiedAlert =>
  firing(market, { status: 'resolved', endsAt })

const marketsOf = (alerts: readonly AlertmanagerAlert[]) =>
  alerts.map(({ labels }) => labels['market'])

describe('alertmanagerChannel', () => {
  it('posts each alert, firing for four more minutes unless it is sent again', async () => {
    const { receiver, deliver, posted } = await start()
    await deliver({ alerts: [firing('a', { runbookUrl: 'https://example.com/r' })] })
    expect(receiver.requests[0]?.path).toBe('/prefix/api/v2/alerts')
    expect(alertmanagerComplaints(receiver.requests[0]?.body ?? '')).toEqual([])
    expect(posted(0)).toEqual([
      {
        labels: { alertname: 'OracleServiceDown', market: 'a', severity: 'critical' },
        annotations: {
          summary: 'The oracle has not answered for 2 minutes.',
          runbook_url: 'https://example.com/r',
          source: 'oracle',
        },
        startsAt: '2026-05-01T09:30:00.000Z',
        endsAt: '2026-05-01T12:04:00.000Z',
      },
    ])
  })

  it('sends every firing alert again each minute, and stops when the last has ended', async () => {
    const { clock, receiver, deliver, posted, passMinute } = await start()
    await deliver({ alerts: [firing('a'), firing('b')] })
    await passMinute()
    expect(marketsOf(posted(1))).toEqual(['a', 'b'])
    expect(posted(1)[0]?.endsAt).toBe('2026-05-01T12:05:00.000Z')

    await deliver({ alerts: [firing('b'), resolved('a', NOON + 30_000)] })
    expect(posted(2).map(({ endsAt }) => endsAt)).toEqual([
      '2026-05-01T12:05:00.000Z',
      '2026-05-01T12:00:30.000Z',
    ])
    await passMinute()
    expect(marketsOf(posted(3))).toEqual(['b'])

    await deliver({ status: 'resolved', reason: 'resolved', alerts: [resolved('b')] })
    await clock.advance(600_000)
    expect(receiver.requests).toHaveLength(5)
    expect(clock.pending).toBe(0)
  })

  it('takes a notification for the whole of its group, and leaves other groups alone', async () => {
    const { deliver, posted, passMinute } = await start()
    await deliver({ groupKey: 'g', alerts: [firing('a'), firing('b')] })
    await deliver({ groupKey: 'h', alerts: [firing('c')] })
    await deliver({ groupKey: 'g', alerts: [firing('b')] })
    await passMinute()
    expect(new Set(marketsOf(posted(3)))).toEqual(new Set(['b', 'c']))
  })

  it('keeps what a notification omits, until the group has ended', async () => {
    const { clock, deliver, posted, passMinute, receiver } = await start()
    await deliver({ alerts: [firing('a'), firing('b')] })
    await deliver({ alerts: [firing('b')], omittedAlertCount: 1 })
    await passMinute()
    expect(new Set(marketsOf(posted(2)))).toEqual(new Set(['a', 'b']))
    await deliver({ status: 'resolved', alerts: [resolved('b')], omittedAlertCount: 1 })
    await clock.advance(120_000)
    expect(receiver.requests).toHaveLength(4)
  })

  it('bounds what it sends again, and counts what it does not', async () => {
    const { deliver, posted, passMinute, warnings, metrics } = await start({ alertsMax: 2 })
    await deliver({ alerts: ['a', 'b', 'c', 'd'].map((market) => firing(market)) })
    expect(posted(0)).toHaveLength(4)
    await passMinute()
    expect(marketsOf(posted(1))).toEqual(['a', 'b'])
    expect(warnings).toEqual([{ channel: 'alertmanager', untracked: 2, alertsMax: 2 }])
    const family = metrics.collect().find(({ name }) => name === 'alert_channel_untracked_total')
    expect(family?.series).toEqual([{ labels: { channel: 'alertmanager' }, value: 2 }])
  })

  it('posts thousands of alerts in requests of a bounded size', async () => {
    const { deliver, posted, receiver } = await start()
    await deliver({ alerts: Array.from({ length: 600 }, (_, index) => firing(`m-${index}`)) })
    expect(receiver.requests.map((_, index) => posted(index).length)).toEqual([250, 250, 100])
    const large = firing('large', { description: '€'.repeat(8_000) })
    await deliver({ groupKey: 'h', alerts: Array.from({ length: 60 }, () => large) })
    for (const { body } of receiver.requests)
      expect(Buffer.byteLength(body)).toBeLessThan(1_100_000)
    expect(receiver.requests.length).toBe(5)
  })

  it('goes on after a minute in which it could not send', async () => {
    const { clock, receiver, deliver, posted, warnings } = await start({ attemptsMax: 1 })
    await deliver({ alerts: [firing('a')] })
    receiver.play({ status: 500 })
    await clock.advance(60_000)
    await receiver.received(2)
    while (warnings.length === 0) await clock.advance(0)
    expect(warnings).toEqual([{ channel: 'alertmanager', alerts: 1 }])
    await clock.advance(60_000)
    await receiver.received(3)
    expect(marketsOf(posted(2))).toEqual(['a'])
  })

  it('tells of an end again that a re-sending may have overtaken', async () => {
    const { clock, receiver, channel, posted } = await start()
    await channel.deliver(sampleNotification({ alerts: [firing('a')] }), { signal: never })
    receiver.play({ kind: 'hang' })
    await clock.advance(60_000)
    await receiver.received(2)
    const end = sampleNotification({ status: 'resolved', alerts: [resolved('a')] })
    await channel.deliver(end, { signal: never })
    // The re-sending that hangs is cut off by its time limit and repeated; then the end follows.
    await clock.advance(10_000)
    while (receiver.requests.length < 5) await clock.advance(1_000)
    expect(posted(4)).toEqual(posted(2))
    expect(posted(4)[0]?.endsAt).toBe('2026-05-01T12:00:00.000Z')
  })

  it('ends what runs in the background when it is closed, and waits for deliveries', async () => {
    const { clock, receiver, channel } = await start()
    await channel.deliver(sampleNotification({ alerts: [firing('a')] }), { signal: never })
    receiver.play({ kind: 'hang' })
    await clock.advance(60_000)
    await receiver.received(2)
    await channel.close?.()
    expect(clock.pending).toBe(0)
    await clock.advance(600_000)
    expect(receiver.requests).toHaveLength(2)
    const late = channel.deliver(sampleNotification(), { signal: never })
    await expect(late).rejects.toMatchObject({ reason: 'closed', retry: 'safe' })
  })

  it('keeps alerts apart whose labels an Alertmanager would not tell apart', async () => {
    const { deliver, posted, receiver } = await start()
    const labels = { 'market-id': 'm', severity: 'mine', '1st': 'x', '': 'y', ok: 'z' }
    await deliver({ alerts: [firing('a', { labels })] })
    expect(alertmanagerComplaints(receiver.requests[0]?.body ?? '')).toEqual([])
    expect(posted(0)[0]?.labels).toEqual({
      market_id: 'm',
      _1st: 'x',
      _: 'y',
      ok: 'z',
      alertname: 'OracleServiceDown',
      severity: 'critical',
      assay_fingerprint: 'a',
    })
  })

  it('never says that an alert ended before it began', async () => {
    const { deliver, posted, receiver } = await start()
    const future = firing('a', { startsAt: NOON + 3_600_000 })
    const backwards = firing('b', { status: 'resolved', startsAt: NOON, endsAt: NOON - 1 })
    await deliver({ alerts: [future, backwards] })
    expect(alertmanagerComplaints(receiver.requests[0]?.body ?? '')).toEqual([])
    for (const { startsAt, endsAt } of posted(0)) expect(endsAt).toBe(startsAt)
  })
})
