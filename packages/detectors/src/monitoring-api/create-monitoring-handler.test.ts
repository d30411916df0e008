import { createMetrics, InvalidOptionError, type Logger, silentLogger } from '@assay/core'
import { createTestClock } from '@assay/core/testing'
import { describe, expect, it } from 'vitest'

import type { MonitorStatus } from '../monitor/monitor.ts'
import type { MonitoringEvent } from '../monitoring-events/monitoring-event.ts'
import type { SystemHealthSnapshot } from '../monitoring-events/system-health-snapshot.ts'
import type { MonitoringHandlerOptions } from './api-settings.ts'
import { createMonitoringHandler } from './create-monitoring-handler.ts'

type Repository = MonitoringHandlerOptions['repository']
type Monitor = MonitoringHandlerOptions['monitor']

const NOW = Date.parse('2026-05-02T12:00:00Z')
const SECRET = 'postgres://admin:hunter2@10.0.0.7/ledger'

const event: MonitoringEvent = {
  eventId: '41',
  fingerprint: 'f-41',
  type: 'balance.negative',
  severity: 'high',
  cardId: 'card-7',
  transactionIds: ['tx-1'],
  amountMinor: -9_007_199_254_740_993n,
  currency: 'EUR',
  algorithm: 'balance.negative@1',
  confidence: 1,
  eventData: { balanceMinor: '-50', count: 2 },
  status: 'open',
  eventTime: NOW - 1_000,
  detectedAt: NOW - 500,
  updatedAt: NOW,
  acknowledgedBy: null,
  acknowledgedAt: null,
  resolvedBy: null,
  resolvedAt: null,
  resolutionNotes: null,
}

const snapshot: SystemHealthSnapshot = {
  takenAt: NOW - 60_000,
  status: 'healthy',
  totalTransactionsLastHour: 100,
  successfulTransactionsLastHour: 99,
  failedTransactionsLastHour: 1,
  successRateBps: 9_900,
  processingP50Ms: 20,
  processingP95Ms: 80,
  processingP99Ms: null,
  totalBalanceMinor: { EUR: 123_456_789_012_345_678n },
  negativeBalances: 0,
  openEvents: 1,
  criticalEventsLastHour: 0,
}

const monitorStatus: MonitorStatus = {
  owner: 'monitor-a',
  sources: [{ id: 'payments', circuit: 'closed' }],
  partitions: [
    { pass: 'fast', partition: 0, owner: 'monitor-a', watermark: NOW, readAt: null },
    { pass: 'fast', partition: 1, owner: null, watermark: -Infinity, readAt: NOW },
  ],
}

/** Whatever a test does not expect to be called says so. */
function unexpected(): never {
  throw new Error('This must not be called.')
}

const strictRepository: Repository = {
  listEvents: unexpected,
  getEvent: unexpected,
  updateEvent: unexpected,
  readCounts: unexpected,
  readDashboard: unexpected,
  listHealth: unexpected,
}
const strictMonitor: Monitor = { cycle: unexpected, status: unexpected }

interface UnderTest extends Partial<
  Omit<MonitoringHandlerOptions, 'repository' | 'monitor' | 'logger'>
> {
  readonly repository?: Partial<Repository>
  readonly monitor?: Partial<Monitor>
}

function createApi({ repository, monitor, ...options }: UnderTest = {}) {
  const clock = createTestClock({ now: NOW })
  const logged: { level: string; facts: object; message: string }[] = []
  const log =
    (level: string): Logger['info'] =>
    (facts, message) =>
      void logged.push({ level, facts, message })
  const handler = createMonitoringHandler({
    repository: { ...strictRepository, ...repository },
    monitor: { ...strictMonitor, ...monitor },
    authorize: () => 'ada',
    clock,
    logger: { ...silentLogger, info: log('info'), warn: log('warn'), error: log('error') },
    ...options,
  })
  return {
    clock,
    logged,
    handler,
    ask: async (method: string, path: string, init: RequestInit = {}) =>
      readAnswer(await handler(new Request(`https://api.example${path}`, { method, ...init }))),
  }
}

async function readAnswer(response: Response) {
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    text,
    get json() {
      return JSON.parse(text)
    },
    /** The code of a refusal, whose shape is checked on the way. */
    get code() {
      const { error, ...rest } = JSON.parse(text)
      expect(rest).toEqual({})
      expect(Object.keys(error).toSorted()).toEqual(['code', 'message'])
      return error.code
    },
  }
}

function jsonBody(value: unknown): RequestInit {
  const body = typeof value === 'string' ? value : JSON.stringify(value)
  return { body, headers: { 'content-type': 'application/json' } }
}

