import { inspect } from 'node:util'

import {
  alertmanagerComplaints,
  type Complaints,
  createSkippingClock,
  discordComplaints,
  type HttpReceiver,
  pagerDutyComplaints,
  type Reply,
  sampleAlert,
  sampleNotification,
  slackComplaints,
  startHttpReceiver,
  webhookComplaints,
} from '@assay/test-servers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import type { AlertChannel } from '../alerts/alert-channel.ts'
import { isAssayError } from '../errors/assay-error.ts'
import { createMetrics } from '../metrics/create-metrics.ts'
import type { HttpAlertChannelOptions, HttpResponse } from './alert-channel-options.ts'
import { alertmanagerChannel } from './alertmanager-channel.ts'
import { discordChannel } from './discord-channel.ts'
import { pagerDutyChannel } from './pager-duty-channel.ts'
import { slackChannel } from './slack-channel.ts'
import { webhookChannel } from './webhook-channel.ts'
import { verifyWebhook } from './webhook-signature.ts'

const never = new AbortController().signal
/** It reads like a vendor's code, so that only knowing it keeps it out. */
const SECRET = 'planted_secret_0123456789_abcdef'

interface Vendor {
  readonly name: string
  /** `url` holds no secret; each vendor adds its own. */
  readonly create: (url: string, options: HttpAlertChannelOptions) => AlertChannel
  readonly success: Reply
  readonly complaints: (body: string) => Complaints
  /** A refusal as the vendor words it, and the code that is read from it. */
  readonly refusal: { readonly reply: Reply; readonly vendorCode: string | undefined }
}

const vendors: readonly Vendor[] = [
  {
    name: 'slack by webhook',
    create: (url, options) => slackChannel({ webhookUrl: `${url}/services/${SECRET}`, ...options }),
    success: { status: 200, body: 'ok' },
    complaints: slackComplaints,
    refusal: { reply: { status: 404, body: 'no_service' }, vendorCode: 'no_service' },
  },
  {
    name: 'slack by token',
    create: (url, options) =>
      slackChannel({ token: SECRET, channel: '#oracle', apiUrl: `${url}/api`, ...options }),
    success: { status: 200, body: '{"ok":true}' },
    complaints: slackComplaints,
    refusal: {
      reply: { status: 200, body: '{"ok":false,"error":"invalid_auth"}' },
      vendorCode: 'invalid_auth',
    },
  },
  {
    name: 'discord',
    create: (url, options) => discordChannel({ webhookUrl: `${url}/api/${SECRET}`, ...options }),
    success: { status: 200, body: '{"id":"1"}' },
    complaints: discordComplaints,
    refusal: {
      reply: { status: 400, body: '{"message":"Invalid Form Body","code":50035}' },
      vendorCode: 'discord-50035',
    },
  },
  {
    name: 'pagerduty',
    create: (url, options) => pagerDutyChannel({ routingKey: SECRET, url, ...options }),
    success: { status: 202, body: '{"status":"success"}' },
    complaints: pagerDutyComplaints,
    refusal: {
      reply: { status: 400, body: '{"status":"invalid event","message":"no","errors":["no"]}' },
      vendorCode: 'invalid_event',
    },
  },
  {
    name: 'webhook',
    create: (url, options) =>
      webhookChannel({ url: `${url}/?token=${SECRET}`, secret: SECRET, ...options }),
    success: { status: 204 },
    complaints: webhookComplaints,
    refusal: { reply: { status: 404, body: 'gone' }, vendorCode: undefined },
  },
  {
    name: 'alertmanager',
    create: (url, options) =>
      alertmanagerChannel({ url, headers: { Authorization: `Bearer ${SECRET}` }, ...options }),
    success: { status: 200 },
    complaints: alertmanagerComplaints,
    refusal: { reply: { status: 400, body: '"bad labels"' }, vendorCode: undefined },
  },
]

