import { describe, expect, it } from 'vitest'

import { createApi, NOW } from '../testing/monitoring-api.ts'

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