describe('GET /events', () => {
  it('gives a page of events with amounts as texts and moments as ISO 8601', async () => {
    const { ask } = createApi({
      repository: { listEvents: async () => ({ events: [event], next: '41' }) },
    })
    const { status, json, headers } = await ask('GET', '/events')
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(json.next).toBe('41')
    expect(json.events).toEqual([
      {
        ...event,
        amountMinor: '-9007199254740993',
        eventTime: '2026-05-02T11:59:59.000Z',
        detectedAt: '2026-05-02T11:59:59.500Z',
        updatedAt: '2026-05-02T12:00:00.000Z',
      },
    ])
  })

  it('hands every filter on, and asks for 50 events by default', async () => {
    const asked: unknown[] = []
    const { ask } = createApi({
      repository: {
        listEvents: async (filter) => {
          asked.push(filter)
          return { events: [], next: null }
        },
      },
    })
    await ask('GET', '/events')
    const all =
      'status=open&severity=critical&type=balance.negative&cardId=card%207%2F%C3%A9' +
      '&since=2026-05-01T09:30:00Z&until=2026-05-01T12:30:00%2B02:00&after=b3BhcXVl&limit=200'
    expect((await ask('GET', `/events?${all}`)).json).toEqual({ events: [], next: null })
    expect(asked).toEqual([
      { limit: 50 },
      {
        status: 'open',
        severity: 'critical',
        type: 'balance.negative',
        cardId: 'card 7/é',
        since: Date.parse('2026-05-01T09:30:00Z'),
        until: Date.parse('2026-05-01T10:30:00Z'),
        after: 'b3BhcXVl',
        limit: 200,
      },
    ])
  })

  it('shows nothing that a repository hands out beyond its port', async () => {
    const more = { ...event, rowOwner: SECRET } as MonitoringEvent
    const { ask } = createApi({
      repository: { listEvents: async () => ({ events: [more], next: null }) },
    })
    expect((await ask('GET', '/events')).text).not.toContain('hunter2')
  })

  it.each([
    ['an unknown parameter', 'page=2'],
    ['a parameter by the name of a prototype', '__proto__=1'],
    ['a parameter by the name of a method', 'constructor=1'],
    ['a parameter twice', 'limit=1&limit=2'],
    ['a parameter twice, once encoded', 'limit=1&%6Cimit=2'],
    ['an array', 'limit[]=1'],
    ['a limit of 0', 'limit=0'],
    ['a limit above 200', 'limit=201'],
    ['a limit that is no whole number', 'limit=1e2'],
    ['a negative limit', 'limit=-1'],
    ['an empty limit', 'limit='],
    ['a status in capitals', 'status=OPEN'],
    ['a severity that is none', 'severity=toString'],
    ['a type with a line break', 'type=balance%0d%0aset-cookie:x'],
    ['an empty card', 'cardId='],
    ['a card with NUL', 'cardId=card%00'],
    ['a card with a line break', 'cardId=card%0d%0a7'],
    ['a card that is too long', `cardId=${'x'.repeat(256)}`],
    ['bytes that are not UTF-8', 'cardId=%ff%fe'],
    ['half of a surrogate pair', 'cardId=%ED%A0%80'],
    ['a percent sign that encodes nothing', 'cardId=50%'],
    ['a moment without an offset', 'since=2026-05-01T09:30:00'],
    ['a moment of epoch milliseconds', 'since=1777627800000'],
    ['a plus sign that means a space', 'since=2026-05-01T09:30:00+02:00'],
    ['a day that is none', 'since=2026-02-30T00:00:00Z'],
    ['a range that goes back', 'since=2026-05-01T09:30:00Z&until=2026-05-01T09:30:00Z'],
    ['a cursor with a line break', 'after=x%0d%0ay'],
    ['a cursor that is too long', `after=${'x'.repeat(501)}`],
  ])('refuses %s', async (_, query) => {
    const { ask, logged } = createApi()
    const answer = await ask('GET', `/events?${query}`)
    expect([answer.status, answer.code]).toEqual([400, 'MONITORING_QUERY_INVALID'])
    expect(logged).toEqual([])
  })

  it('refuses a cursor that the repository does not know as its own', async () => {
    const { ask, logged } = createApi({
      repository: {
        listEvents: async ({ after }) => {
          throw new InvalidOptionError('listEvents', 'after', `not ${after} ${SECRET}`)
        },
      },
    })
    const answer = await ask('GET', '/events?after=41')
    expect([answer.status, answer.code]).toEqual([400, 'MONITORING_QUERY_INVALID'])
    expect(answer.text).not.toContain('hunter2')
    expect(logged).toEqual([])
  })

  it('names the field that is wrong, and repeats nothing that was sent', async () => {
    const { ask } = createApi()
    const one = await ask('GET', '/events?limit=999&status=%3Cscript%3E')
    expect(one.json.error.message).toBe(
      'status is no status; limit must be a whole number from 1 to 200.',
    )
    const other = await ask('GET', '/events?%3Cscript%3E=1')
    expect(other.text).not.toContain('script')
    expect(other.json.error.message).toContain('Known are since, until, status')
  })
})

describe('GET /events/:id', () => {
  it('gives the event, and 404 where there is none', async () => {
    const { ask } = createApi({
      repository: { getEvent: async (id) => (id === '41' ? event : null) },
    })
    expect((await ask('GET', '/events/41')).json.fingerprint).toBe('f-41')
    const answer = await ask('GET', '/events/42')
    expect([answer.status, answer.code]).toEqual([404, 'MONITORING_EVENT_UNKNOWN'])
  })
})

