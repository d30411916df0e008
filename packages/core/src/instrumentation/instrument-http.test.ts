import { once } from 'node:events'
import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { createMetrics } from '../metrics/create-metrics.ts'
import { noMetrics } from '../metrics/no-metrics.ts'
import { createTestClock } from '../testing/test-clock.ts'
import {
  ACTIVE_CONNECTIONS,
  HTTP_REQUEST_DURATION_SECONDS,
  HTTP_REQUESTS_TOTAL,
} from './http-metrics.ts'
import { instrumentHttp } from './instrument-http.ts'

function setUp() {
  const clock = createTestClock()
  const metrics = createMetrics()
  const http = instrumentHttp({ metrics, clock, routeOf: ({ url }) => routeOf(url) })
  const family = (name: string) => metrics.collect().find((each) => each.name === name)
  const counts = () =>
    Object.fromEntries(
      (family(HTTP_REQUESTS_TOTAL)?.series ?? []).map((series) => [
        Object.values(series.labels).join(' '),
        'value' in series ? series.value : undefined,
      ]),
    )
  return { clock, metrics, http, family, counts }
}

function routeOf(url: string | undefined): string | undefined {
  return url?.includes('/users/') === true ? '/users/:id' : undefined
}

describe('a fetch handler', () => {
  test('is counted by method, route and status, and timed', async () => {
    const { clock, http, family, counts } = setUp()
    const handler = http.wrapFetch(async () => {
      await clock.sleep(250)
      return new Response('made', { status: 201 })
    })
    const answer = handler(new Request('https://x.test/users/7', { method: 'POST' }))
    await clock.advance(250)
    expect((await answer).status).toBe(201)

    expect(counts()).toEqual({ 'POST /users/:id 201': 1 })
    expect(family(HTTP_REQUEST_DURATION_SECONDS)?.series).toMatchObject([
      { labels: { method: 'POST', route: '/users/:id' }, histogram: { count: 1, sum: 0.25 } },
    ])
  })

  test('that throws counts as 500, and its error passes', async () => {
    const { http, counts } = setUp()
    const handler = http.wrapFetch(() => Promise.reject(new Error('bug')))
    await expect(handler(new Request('https://x.test/'))).rejects.toThrow('bug')
    expect(counts()).toEqual({ 'GET unknown 500': 1 })
  })

  test('whose client left counts as 499', async () => {
    const { http, counts } = setUp()
    const request = new Request('https://x.test/', { signal: AbortSignal.abort() })
    const handler = http.wrapFetch(() => Promise.reject(new Error('aborted')))
    await expect(handler(request)).rejects.toThrow('aborted')
    expect(counts()).toEqual({ 'GET unknown 499': 1 })
  })

  test('is active while it works', async () => {
    const { http, family } = setUp()
    const response = Promise.withResolvers<Response>()
    const answer = http.wrapFetch(() => response.promise)(new Request('https://x.test/'))
    expect(family(ACTIVE_CONNECTIONS)?.series).toMatchObject([{ value: 1 }])
    response.resolve(new Response())
    await answer
    expect(family(ACTIVE_CONNECTIONS)?.series).toMatchObject([{ value: 0 }])
  })

  test('answers as ever when routeOf or a metric throws', async () => {
    const explode = (): never => {
      throw new Error('bystander')
    }
    const series = { inc: explode, dec: explode, set: explode, setFunction() {}, observe: explode }
    const metrics = { ...noMetrics, counter: () => ({ labels: () => series }) }
    for (const options of [{ metrics: createMetrics(), routeOf: explode }, { metrics }]) {
      const handler = instrumentHttp(options).wrapFetch(() => new Response('ok'))
      const response = await handler(new Request('https://x.test/'))
      expect(await response.text()).toBe('ok')
    }
  })

  test('makes no series of a method that a client made up', async () => {
    const { http, counts } = setUp()
    const handler = http.wrapFetch(() => new Response())
    await handler(new Request('https://x.test/', { method: 'X-HOSTILE-1' }))
    expect(counts()).toEqual({ 'OTHER unknown 200': 1 })
  })
})

describe('a Node server', () => {
  let server: ReturnType<typeof createServer>
  beforeEach(async () => {
    server = createServer((request, response) => {
      if (request.url === '/hang') return
      response.statusCode = request.url === '/users/1' ? 200 : 404
      response.end('answer')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterEach(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  const url = (path: string): string =>
    `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`
  /** Resolves when the server has done with the next response. */
  const nextClose = (): Promise<void> =>
    new Promise((resolve) => {
      server.once('request', (_, response) => void response.once('close', resolve))
    })

  test('is counted with what was sent, and not any more once it is let go', async () => {
    const { http, counts } = setUp()
    const stop = http.watchServer(server)
    for (const path of ['/users/1', '/nowhere']) {
      const closed = nextClose()
      await (await fetch(url(path))).text()
      await closed
    }
    stop()
    await (await fetch(url('/users/1'))).text()
    expect(counts()).toEqual({ 'GET /users/:id 200': 1, 'GET unknown 404': 1 })
  })

  test('counts a client that hangs up as 499, and its connection while it is open', async () => {
    const { http, family, counts } = setUp()
    http.watchServer(server)
    const closed = nextClose()
    const connected = once(server, 'connection') as Promise<[NodeJS.EventEmitter]>
    const request = get(url('/hang')).on('error', () => {})
    const [socket] = await connected
    expect(family(ACTIVE_CONNECTIONS)?.series).toMatchObject([{ value: 1 }])

    const socketClosed = once(socket, 'close')
    await once(server, 'request')
    request.destroy()
    await Promise.all([closed, socketClosed])
    expect(counts()).toEqual({ 'GET unknown 499': 1 })
    expect(family(ACTIVE_CONNECTIONS)?.series).toMatchObject([{ value: 0 }])
  })
})
