import {
  alertmanagerComplaints,
  sampleAlert,
  sampleNotification,
  startHttpReceiver,
} from '@assay/test-servers'
import { afterEach, describe, expect, it } from 'vitest'

import type { AlertResending } from '../alerts/alert-channel.ts'
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
  cleanUps.push(() => receiver.close())
  return {
    receiver,
    clock,
    channel,
    warnings,
    metrics,
    deliver: (fields: Partial<AlertNotification>) =>
      channel.deliver(sampleNotification(fields), { signal: never }),
    resend: async (fields: Partial<AlertResending>) =>
      channel.resend?.(
        { receiver: 'am', alerts: [], omittedAlertCount: 0, ...fields },
        { signal: never },
      ),
    /** The alerts of the request, counted from 0. */
    posted: (index: number) =>
      JSON.parse(receiver.requests[index]?.body ?? '[]') as AlertmanagerAlert[],
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

  it('says the ends of a notification, and ends nothing because it is absent', async () => {
    const { deliver, posted, receiver, clock } = await start()
    await deliver({ alerts: [firing('a'), firing('b')] })
    await deliver({ alerts: [resolved('a', NOON - 30_000)], reason: 'resolved-members' })
    expect(marketsOf(posted(1))).toEqual(['a'])
    expect(posted(1)[0]?.endsAt).toBe('2026-05-01T11:59:30.000Z')
    await clock.advance(600_000)
    expect(receiver.requests).toHaveLength(2)
    expect(clock.pending).toBe(0)
  })

  it('sends again what it is given, firing for four more intervals', async () => {
    const { clock, resend, posted } = await start({ resendEveryMs: 30_000 })
    await clock.advance(10_000)
    await resend({ alerts: [firing('a'), resolved('b')] })
    expect(posted(0).map(({ labels, endsAt }) => [labels['market'], endsAt])).toEqual([
      ['a', '2026-05-01T12:02:10.000Z'],
      ['b', '2026-05-01T12:00:00.000Z'],
    ])
  })

  it('asks for what fires each minute and for 10,000 alerts at most, unless it is told otherwise', async () => {
    const { channel } = await start()
    expect(channel).toMatchObject({ resendEveryMs: 60_000, resendAlertsMax: 10_000 })
    const other = await start({ resendEveryMs: 5_000, alertsMax: 2 })
    expect(other.channel).toMatchObject({ resendEveryMs: 5_000, resendAlertsMax: 2 })
  })

  it('counts what is not sent again because of its bound', async () => {
    const { resend, posted, warnings, metrics } = await start({ alertsMax: 2 })
    await resend({ alerts: [firing('a'), firing('b')], omittedAlertCount: 3 })
    expect(marketsOf(posted(0))).toEqual(['a', 'b'])
    expect(warnings).toEqual([{ channel: 'alertmanager', untracked: 3, alertsMax: 2 }])
    const family = metrics.collect().find(({ name }) => name === 'alert_channel_untracked_total')
    expect(family?.series).toEqual([{ labels: { channel: 'alertmanager' }, value: 3 }])
  })

  it('says that a delivery may have arrived once one of its requests has', async () => {
    const { deliver, receiver, posted } = await start({ attemptsMax: 1 })
    const alerts = Array.from({ length: 300 }, (_, index) => firing(`m-${index}`))
    receiver.play({ status: 200 }, { status: 429 })
    await expect(deliver({ alerts })).rejects.toMatchObject({
      reason: 'rate-limited',
      mayHaveArrived: true,
    })
    expect(posted(0)).toHaveLength(250)
    receiver.play({ status: 429 })
    await expect(deliver({ alerts })).rejects.toMatchObject({ mayHaveArrived: false })
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