describe('PATCH /events/:id', () => {
  it('notes who acknowledged it and who resolved it, when and why', async () => {
    const updates: unknown[] = []
    const { ask, logged } = createApi({
      repository: {
        updateEvent: async (update) => {
          updates.push(update)
          return { ...event, status: update.status }
        },
      },
    })
    const acknowledged = await ask('PATCH', '/events/41', jsonBody({ status: 'acknowledged' }))
    expect(acknowledged.status).toBe(200)
    expect(acknowledged.json.status).toBe('acknowledged')
    await ask(
      'PATCH',
      '/events/41',
      jsonBody({ status: 'resolved', notes: ' Paid back.\nTwice. ' }),
    )
    await ask('PATCH', '/events/41', jsonBody({ status: 'resolved', notes: null }))
    const common = { eventId: '41', by: 'ada', now: NOW }
    expect(updates).toEqual([
      { ...common, status: 'acknowledged', notes: null },
      { ...common, status: 'resolved', notes: 'Paid back.\nTwice.' },
      { ...common, status: 'resolved', notes: null },
    ])
    expect(logged[0]).toMatchObject({ level: 'info', facts: { actor: 'ada', eventId: '41' } })
  })

  it.each([
    ['unknown', 404, 'MONITORING_EVENT_UNKNOWN'],
    ['conflict', 409, 'MONITORING_EVENT_ENDED'],
  ] as const)('answers what is %s with %i', async (outcome, status, code) => {
    const { ask } = createApi({ repository: { updateEvent: async () => outcome } })
    const answer = await ask('PATCH', '/events/41', jsonBody({ status: 'acknowledged' }))
    expect([answer.status, answer.code]).toEqual([status, code])
  })

  it.each([
    ['no body', undefined],
    ['no JSON', '{"status":'],
    ['JSON that is no object', '"acknowledged"'],
    ['null', 'null'],
    ['an array', '[{"status":"acknowledged"}]'],
    ['a status that only the monitor gives', '{"status":"open"}'],
    ['a field that is not known', '{"status":"acknowledged","by":"eve"}'],
    ['a prototype', '{"status":"acknowledged","__proto__":{"by":"eve"}}'],
    ['notes without words', '{"status":"resolved","notes":" \\n "}'],
    ['notes with NUL', '{"status":"resolved","notes":"a\\u0000b"}'],
    ['notes with half of a surrogate pair', '{"status":"resolved","notes":"\\ud800"}'],
    ['notes that are too long', JSON.stringify({ status: 'resolved', notes: 'x'.repeat(2_001) })],
    ['deep nesting', '['.repeat(8_000) + ']'.repeat(8_000)],
  ])('refuses %s', async (_, body) => {
    const { ask } = createApi()
    const answer = await ask('PATCH', '/events/41', body === undefined ? {} : jsonBody(body))
    expect([answer.status, answer.code]).toEqual([400, 'MONITORING_BODY_INVALID'])
  })

  it('refuses a body whose bytes are not UTF-8', async () => {
    const start = new TextEncoder().encode('{"status":"resolved","notes":"')
    const bytes = new Uint8Array([...start, 0xff, 0x22, 0x7d])
    const headers = { 'content-type': 'application/json' }
    const answer = await createApi().ask('PATCH', '/events/41', { body: bytes, headers })
    expect([answer.status, answer.code]).toEqual([400, 'MONITORING_BODY_INVALID'])
  })

  it.each([
    ['text/plain'],
    ['application/x-www-form-urlencoded'],
    ['application/json; charset=utf-16'],
    ['application/jsonp'],
  ])('refuses a body of type %s', async (type) => {
    const init = { body: '{"status":"acknowledged"}', headers: { 'content-type': type } }
    const answer = await createApi().ask('PATCH', '/events/41', init)
    expect([answer.status, answer.code]).toEqual([415, 'MONITORING_MEDIA_TYPE_UNSUPPORTED'])
  })

  it('refuses a body that is compressed', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    const answer = await createApi().ask('PATCH', '/events/41', { body: '{}', headers })
    expect(answer.code).toBe('MONITORING_MEDIA_TYPE_UNSUPPORTED')
  })

  it('takes no parameters', async () => {
    const init = jsonBody({ status: 'acknowledged' })
    const answer = await createApi().ask('PATCH', '/events/41?by=eve', init)
    expect(answer.code).toBe('MONITORING_QUERY_INVALID')
  })
})

