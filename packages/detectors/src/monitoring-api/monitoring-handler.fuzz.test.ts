import { createTestClock } from '@assay/core/testing'
import fc from 'fast-check'
import { expect, it } from 'vitest'

import { createMonitoringHandler } from './create-monitoring-handler.ts'

/** What reaches the repository is within these; anything else is a hole in the checks. */
const SAFE_TEXT = /^[^\p{Cc}\p{Cs}]{1,500}$/u

function createGuardedApi() {
  const expectSafe = (values: object): void => {
    for (const [name, value] of Object.entries(values)) {
      if (typeof value === 'string' && name !== 'notes') expect(value).toMatch(SAFE_TEXT)
      if (typeof value === 'number') expect(Number.isSafeInteger(value)).toBe(true)
    }
  }
  return createMonitoringHandler({
    repository: {
      listEvents: async (filter) => {
        expectSafe(filter)
        expect(filter.limit).toBeGreaterThanOrEqual(1)
        expect(filter.limit).toBeLessThanOrEqual(200)
        return { events: [], next: null }
      },
      getEvent: async (eventId) => {
        expectSafe({ eventId })
        return null
      },
      updateEvent: async (update) => {
        expectSafe(update)
        expect(update.by).toBe('ada')
        return 'unknown'
      },
      readCounts: async (range) => {
        expectSafe(range)
        expect(range.until - range.since).toBeGreaterThan(0)
        expect(range.until - range.since).toBeLessThanOrEqual(31 * 86_400_000)
        return []
      },
      readDashboard: () => Promise.reject(new Error('not asked for')),
      listHealth: async () => [],
    },
    monitor: {
      cycle: async () => {},
      status: async () => ({ owner: 'm', sources: [], partitions: [] }),
    },
    authorize: () => 'ada',
    clock: createTestClock({ now: 1_777_627_800_000 }),
  })
}

const piece = fc.oneof(
  fc
    .string({ unit: 'binary', maxLength: 12 })
    .map((text) => encodeURIComponent(text.toWellFormed())),
  fc.constantFrom('%', '%ff', '%00', '%0d%0a', '..', '%2e%2e', '+', '&', '=', '#', '__proto__'),
)
const value = fc.oneof(
  piece,
  fc.nat(300).map(String),
  fc.date({ noInvalidDate: true }).map((date) => encodeURIComponent(date.toISOString())),
  fc.constantFrom('open', 'critical', 'resolved', 'balance.negative', '2026-05-01T00:00:00Z'),
)
const name = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.constantFrom('status', 'severity', 'type', 'cardId', 'since', 'until'),
  },
  { weight: 2, arbitrary: fc.constantFrom('after', 'limit') },
  { weight: 1, arbitrary: piece },
)
const query = fc.array(fc.tuple(name, value), { maxLength: 4 })
const path = fc.oneof(
  fc.constantFrom('/events', '/events/41', '/metrics', '/health', '/status', '/cycle'),
  fc.array(piece, { maxLength: 3 }).map((pieces) => `/events/${pieces.join('/')}`),
)
const body = fc.oneof(
  fc.constant(null),
  fc.json({ maxDepth: 3 }),
  fc.uint8Array({ maxLength: 40 }),
  fc
    .record({
      status: fc.constantFrom('acknowledged', 'resolved', 'open'),
      notes: fc.option(fc.string({ unit: 'binary' }), { nil: undefined }),
    })
    .map((change) => JSON.stringify(change)),
)

it('answers whatever is sent with a documented refusal or with what was asked for', async () => {
  const handler = createGuardedApi()
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('GET', 'HEAD', 'PATCH', 'POST', 'OPTIONS', 'PUT'),
      path,
      query,
      body,
      async (method, path, query, body) => {
        const search = query.map(([name, value]) => `${name}=${value}`).join('&')
        const request = new Request(`https://api.example${path}?${search}`, {
          method,
          ...(method === 'GET' || method === 'HEAD'
            ? {}
            : { body, headers: { 'content-type': 'application/json' } }),
        })
        const response = await handler(request)
        expect([200, 204, 400, 403, 404, 405]).toContain(response.status)
        expect(response.headers.get('x-content-type-options')).toBe('nosniff')
        const text = await response.text()
        if (text !== '') expect(typeof JSON.parse(text)).toBe('object')
      },
    ),
    { numRuns: 2_000 },
  )
})
