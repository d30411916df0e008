import type { HealthReport } from '@assay/core'
import { describe, expect, it } from 'vitest'

import type { MonitorStatus } from '../monitor/monitor.ts'
import type { SystemHealthSnapshot } from '../monitoring-events/system-health-snapshot.ts'
import { type HealthReadings, judgeMonitoringHealth } from './health-verdict.ts'

const NOW = 1_777_627_800_000

const judge = (readings: HealthReadings) =>
  judgeMonitoringHealth(readings, { now: NOW, ageMaxMs: 900_000 })

const snapshot = (status: SystemHealthSnapshot['status'], ageMs = 0) =>
  ({ status, takenAt: NOW - ageMs }) as SystemHealthSnapshot

const monitor = (...circuits: MonitorStatus['sources'][number]['circuit'][]): MonitorStatus => ({
  owner: 'm',
  sources: circuits.map((circuit, index) => ({ id: `s-${index}`, circuit })),
  partitions: [],
})

const checks = (status: HealthReport['status']): HealthReport => ({
  status,
  version: '1',
  time: NOW,
  checks: [],
})

const well: HealthReadings = {
  snapshot: snapshot('healthy'),
  monitor: monitor('closed', 'closed'),
  checks: checks('pass'),
}

describe('judgeMonitoringHealth', () => {
  it('is healthy without a reason, with checks of the host and without', () => {
    expect(judge(well)).toEqual({ status: 'healthy', reasons: [] })
    expect(judge({ ...well, checks: undefined })).toEqual({ status: 'healthy', reasons: [] })
  })

  it.each([
    ['unhealthy', 'repository-unreadable', { snapshot: null }],
    ['unhealthy', 'monitor-unreadable', { monitor: null }],
    ['unhealthy', 'circuit-open', { monitor: monitor('closed', 'open', 'half-open') }],
    ['unhealthy', 'checks-failed', { checks: checks('fail') }],
    ['unhealthy', 'checks-failed', { checks: null }],
    ['degraded', 'circuit-half-open', { monitor: monitor('closed', 'half-open') }],
    ['degraded', 'checks-warn', { checks: checks('warn') }],
    ['degraded', 'system-degraded', { snapshot: snapshot('degraded') }],
    ['unknown', 'no-snapshot', { snapshot: 'none' }],
    ['unknown', 'no-traffic', { snapshot: snapshot('unknown') }],
    ['unknown', 'snapshot-too-old', { snapshot: snapshot('degraded', 900_001) }],
    ['degraded', 'system-degraded', { snapshot: snapshot('degraded', 900_000) }],
  ] as const)('is %s by %s', (status, reason, readings) => {
    expect(judge({ ...well, ...readings })).toEqual({ status, reasons: [reason] })
  })

  it('names every reason, the gravest first', () => {
    const readings = { snapshot: 'none', monitor: monitor('open'), checks: checks('warn') } as const
    expect(judge(readings)).toEqual({
      status: 'unhealthy',
      reasons: ['circuit-open', 'checks-warn', 'no-snapshot'],
    })
  })
})