describe('paths', () => {
  it.each([
    '/',
    '/event',
    '/events/',
    '/Events',
    '//events',
    '/events/41/notes',
    '/events/%34%31',
    '/events/..%2f..%2fetc%2fpasswd',
    '/events/../../etc/passwd',
    '/events/%2e%2e/%2e%2e/.env',
    '/events/..%5c..%5cwindows',
    '/events/41%00',
    '/events/41%0d%0aset-cookie:x',
    '/events/%ff',
    `/events/${'9'.repeat(65)}`,
    '/constructor',
    '/__proto__',
  ])('knows nothing at %s', async (path) => {
    const answer = await createApi().ask('GET', path)
    expect([answer.status, answer.code]).toEqual([404, 'MONITORING_PATH_UNKNOWN'])
  })

  it('serves below a base path, and only there', async () => {
    const repository = { getEvent: async () => event }
    const { ask } = createApi({ basePath: '/ops/monitoring', repository })
    expect((await ask('GET', '/ops/monitoring/events/41')).status).toBe(200)
    expect((await ask('GET', '/events/41')).status).toBe(404)
    expect((await ask('GET', '/ops/monitoringevents/41')).status).toBe(404)
    expect((await ask('GET', '/ops/undercover/events/41')).status).toBe(404)
  })
})

describe('methods', () => {
  it.each([
    ['DELETE', '/events/41', 'GET, HEAD, PATCH, OPTIONS'],
    ['PATCH', '/events', 'GET, HEAD, OPTIONS'],
    ['GET', '/cycle', 'POST, OPTIONS'],
    ['HEAD', '/cycle', 'POST, OPTIONS'],
    ['constructor', '/health', 'GET, HEAD, OPTIONS'],
  ])('refuses %s %s and says what is allowed', async (method, path, allow) => {
    const answer = await createApi().ask(method, path)
    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toBe(allow)
  })

  it('answers HEAD like GET without a body', async () => {
    const { ask } = createApi({ repository: { getEvent: async () => event } })
    const answer = await ask('HEAD', '/events/41')
    expect([answer.status, answer.text]).toEqual([200, ''])
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
  })

  it('answers OPTIONS without asking who it is', async () => {
    const { ask } = createApi({ authorize: unexpected })
    const answer = await ask('OPTIONS', '/events/41')
    expect([answer.status, answer.text]).toEqual([204, ''])
    expect(answer.headers.get('allow')).toBe('GET, HEAD, PATCH, OPTIONS')
  })

  it('forbids caches and guesses with every answer', async () => {
    const { ask } = createApi({ repository: { getEvent: async () => event } })
    for (const path of ['/events/41', '/nowhere', '/events?page=1', '/dashboard']) {
      const { headers } = await ask('GET', path)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    }
  })
})

describe('authorize', () => {
  const repository = {
    getEvent: async () => event,
    updateEvent: async () => event,
  }
  const change = jsonBody({ status: 'acknowledged' })

  it('is told whether it is about reading or writing', async () => {
    const asked: string[] = []
    const authorize = (request: Request, action: string) => {
      asked.push(`${request.method} ${action}`)
      return 'ada'
    }
    const { ask } = createApi({ authorize, repository })
    await ask('GET', '/events/41')
    await ask('HEAD', '/events/41')
    await ask('PATCH', '/events/41', change)
    expect(asked).toEqual(['GET read', 'HEAD read', 'PATCH write'])
  })

  it('refuses both by null', async () => {
    const { ask } = createApi({ authorize: async () => null })
    for (const answer of [
      await ask('GET', '/events'),
      await ask('PATCH', '/events/41', change),
      await ask('POST', '/cycle'),
    ]) {
      expect([answer.status, answer.code]).toEqual([403, 'MONITORING_FORBIDDEN'])
    }
  })

  it('is not asked for reads that are open to all, and still for writes', async () => {
    const { ask } = createApi({ authorize: () => null, authorizeReads: false, repository })
    expect((await ask('GET', '/events/41')).status).toBe(200)
    expect((await ask('PATCH', '/events/41', change)).status).toBe(403)
    expect((await ask('POST', '/cycle')).status).toBe(403)
  })

  it('lets nobody write where a host without types left it out', async () => {
    const { ask } = createApi({ authorize: undefined as never, authorizeReads: false, repository })
    expect((await ask('GET', '/events/41')).status).toBe(200)
    expect((await ask('PATCH', '/events/41', change)).code).toBe('MONITORING_FORBIDDEN')
    expect((await ask('POST', '/cycle')).code).toBe('MONITORING_FORBIDDEN')
  })

  it.each([[true], [''], [{}], [7], ['a\r\nb'], ['x'.repeat(256)], [undefined], [false]])(
    'lets nobody in by %j, which is no name',
    async (actor) => {
      const { ask } = createApi({ authorize: () => actor as never, repository })
      expect((await ask('PATCH', '/events/41', change)).code).toBe('MONITORING_FORBIDDEN')
    },
  )

  it('lets nobody in when it throws, and tells the log alone why', async () => {
    const { ask, logged } = createApi({
      authorize: () => {
        throw new Error(SECRET)
      },
    })
    const answer = await ask('PATCH', '/events/41', change)
    expect([answer.status, answer.code]).toEqual([500, 'MONITORING_REQUEST_FAILED'])
    expect(answer.text).not.toContain('hunter2')
    expect(logged[0]).toMatchObject({ level: 'error', facts: { route: '/events/:id' } })
  })
})

