import { EventEmitter, once } from 'node:events'
import { Agent, createServer, request as httpRequest } from 'node:http'
import { type AddressInfo, connect } from 'node:net'

import { afterEach, describe, expect, it } from 'vitest'

import { createApi, event } from '../testing/monitoring-api.ts'
import { toNodeListener } from './to-node-listener.ts'

const stops: (() => void)[] = []

afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

async function serve(handler: (request: Request) => Promise<Response>): Promise<number> {
  const server = createServer(toNodeListener(handler))
  stops.push(() => {
    server.closeAllConnections()
    server.close()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Sends bytes as they are, and gives all that comes back. */
async function sendRaw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.end(text)
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  return answer
}

function monitoringApi(): (request: Request) => Promise<Response> {
  const { handler } = createApi({
    repository: {
      listEvents: async ({ limit }) => ({ events: [], next: String(limit) }),
      updateEvent: async ({ eventId, by, status, notes }) => ({
        ...event,
        eventId,
        status,
        resolvedBy: by,
        resolutionNotes: notes,
      }),
    },
    monitor: { cycle: async () => {} },
    authorize: ({ headers }) => headers.get('x-user'),
  })
  return handler
}

const user = { 'x-user': 'ada' }

describe('toNodeListener', () => {
  it('carries the API over a socket: queries, bodies, statuses, headers', async () => {
    const port = await serve(monitoringApi())
    const base = `http://127.0.0.1:${port}`
    const page = await fetch(`${base}/events?limit=7`, { headers: user })
    expect([page.status, await page.json()]).toEqual([200, { events: [], next: '7' }])
    expect(page.headers.get('x-content-type-options')).toBe('nosniff')

    const resolved = await fetch(`${base}/events/41`, {
      method: 'PATCH',
      headers: { ...user, 'content-type': 'application/json' },
      body: JSON.stringify({ status: 'resolved', notes: 'Erstattet: 4,50 €' }),
    })
    expect(await resolved.json()).toMatchObject({
      eventId: '41',
      resolvedBy: 'ada',
      resolutionNotes: 'Erstattet: 4,50 €',
    })

    const cycle = await fetch(`${base}/cycle`, { method: 'POST', headers: user })
    expect(cycle.status).toBe(200)
    const head = await fetch(`${base}/events`, { method: 'HEAD', headers: user })
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect((await fetch(`${base}/events`, { method: 'DELETE', headers: user })).status).toBe(405)
  })

  it('tells a client why its body of endless chunks was refused', async () => {
    const port = await serve(monitoringApi())
    const request = httpRequest({
      port,
      host: '127.0.0.1',
      method: 'PATCH',
      path: '/events/41',
      headers: { ...user, 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
    })
    const answered = once(request, 'response')
    // More than all buffers between the two hold.
    for (let sent = 0; sent < 64; sent += 1) request.write('x'.repeat(65_536))
    const [response] = await answered
    let text = ''
    for await (const chunk of response) text += String(chunk)
    request.destroy()
    expect(response.statusCode).toBe(413)
    expect(JSON.parse(text).error.code).toBe('MONITORING_BODY_TOO_LARGE')
  })

  it('takes the next request of a connection whose last body was refused', async () => {
    const port = await serve(monitoringApi())
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    stops.push(() => agent.destroy())
    const ask = async (method: string, path: string, body: string): Promise<number> => {
      const headers = {
        ...user,
        'content-type': 'application/json',
        'transfer-encoding': 'chunked',
      }
      const request = httpRequest({ port, host: '127.0.0.1', agent, method, path, headers })
      request.end(body)
      const [response] = await once(request, 'response')
      response.resume()
      await once(response, 'end')
      return response.statusCode
    }
    expect(await ask('PATCH', '/events/41', 'x'.repeat(8_000_000))).toBe(413)
    expect(await ask('POST', '/cycle', '{}')).toBe(200)
  })

  it('takes no more of a body than is read', async () => {
    const incoming = Object.assign(new EventEmitter(), {
      method: 'POST',
      headers: {},
      readableEnded: false,
      flows: true,
      pause: () => void (incoming.flows = false),
      resume: () => void (incoming.flows = true),
    })
    const body = new Promise<NonNullable<Request['body']>>((resolve) => {
      const listener = toNodeListener(async (request) => {
        resolve(request.body!)
        return new Response()
      })
      listener(incoming, { statusCode: 0, setHeader: () => {}, end: () => {} })
    })
    const reader = (await body).getReader()
    incoming.emit('data', Uint8Array.of(1))
    incoming.emit('data', Uint8Array.of(2))
    expect(incoming.flows).toBe(false)
    await reader.read()
    expect(incoming.flows).toBe(false)
    await reader.read()
    expect(incoming.flows).toBe(true)
    incoming.emit('data', Uint8Array.of(3))
    await reader.cancel()
    incoming.emit('data', Uint8Array.of(4))
    expect(incoming.flows).toBe(true)
  })

  it('lets go of a request whose client leaves in the middle of its body', async () => {
    const seen: number[] = []
    const api = monitoringApi()
    let served = (): void => {}
    const isServed = new Promise<void>((resolve) => {
      served = resolve
    })
    const port = await serve(async (request) => {
      const response = await api(request)
      seen.push(response.status)
      served()
      return response
    })
    const socket = connect(port, '127.0.0.1')
    const headers = 'Host: a\r\nX-User: ada\r\nContent-Type: application/json\r\nContent-Length: 99'
    socket.write(`PATCH /events/41 HTTP/1.1\r\n${headers}\r\n\r\n{"status":`, () => {
      socket.destroy()
    })
    await isServed
    expect(seen).toEqual([400])
  })

  it.each([
    ['a path that looks like a host', 'GET //evil.example/events HTTP/1.1\r\nHost: a', '404'],
    ['a path out of the tree', 'GET /events/../../etc/passwd HTTP/1.1\r\nHost: a', '404'],
    ['a Host that is none', 'GET /events HTTP/1.1\r\nHost: a b/c', '400'],
    ['a request for everything', 'OPTIONS * HTTP/1.1\r\nHost: a', '4'],
    ['a path of another scheme', 'GET http://evil.example/events HTTP/1.1\r\nHost: a', '4'],
    ['a method that fetch forbids', 'TRACE /events HTTP/1.1\r\nHost: a', '400'],
  ])('survives %s', async (_, head, status) => {
    const port = await serve(monitoringApi())
    const answer = await sendRaw(port, `${head}\r\nX-User: ada\r\nConnection: close\r\n\r\n`)
    expect(answer.startsWith(`HTTP/1.1 ${status}`)).toBe(true)
    expect(answer).not.toContain('.ts')
    expect((await fetch(`http://127.0.0.1:${port}/events`, { headers: user })).status).toBe(200)
  })

  it('finds no body where a parser before it has read it', async () => {
    const server = createServer((incoming, outgoing) => {
      incoming.resume()
      incoming.on('end', () => toNodeListener(monitoringApi())(incoming, outgoing))
    })
    stops.push(() => server.close())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const answer = await fetch(`http://127.0.0.1:${port}/events/41`, {
      method: 'PATCH',
      headers: { ...user, 'content-type': 'application/json', connection: 'close' },
      body: '{"status":"resolved"}',
    })
    expect(answer.status).toBe(400)
  })

  it('answers 500 for a handler that rejects', async () => {
    const port = await serve(async () => {
      throw new Error('secret')
    })
    const answer = await fetch(`http://127.0.0.1:${port}/`)
    expect([answer.status, await answer.text()]).toEqual([500, ''])
  })
})
