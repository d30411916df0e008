import { describe, expect, it } from 'vitest'

import type { SystemHealthSnapshot } from '../monitoring-events/system-health-snapshot.ts'
import { createApi, monitorStatus, NOW, SECRET, snapshot } from '../testing/monitoring-api.ts'

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