describe('cors', () => {
  const repository = { getEvent: async () => event, updateEvent: async () => event }
  const change = { body: '{"status":"acknowledged"}' }
  const type = { 'content-type': 'application/json' }
  const origin = 'https://ops.example'

  it('lets pages of listed origins read answers and refusals, and no others', async () => {
    const { ask } = createApi({ repository, cors: { origins: [origin], credentials: true } })
    for (const path of ['/events/41', '/nowhere']) {
      const { headers } = await ask('GET', path, { headers: { origin } })
      expect(headers.get('access-control-allow-origin')).toBe(origin)
      expect(headers.get('access-control-allow-credentials')).toBe('true')
      expect(headers.get('vary')).toBe('Origin')
    }
    for (const other of ['https://evil.example', 'https://ops.example.evil.example', 'null']) {
      const { headers } = await ask('GET', '/events/41', { headers: { origin: other } })
      expect(headers.get('access-control-allow-origin')).toBeNull()
      expect(headers.get('access-control-allow-credentials')).toBeNull()
      expect(headers.get('vary')).toBe('Origin')
    }
  })

  it('answers preflights of listed origins only', async () => {
    const { ask } = createApi({ cors: { origins: [origin] }, authorize: unexpected })
    const asking = { 'access-control-request-method': 'PATCH' }
    const { status, headers } = await ask('OPTIONS', '/events/41', {
      headers: { origin, ...asking },
    })
    expect(status).toBe(204)
    expect(headers.get('access-control-allow-origin')).toBe(origin)
    expect(headers.get('access-control-allow-methods')).toBe('GET, HEAD, PATCH, OPTIONS')
    expect(headers.get('access-control-allow-headers')).toBe('authorization, content-type')
    expect(headers.get('access-control-max-age')).toBe('600')
    expect(headers.get('access-control-allow-credentials')).toBeNull()
    const stranger = { origin: 'https://evil.example', ...asking }
    const refused = await ask('OPTIONS', '/events/41', { headers: stranger })
    expect([...refused.headers.keys()].filter((name) => name.startsWith('access'))).toEqual([])
  })

  it('says nothing of origins where none are listed', async () => {
    const { headers } = await createApi({ repository }).ask('GET', '/events/41', {
      headers: { origin },
    })
    expect([...headers.keys()].filter((name) => /^access|vary/.test(name))).toEqual([])
  })

  it('refuses writes from pages of other origins, whose cookies come along', async () => {
    const { ask } = createApi({ repository, cors: { origins: [origin] } })
    for (const headers of [
      { origin: 'https://evil.example', ...type },
      { origin: 'null', ...type },
      { origin: 'https://evil.example', 'sec-fetch-site': 'same-site', ...type },
    ]) {
      const answer = await ask('PATCH', '/events/41', { ...change, headers })
      expect([answer.status, answer.code]).toEqual([403, 'MONITORING_ORIGIN_REFUSED'])
    }
  })

  it('takes writes from its own pages, from listed origins, and from no page at all', async () => {
    const { ask } = createApi({ repository, cors: { origins: [origin] } })
    for (const headers of [
      type,
      { origin, ...type },
      { origin: 'https://api.example', ...type },
      { origin: 'https://behind-a-proxy.example', 'sec-fetch-site': 'same-origin', ...type },
    ]) {
      expect((await ask('PATCH', '/events/41', { ...change, headers })).status).toBe(200)
    }
  })
})

describe('GET /metrics', () => {
  const counts = [
    { hour: NOW - 3_600_000, type: 'balance.negative', severity: 'high', count: 3 },
    { hour: NOW, type: 'source.silent', severity: 'high', count: 2 },
  ] as const

  it('counts the last day by hour, type and severity', async () => {
    const asked: unknown[] = []
    const readCounts = async (range: unknown) => {
      asked.push(range)
      return counts
    }
    const { ask } = createApi({ repository: { readCounts } })
    expect((await ask('GET', '/metrics')).json).toEqual({
      since: '2026-05-01T12:00:00.000Z',
      until: '2026-05-02T12:00:00.000Z',
      total: 5,
      counts: [
        { ...counts[0], hour: '2026-05-02T11:00:00.000Z' },
        { ...counts[1], hour: '2026-05-02T12:00:00.000Z' },
      ],
    })
    expect(asked).toEqual([{ since: NOW - 86_400_000, until: NOW }])
  })

  it('takes a range of 31 days and no longer one', async () => {
    const { ask } = createApi({ repository: { readCounts: async () => [] } })
    const range = (since: string, until: string) => `/metrics?since=${since}&until=${until}`
    const from = '2026-03-01T00:00:00Z'
    expect((await ask('GET', range(from, '2026-04-01T00:00:00Z'))).status).toBe(200)
    const longer = await ask('GET', range(from, '2026-04-01T00:00:00.001Z'))
    expect(longer.json.error.message).toBe('since and until may be at most 31 days apart.')
    expect((await ask('GET', `/metrics?since=${from}`)).code).toBe('MONITORING_QUERY_INVALID')
    expect((await ask('GET', '/metrics?limit=5')).code).toBe('MONITORING_QUERY_INVALID')
  })

  it('shows the registry to those who want text', async () => {
    const registry = {
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      metrics: async () => 'up 1\n',
    }
    const { ask } = createApi({ registry, repository: { readCounts: async () => [] } })
    const prometheus =
      'application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.1'
    for (const accept of ['text/plain', prometheus]) {
      const { status, text, headers } = await ask('GET', '/metrics', { headers: { accept } })
      expect([status, text]).toEqual([200, 'up 1\n'])
      expect(headers.get('content-type')).toBe(registry.contentType)
      expect(headers.get('vary')).toBe('Accept')
    }
    for (const accept of ['*/*', 'application/json, text/plain', 'text/html']) {
      expect((await ask('GET', '/metrics', { headers: { accept } })).json.counts).toEqual([])
    }
  })

  it('refuses text where no registry was handed in', async () => {
    const headers = { accept: 'text/plain' }
    const answer = await createApi().ask('GET', '/metrics', { headers })
    expect([answer.status, answer.code]).toEqual([406, 'MONITORING_NOT_ACCEPTABLE'])
  })

  it('names both headers that its answer depends on', async () => {
    const { ask } = createApi({
      cors: { origins: ['https://ops.example'] },
      repository: { readCounts: async () => [] },
    })
    expect((await ask('GET', '/metrics')).headers.get('vary')).toBe('Accept, Origin')
  })
})

