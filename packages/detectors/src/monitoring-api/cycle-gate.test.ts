import { describe, expect, it } from 'vitest'

import { createApi, jsonBody, monitorStatus, SECRET } from '../testing/monitoring-api.ts'
import type { MonitoringHandlerOptions } from './api-settings.ts'

type Monitor = MonitoringHandlerOptions['monitor']

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
