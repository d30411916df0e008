import { InvalidOptionError } from '@assay/core'
import { describe, expect, it } from 'vitest'

import type { MonitoringEvent } from '../monitoring-events/monitoring-event.ts'
import { createApi, event, jsonBody, NOW, SECRET } from '../testing/monitoring-api.ts'

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
