import { createMetrics, InvalidOptionError } from '@assay/core'
import { describe, expect, it } from 'vitest'

import {
  createApi,
  event,
  monitorStatus,
  NOW,
  SECRET,
  unexpected,
} from '../testing/monitoring-api.ts'

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
    const { ask } = createApi({
      logger: { debug: unexpected, info: unexpected, warn: unexpected, error: unexpected },
    })
    expect((await ask('GET', '/events')).status).toBe(500)
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