describe('GET /dashboard', () => {
  it('gives the summary with the time of its refresh', async () => {
    const dashboard = {
      refreshedAt: NOW,
      open: { critical: 1, high: 0, medium: 2, low: 0 },
      acknowledged: 3,
      resolvedLastDay: 4,
      detectedLastDay: 5,
      openByType: [{ type: 'balance.negative', count: 1 }],
    }
    const { ask } = createApi({ repository: { readDashboard: async () => dashboard } })
    expect((await ask('GET', '/dashboard')).json).toEqual({
      ...dashboard,
      refreshedAt: '2026-05-02T12:00:00.000Z',
    })
    expect((await ask('GET', '/dashboard?x=1')).status).toBe(400)
  })
})

describe('GET /health', () => {
  const repository = { listHealth: async () => [snapshot] }
  const monitor = { status: async () => monitorStatus }

  it('gives the newest snapshot and the circuits of the sources', async () => {
    const { ask } = createApi({ repository, monitor })
    const { status, json } = await ask('GET', '/health')
    expect(status).toBe(200)
    expect(json).toEqual({
      status: 'healthy',
      reasons: [],
      system: {
        ...snapshot,
        takenAt: '2026-05-02T11:59:00.000Z',
        totalBalanceMinor: { EUR: '123456789012345678' },
      },
      sources: [{ id: 'payments', circuit: 'closed' }],
    })
  })

  it('reads a snapshot once in five minutes, and the circuits once in a second', async () => {
    let snapshots = 0
    let statuses = 0
    const { ask, clock } = createApi({
      repository: { listHealth: async () => [{ ...snapshot, openEvents: (snapshots += 1) }] },
      monitor: {
        status: async () => {
          statuses += 1
          return monitorStatus
        },
      },
    })
    await Promise.all([ask('GET', '/health'), ask('GET', '/health')])
    expect([snapshots, statuses]).toEqual([1, 1])
    await clock.advance(299_999)
    expect((await ask('GET', '/health')).json.system.openEvents).toBe(1)
    expect([snapshots, statuses]).toEqual([1, 2])
    await clock.advance(1)
    expect((await ask('GET', '/health')).json.system.openEvents).toBe(2)
  })

  it('shows the first snapshot a second after it was taken, however often it was asked for before', async () => {
    let snapshots: SystemHealthSnapshot[] = []
    let reads = 0
    const { ask, clock } = createApi({
      repository: {
        listHealth: async () => {
          reads += 1
          return snapshots
        },
      },
      monitor,
    })
    const first = await ask('GET', '/health')
    expect([first.status, first.json.reasons, first.json.system]).toEqual([
      200,
      ['no-snapshot'],
      null,
    ])
    snapshots = [snapshot]
    await clock.advance(999)
    expect((await ask('GET', '/health')).json.reasons).toEqual(['no-snapshot'])
    expect(reads).toBe(1)
    await clock.advance(1)
    expect((await ask('GET', '/health')).json.status).toBe('healthy')
    await clock.advance(299_999)
    await ask('GET', '/health')
    expect(reads).toBe(2)
  })

  it('answers 503 without a word of why when nothing can be read', async () => {
    const fail = async () => {
      throw new Error(SECRET)
    }
    const { ask, logged } = createApi({
      repository: { listHealth: fail },
      monitor: { status: fail },
    })
    const { status, json, text } = await ask('GET', '/health')
    expect(status).toBe(503)
    expect(json).toEqual({
      status: 'unhealthy',
      reasons: ['repository-unreadable', 'monitor-unreadable'],
      system: null,
      sources: null,
    })
    expect(text).not.toContain('hunter2')
    expect(logged).toHaveLength(2)
  })

  it('answers 503 while the circuit of a source is open', async () => {
    const sources = [{ id: 'payments', circuit: 'open' as const }]
    const { ask } = createApi({
      repository,
      monitor: { status: async () => ({ ...monitorStatus, sources }) },
    })
    const { status, json } = await ask('GET', '/health')
    expect([status, json.status, json.reasons]).toEqual([503, 'unhealthy', ['circuit-open']])
  })

  it('answers 503 when a check of the host fails, and shows the checks', async () => {
    const report = { status: 'fail', version: '1.4.0', time: NOW, checks: [] } as const
    const healthCheck = { readiness: async () => report }
    const { ask } = createApi({ repository, monitor, healthCheck })
    const { status, json } = await ask('GET', '/health')
    expect([status, json.checks]).toEqual([503, { status: 'fail', version: '1.4.0' }])
  })

  it('stays at 200 when payments fail, for then monitoring works', async () => {
    const { ask } = createApi({
      repository: { listHealth: async () => [{ ...snapshot, status: 'degraded' as const }] },
      monitor,
    })
    const { status, json } = await ask('GET', '/health')
    expect([status, json.status, json.reasons]).toEqual([200, 'degraded', ['system-degraded']])
  })
})

