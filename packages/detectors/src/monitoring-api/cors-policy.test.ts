import { describe, expect, it } from 'vitest'

import { createApi, event, unexpected } from '../testing/monitoring-api.ts'

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
