import { describe, expect, it } from 'vitest'

import { createApi, event, jsonBody, SECRET } from '../testing/monitoring-api.ts'

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