describe('GET /status', () => {
  it('shows how far everything was read; before anything was, no moment', async () => {
    const { ask } = createApi({ monitor: { status: async () => monitorStatus } })
    expect((await ask('GET', '/status')).json).toEqual({
      owner: 'monitor-a',
      sources: [{ id: 'payments', circuit: 'closed' }],
      partitions: [
        {
          pass: 'fast',
          partition: 0,
          owner: 'monitor-a',
          watermark: '2026-05-02T12:00:00.000Z',
          readAt: null,
        },
        {
          pass: 'fast',
          partition: 1,
          owner: null,
          watermark: null,
          readAt: '2026-05-02T12:00:00.000Z',
        },
      ],
      cycle: null,
    })
  })
})

describe('POST /cycle', () => {
  const status = async () => monitorStatus

  it('waits for a cycle that ends soon', async () => {
    const { ask, logged } = createApi({ monitor: { cycle: async () => {} } })
    const answer = await ask('POST', '/cycle', jsonBody({}))
    expect(answer.status).toBe(200)
    const at = '2026-05-02T12:00:00.000Z'
    expect(answer.json).toEqual({
      outcome: 'completed',
      startedBy: 'ada',
      startedAt: at,
      endedAt: at,
    })
    expect(logged[0]).toMatchObject({ level: 'info', facts: { actor: 'ada' } })
  })

  it('answers 202 when it takes longer, 409 while it runs, and runs another one after it', async () => {
    let end = (): void => {}
    let cycles = 0
    const cycle = () => {
      cycles += 1
      return new Promise<void>((resolve) => {
        end = resolve
      })
    }
    const { ask, clock } = createApi({ monitor: { cycle, status }, basePath: '/ops' })
    const first = ask('POST', '/ops/cycle')
    await clock.advance(9_999)
    expect((await ask('POST', '/ops/cycle')).code).toBe('MONITORING_CYCLE_RUNNING')
    await clock.advance(1)
    const answer = await first
    expect([answer.status, answer.json.outcome]).toEqual([202, 'running'])
    expect(answer.headers.get('location')).toBe('/ops/status')
    expect((await ask('POST', '/ops/cycle')).status).toBe(409)
    expect((await ask('GET', '/ops/status')).json.cycle.outcome).toBe('running')

    end()
    await clock.advance(0)
    expect((await ask('GET', '/ops/status')).json.cycle).toMatchObject({
      outcome: 'completed',
      endedAt: '2026-05-02T12:00:10.000Z',
    })
    const second = ask('POST', '/ops/cycle')
    await clock.advance(0)
    end()
    expect((await second).status).toBe(200)
    expect(cycles).toBe(2)
    expect(clock.pending).toBe(0)
  })

  it('says that a cycle failed, and to the log alone why', async () => {
    const { ask, logged } = createApi({
      monitor: {
        cycle: async () => {
          throw new Error(SECRET)
        },
        status,
      },
    })
    const answer = await ask('POST', '/cycle')
    expect([answer.status, answer.code]).toEqual([503, 'MONITORING_CYCLE_FAILED'])
    expect(answer.text).not.toContain('hunter2')
    expect(logged.at(-1)).toMatchObject({ level: 'error', facts: { actor: 'ada' } })
    expect((await ask('GET', '/status')).json.cycle.outcome).toBe('failed')
  })

  it('aborts a cycle that takes longer than it may, and then takes another', async () => {
    const cycle: Monitor['cycle'] = ({ signal } = {}) =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('aborted')))
      })
    const { ask, clock } = createApi({ monitor: { cycle }, cycleTimeoutMs: 60_000 })
    const first = ask('POST', '/cycle')
    await clock.advance(10_000)
    expect((await first).status).toBe(202)
    await clock.advance(50_000)
    const second = ask('POST', '/cycle')
    await clock.advance(10_000)
    expect((await second).status).toBe(202)
  })

  it('goes on when the client that asked for it leaves', async () => {
    let isAborted = false
    const cycle: Monitor['cycle'] = async ({ signal } = {}) => {
      await Promise.resolve()
      isAborted = signal?.aborted ?? false
    }
    const leaving = new AbortController()
    const { ask } = createApi({ monitor: { cycle } })
    const answer = ask('POST', '/cycle', { signal: leaving.signal })
    leaving.abort()
    expect((await answer).status).toBe(200)
    expect(isAborted).toBe(false)
  })

  it('takes no instructions', async () => {
    const answer = await createApi().ask('POST', '/cycle', jsonBody({ force: true }))
    expect([answer.status, answer.code]).toEqual([400, 'MONITORING_BODY_INVALID'])
  })
})