describe.each(vendors)('$name', ({ create, success, complaints, refusal }) => {
  let receiver: HttpReceiver
  let clock: ReturnType<typeof createSkippingClock>
  let logged: unknown[]
  let metrics: ReturnType<typeof createMetrics>
  let channel: AlertChannel

  beforeAll(async () => {
    receiver = await startHttpReceiver(success)
  })
  afterAll(() => receiver.close())

  beforeEach(() => {
    clock = createSkippingClock()
    logged = []
    metrics = createMetrics()
    channel = createChannel()
  })
  afterEach(() => channel.close?.())

  function createChannel(options: HttpAlertChannelOptions = {}): AlertChannel {
    const log = (facts: object, message: string): void => void logged.push(facts, message)
    return create(receiver.url, {
      clock,
      random: () => 0.5,
      intervalMs: 0,
      metrics,
      logger: { debug: log, info: log, warn: log, error: log },
      ...options,
    })
  }

  /** Delivers against a script, and returns the error and how many requests it took. */
  async function deliver(...replies: readonly Reply[]) {
    const before = receiver.requests.length
    receiver.play(...replies)
    const error = await channel.deliver(sampleNotification(), { signal: never }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    return { error, requests: receiver.requests.slice(before) }
  }

  it('posts one valid payload and is content with the answer', async () => {
    const { error, requests } = await deliver(success)
    expect(error).toBeUndefined()
    expect(requests).toHaveLength(1)
    expect(requests[0]).toMatchObject({ method: 'POST' })
    expect(requests[0]?.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(complaints(requests[0]?.body ?? '')).toEqual([])
  })

  it('waits as long as it is asked to, and sends the same again', async () => {
    const pause: Reply = { status: 429, headers: { 'retry-after': '7' } }
    const { error, requests } = await deliver(pause, pause, success)
    expect(error).toBeUndefined()
    expect(requests).toHaveLength(3)
    expect(withoutMoments(requests[2]?.body)).toBe(withoutMoments(requests[0]?.body))
    expect(clock.sleeps).toEqual([7_250, 7_500])
  })

  it('backs off while the other side fails', async () => {
    const failure: Reply = { status: 500, body: 'oops' }
    const { error, requests } = await deliver(failure, { status: 503 }, { kind: 'cut' }, success)
    expect(error).toBeUndefined()
    expect(requests).toHaveLength(4)
    expect(clock.sleeps).toEqual([250, 500, 1_000])
  })

  it('gives up after the last attempt, and says that it may be tried later', async () => {
    const { error, requests } = await deliver(...Array.from({ length: 5 }, () => ({ status: 500 })))
    expect(requests).toHaveLength(5)
    expect(isAssayError(error, 'ALERT_DELIVERY_FAILED')).toBe(true)
    expect(error).toMatchObject({ retry: 'safe', reason: 'server-error', context: { status: 500 } })
  })

  it('does not repeat what is refused, and says by which code', async () => {
    const { error, requests } = await deliver(refusal.reply)
    expect(requests).toHaveLength(1)
    expect(isAssayError(error, 'ALERT_DELIVERY_REFUSED')).toBe(true)
    const { vendorCode } = refusal
    expect(error).toMatchObject({ retry: 'never', context: { vendorCode } })
  })

  it('does not follow a redirection, which would hand its secret on', async () => {
    const moved = { status: 307, headers: { location: `${receiver.url}/elsewhere` } }
    const { error, requests } = await deliver(moved)
    expect(requests).toHaveLength(1)
    expect(error).toMatchObject({ code: 'ALERT_DELIVERY_REFUSED', context: { status: 307 } })
  })

  it.each(['hang', 'cut'] as const)('repeats after a %s', async (kind) => {
    channel = createChannel({ clock: createSkippingClock({ timerSpeed: 20 }) })
    const { error, requests } = await deliver({ kind }, success)
    expect(error).toBeUndefined()
    expect(requests).toHaveLength(2)
  })

  it.each(['hang-in-body', 'cut-in-body'] as const)('refuses on a 404 with a %s', async (kind) => {
    channel = createChannel({ clock: createSkippingClock({ timerSpeed: 20 }) })
    const { error, requests } = await deliver({ kind, status: 404 })
    expect(requests).toHaveLength(1)
    expect(error).toMatchObject({ code: 'ALERT_DELIVERY_REFUSED', context: { status: 404 } })
  })

  it('ends at once when its caller gives up, and aborts the request', async () => {
    const controller = new AbortController()
    receiver.play({ kind: 'hang' })
    const count = receiver.requests.length
    const delivery = channel.deliver(sampleNotification(), { signal: controller.signal })
    await receiver.received(count + 1)
    controller.abort('enough')
    await expect(delivery).rejects.toBe('enough')
  })

  it('fails at once while its circuit is open, and tries again after the pause', async () => {
    await deliver(...Array.from({ length: 5 }, (): Reply => ({ kind: 'cut' })))
    const { error, requests } = await deliver()
    expect(requests).toHaveLength(0)
    expect(error).toMatchObject({ reason: 'circuit-open', retryAfterMs: expect.any(Number) })

    await clock.sleep(30_000)
    expect(await deliver(success)).toMatchObject({ error: undefined })
    expect(await deliver(success)).toMatchObject({ error: undefined })
  })

  it('keeps its circuit closed through refusals and pauses', async () => {
    for (let attempt = 0; attempt < 6; attempt += 1) await deliver(refusal.reply)
    await deliver(...Array.from({ length: 5 }, () => ({ status: 429 })))
    await deliver(...Array.from({ length: 5 }, () => ({ status: 429 })))
    expect(await deliver(success)).toMatchObject({ error: undefined })
  })

  it('shows its secret nowhere, whatever goes wrong', async () => {
    channel = createChannel({ attemptsMax: 1, clock: createSkippingClock({ timerSpeed: 20 }) })
    const echo = JSON.stringify({ ok: false, error: SECRET, status: SECRET, code: SECRET })
    const mishaps: readonly Reply[] = [
      { status: 400, body: SECRET },
      { status: 403, body: echo },
      { status: 500, body: echo },
      { status: 200, body: echo },
      { status: 302, headers: { location: `/${SECRET}` } },
      { status: 429, headers: { 'retry-after': SECRET } },
      { kind: 'hang' },
      { kind: 'cut' },
      { kind: 'cut-in-body', status: 500 },
    ]
    const shown: unknown[] = [channel, await deliver(...mishaps.slice(0, 1)).then(errorOf)]
    for (const reply of mishaps.slice(1)) shown.push(await deliver(reply).then(errorOf))
    channel = createChannel({
      name: 'unreachable',
      attemptsMax: 1,
      fetch: async (url, request) => {
        throw Object.assign(new TypeError(`${url} ${inspect(request)}`), { code: SECRET })
      },
    })
    shown.push(await deliver().then(errorOf), logged, metrics.collect())
    const text = shown.map((each) => inspect(each, { depth: 9 }) + toJson(each)).join('\n')
    expect(text).toContain('ALERT_DELIVERY_REFUSED')
    expect(text).toContain('alert_channel_deliveries_total')
    expect(text).not.toContain(SECRET)
    expect(text).not.toContain(receiver.url)
  })

  it('counts how its deliveries ended', async () => {
    await deliver(success)
    await deliver(refusal.reply)
    const family = metrics.collect().find(({ name }) => name === 'alert_channel_deliveries_total')
    const values = family?.type === 'counter' ? family.series : []
    const outcomes = values
      .filter(({ value }) => value === 1)
      .map(({ labels }) => labels['outcome'])
    expect(new Set(outcomes)).toEqual(new Set(['delivered', 'refused']))
  })
})

const errorOf = ({ error }: { error: unknown }): unknown => error

/** An Alertmanager is told anew until when an alert fires; all else stays the same. */
function withoutMoments(body = ''): string {
  return body.replaceAll(/"endsAt":"[^"]*"/g, '')
}

function toJson(value: unknown): string {
  if (value instanceof Error) {
    return `${value.stack} ${String(value.cause)} ${JSON.stringify(Object.entries(value))}`
  }
  return JSON.stringify(value)
}

describe('slackChannel by token', () => {
  const create = (receiver: HttpReceiver, clock = createSkippingClock()): AlertChannel =>
    slackChannel({ token: SECRET, channel: 'C1', apiUrl: receiver.url, clock })

  it('takes an answer that it cannot read for none', async () => {
    await using receiver = await disposable({ status: 200, body: '<html>Sign in</html>' })
    const delivery = create(receiver).deliver(sampleNotification(), { signal: never })
    await expect(delivery).rejects.toMatchObject({ reason: 'unconfirmed', retry: 'safe' })
    expect(receiver.requests).toHaveLength(5)
  })

  it('repeats after an error of Slack itself', async () => {
    await using receiver = await disposable({ status: 200, body: '{"ok":true}' })
    receiver.play({ status: 200, body: '{"ok":false,"error":"internal_error"}' })
    await create(receiver).deliver(sampleNotification(), { signal: never })
    expect(receiver.requests).toHaveLength(2)
    expect(receiver.requests[1]?.headers.authorization).toBe(`Bearer ${SECRET}`)
    expect(JSON.parse(receiver.requests[1]?.body ?? '')).toMatchObject({ channel: 'C1' })
  })

  it('takes an answer whose body never ends for none', async () => {
    await using receiver = await disposable({ status: 200, body: '{"ok":true}' })
    receiver.play({ kind: 'cut-in-body', status: 200 })
    await create(receiver).deliver(sampleNotification(), { signal: never })
    expect(receiver.requests).toHaveLength(2)
  })

  it('posts one message a second', async () => {
    await using receiver = await disposable({ status: 200, body: '{"ok":true}' })
    const clock = createSkippingClock()
    const channel = create(receiver, clock)
    const deliveries = [1, 2, 3].map(() => channel.deliver(sampleNotification(), { signal: never }))
    await Promise.all(deliveries)
    expect(clock.sleeps.length).toBe(2)
    for (const ms of clock.sleeps) expect(ms).toBeGreaterThan(900)
  })
})

describe('webhookChannel', () => {
  it('carries the notification, signed anew with each attempt under the same id', async () => {
    await using receiver = await disposable({ status: 204 })
    receiver.play({ status: 429, headers: { 'retry-after': '400' } })
    const clock = createSkippingClock()
    const channel = webhookChannel({
      url: receiver.url,
      secret: SECRET,
      headers: { 'Content-Type': 'application/cloudevents+json' },
      externalUrl: 'https://backend.example.com',
      clock,
    })
    const resolved = sampleAlert({
      status: 'resolved',
      endsAt: Date.UTC(2026, 4, 1, 9, 45),
      fingerprint: 'other',
      value: 3.5,
      description: 'More.',
      runbookUrl: 'https://example.com/runbook',
    })
    const alerts = [sampleAlert(), resolved]
    const notification = sampleNotification({ alerts, omittedAlertCount: 4, reason: 'escalation' })
    await channel.deliver(notification, { signal: never })

    expect(receiver.requests.map(({ headers }) => headers['webhook-id'])).toEqual(['n-1', 'n-1'])
    const [first, second] = receiver.requests
    expect(second?.headers['content-type']).toBe('application/cloudevents+json')
    expect(second?.body).toBe(first?.body)
    const headers = new Headers(second?.headers as Record<string, string>)
    const options = { secret: SECRET, headers, body: second?.body ?? '', clock }
    expect(verifyWebhook(options)).toMatchObject({ ok: true, id: 'n-1' })
    expect(JSON.parse(second?.body ?? '')).toEqual({
      version: '4',
      groupKey: 'OracleServiceDown:m-7',
      status: 'firing',
      receiver: 'oncall',
      groupLabels: { market: 'm-7' },
      commonLabels: { alertname: 'OracleServiceDown', market: 'm-7', severity: 'critical' },
      commonAnnotations: {
        summary: 'The oracle has not answered for 2 minutes.',
        source: 'oracle',
      },
      externalURL: 'https://backend.example.com',
      truncatedAlerts: 4,
      alerts: [
        {
          status: 'firing',
          labels: { alertname: 'OracleServiceDown', market: 'm-7', severity: 'critical' },
          annotations: {
            summary: 'The oracle has not answered for 2 minutes.',
            source: 'oracle',
          },
          startsAt: '2026-05-01T09:30:00.000Z',
          endsAt: '0001-01-01T00:00:00Z',
          generatorURL: '',
          fingerprint: 'OracleServiceDown:market:m-7',
        },
        {
          status: 'resolved',
          labels: { alertname: 'OracleServiceDown', market: 'm-7', severity: 'critical' },
          annotations: {
            summary: 'The oracle has not answered for 2 minutes.',
            description: 'More.',
            runbook_url: 'https://example.com/runbook',
            value: '3.5',
            source: 'oracle',
          },
          startsAt: '2026-05-01T09:30:00.000Z',
          endsAt: '2026-05-01T09:45:00.000Z',
          generatorURL: '',
          fingerprint: 'other',
        },
      ],
      assay: {
        notificationId: 'n-1',
        reason: 'escalation',
        severity: 'critical',
        escalationLevel: 0,
        at: '2026-05-01T09:30:00.000Z',
      },
    })
  })

  it('is content with the status: a body that hangs changes nothing', async () => {
    await using receiver = await disposable({ kind: 'hang-in-body', status: 200 })
    const channel = webhookChannel({ url: receiver.url, clock: createSkippingClock() })
    await channel.deliver(sampleNotification(), { signal: never })
    expect(receiver.requests).toHaveLength(1)
    expect(receiver.requests[0]?.headers['webhook-signature']).toBeUndefined()
  })

  it('leaves out the alerts that would be too many bytes, and counts them', async () => {
    await using receiver = await disposable({ status: 200 })
    const alerts = Array.from({ length: 600 }, (_, index) =>
      sampleAlert({ fingerprint: `f-${index}`, description: '€'.repeat(8_000) }),
    )
    const channel = webhookChannel({ url: receiver.url })
    await channel.deliver(sampleNotification({ alerts, omittedAlertCount: 1 }), { signal: never })
    const { body } = receiver.requests[0] ?? { body: '' }
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(1_048_576)
    const payload = JSON.parse(body) as { alerts: object[]; truncatedAlerts: number }
    expect(payload.alerts.length).toBeGreaterThan(30)
    expect(payload.alerts.length + payload.truncatedAlerts).toBe(601)
  })
})

describe('discordChannel', () => {
  it('asks Discord to confirm, and keeps the thread of the URL', async () => {
    await using receiver = await disposable({ status: 200 })
    const channel = discordChannel({ webhookUrl: `${receiver.url}/hook?thread_id=7` })
    await channel.deliver(sampleNotification(), { signal: never })
    expect(receiver.requests[0]?.path).toBe('/hook?thread_id=7&wait=true')
  })
})

describe('pagerDutyChannel', () => {
  it('triggers, acknowledges and resolves one incident of a group', async () => {
    await using receiver = await disposable({ status: 202 })
    const channel = pagerDutyChannel({
      routingKey: SECRET,
      url: receiver.url,
      clock: createSkippingClock(),
    })
    for (const fields of [
      {},
      { reason: 'acknowledged' },
      { reason: 'resolved-members' },
      { reason: 'resolved', status: 'resolved' },
    ] as const) {
      await channel.deliver(sampleNotification(fields), { signal: never })
    }
    const events = receiver.requests.map(({ body }) => JSON.parse(body) as Record<string, unknown>)
    expect(events.map((event) => event['event_action'])).toEqual([
      'trigger',
      'acknowledge',
      'trigger',
      'resolve',
    ])
    expect(new Set(events.map((event) => event['dedup_key']))).toEqual(
      new Set(['OracleServiceDown:m-7']),
    )
    expect(channel.showsAcknowledgements).toBe(true)
  })
})

describe('a channel over HTTP', () => {
  const url = 'https://example.com'

  it.each([
    '',
    'example.com',
    'ftp://example.com',
    'https://user:password@example.com',
    'file:///x',
  ])('refuses the URL "%s" without repeating it', (bad) => {
    const attempt = (): AlertChannel => webhookChannel({ url: bad })
    expect(attempt).toThrow('webhookChannel: `url` must be an http or https URL')
    if (bad !== '') expect(attempt).not.toThrow(bad)
  })

  it('refuses options that it cannot work with', () => {
    expect(() => webhookChannel({ url, timeoutMs: 0 })).toThrow('`timeoutMs`')
    expect(() => webhookChannel({ url, attemptsMax: 0 })).toThrow('`attemptsMax`')
    expect(() => webhookChannel({ url, waitingMax: 0 })).toThrow('`waitingMax`')
    expect(() => webhookChannel({ url, intervalMs: -1 })).toThrow('`intervalMs`')
    expect(() => webhookChannel({ url, holdMaxMs: -1 })).toThrow('`holdMaxMs`')
    expect(() => webhookChannel({ url, name: '' })).toThrow('`name`')
    expect(() => webhookChannel({ url, secret: 'short' })).toThrow('`secret`')
    expect(() => webhookChannel({ url, bodyBytesMax: 1_000 })).toThrow('`bodyBytesMax`')
    expect(() => webhookChannel({ url, headers: { a: 'x\ny' } })).toThrow('`headers`')
    expect(() => slackChannel({ token: 'a b', channel: 'c' })).toThrow('`token`')
    expect(() => slackChannel({ token: 'ab', channel: '' })).toThrow('`channel`')
    expect(() => pagerDutyChannel({ routingKey: '' })).toThrow('`routingKey`')
    expect(() => alertmanagerChannel({ url, alertsMax: 0 })).toThrow('`alertsMax`')
  })

  it.each(vendors)(
    'lets go of an answer that it does not read to its end: $name',
    async (vendor) => {
      let cancelled = 0
      const body = (chunk: Uint8Array | undefined): HttpResponse['body'] => ({
        getReader: () => ({
          read: () =>
            chunk === undefined
              ? Promise.withResolvers<never>().promise
              : Promise.resolve({ done: false, value: chunk }),
          async cancel() {
            cancelled += 1
          },
        }),
      })
      // One that never ends, and one that never begins.
      const bodies = [body(new Uint8Array(16_384)), body(undefined)]
      const channel = vendor.create(url, {
        attemptsMax: 1,
        clock: createSkippingClock({ timerSpeed: 100 }),
        intervalMs: 0,
        fetch: async () => ({ status: 404, headers: new Headers(), body: bodies.shift() ?? null }),
      })
      for (const count of [1, 2]) {
        const delivery = channel.deliver(sampleNotification(), { signal: never })
        await expect(delivery).rejects.toMatchObject({ code: 'ALERT_DELIVERY_REFUSED' })
        expect(cancelled).toBe(count)
      }
    },
  )

  it('refuses deliveries beyond its queue', async () => {
    await using receiver = await disposable({ kind: 'hang' })
    const controller = new AbortController()
    const channel = webhookChannel({ url: receiver.url, intervalMs: 60_000, waitingMax: 1 })
    const options = { signal: controller.signal }
    const first = channel.deliver(sampleNotification(), options).catch(() => 'first')
    const second = channel.deliver(sampleNotification(), options).catch(() => 'second')
    const third = channel.deliver(sampleNotification(), options)
    await expect(third).rejects.toMatchObject({ reason: 'too-many-waiting', retry: 'safe' })
    controller.abort()
    expect(await Promise.all([first, second])).toEqual(['first', 'second'])
  })
})

async function disposable(usual: Reply): Promise<HttpReceiver & AsyncDisposable> {
  const receiver = await startHttpReceiver(usual)
  return { ...receiver, [Symbol.asyncDispose]: () => receiver.close() }
}