describe('a repository that fails', () => {
  const hostile = [
    new Error(SECRET),
    new InvalidOptionError('listEvents', 'limit', SECRET),
    Object.assign(new Error(SECRET), { code: 'MONITORING_QUERY_INVALID', status: 200 }),
    Object.assign(new Error(SECRET), { name: 'ApiRefusalError', status: 418, headers: { a: 'b' } }),
    SECRET,
    null,
    { message: SECRET, toString: () => SECRET },
  ]

  it.each(hostile.map((thrown) => [thrown]))('tells the client nothing of %j', async (thrown) => {
    const fail = async (): Promise<never> => {
      throw thrown
    }
    const { ask, logged } = createApi({
      repository: { listEvents: fail, getEvent: fail, readCounts: fail, readDashboard: fail },
      monitor: { status: fail },
    })
    for (const path of ['/events', '/events/41', '/metrics', '/dashboard', '/status']) {
      const answer = await ask('GET', path)
      expect([answer.status, answer.code]).toEqual([500, 'MONITORING_REQUEST_FAILED'])
      expect(answer.text).not.toContain('hunter2')
      expect(answer.text).not.toContain('.ts')
    }
    expect(logged.map(({ facts }) => facts)).toContainEqual({ err: thrown, route: '/events/:id' })
  })

  it('tells nothing when it throws at once, or hands out what is no event', async () => {
    const { ask } = createApi({
      repository: {
        listEvents: async () => ({ events: [null as never], next: null }),
        getEvent: async () => ({ ...event, eventData: { cycle: 1n as never } }),
      },
    })
    for (const path of ['/events', '/events/41', '/dashboard']) {
      expect((await ask('GET', path)).code).toBe('MONITORING_REQUEST_FAILED')
    }
  })

  it('keeps nobody waiting when it hangs', async () => {
    const { ask, clock, logged } = createApi({
      repository: { listEvents: () => new Promise(() => {}) },
      answerTimeoutMs: 3_000,
    })
    const answer = ask('GET', '/events')
    await clock.advance(3_000)
    expect((await answer).status).toBe(503)
    expect((await answer).code).toBe('MONITORING_REQUEST_TIMEOUT')
    expect([clock.pending, logged]).toEqual([0, []])
  })

  it('is answered for even where the logger throws too', async () => {
    const handler = createMonitoringHandler({
      repository: strictRepository,
      monitor: strictMonitor,
      authorize: () => 'ada',
      logger: { debug: unexpected, info: unexpected, warn: unexpected, error: unexpected },
    })
    expect((await handler(new Request('https://api.example/events'))).status).toBe(500)
  })
})

describe('metrics', () => {
  it('counts requests by pattern, never by path', async () => {
    const metrics = createMetrics()
    const { ask } = createApi({
      metrics,
      basePath: '/ops',
      repository: { getEvent: async () => event },
    })
    await ask('GET', '/ops/events/41')
    await ask('GET', '/ops/events/42')
    await ask('GET', '/wp-login.php')
    const requests = metrics.collect().find(({ name }) => name === 'http_requests_total')
    expect(requests?.series).toEqual([
      { labels: { method: 'GET', route: '/ops/events/:id', status: '200' }, value: 2 },
      { labels: { method: 'GET', route: 'unknown', status: '404' }, value: 1 },
    ])
  })
})

describe('options', () => {
  it.each([
    ['basePath', { basePath: 'monitoring' }],
    ['basePath', { basePath: '/monitoring/' }],
    ['basePath', { basePath: '/a b' }],
    ['authorizeReads', { authorizeReads: 'no' as never }],
    ['cors.origins', { cors: { origins: ['*'] } }],
    ['cors.origins', { cors: { origins: ['*'], credentials: true } }],
    ['cors.origins', { cors: { origins: ['https://ops.example/'] } }],
    ['cors.origins', { cors: { origins: ['ops.example'] } }],
    ['cors.origins', { cors: { origins: ['null'] } }],
    ['cors.origins', { cors: { origins: 'https://ops.example' as never } }],
    ['cors.headers', { cors: { origins: [], headers: ['x\r\ny'] } }],
    ['healthCacheMs', { healthCacheMs: -1 }],
    ['cycleWaitMs', { cycleWaitMs: Number.NaN }],
  ])('refuses %s of %j', (option, options) => {
    expect(() => createApi(options)).toThrow(`createMonitoringHandler: \`${option}\` must be`)
  })
})
