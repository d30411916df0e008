import { describe, expect, test } from 'vitest'

import { formatHealthJson } from './format-health-json.ts'
import { formatPlainHealth } from './format-plain-health.ts'
import { type HealthCheckResult, healthHttpStatus, type HealthReport } from './health-report.ts'

const time = Date.UTC(2024, 0, 15, 10, 30)

const database: HealthCheckResult = {
  name: 'database',
  type: 'postgresql',
  componentType: 'datastore',
  critical: true,
  status: 'pass',
  time,
  durationMs: 3.4,
  measurements: { transactions: 1_523, wallet_analyses: 42, relationships: 156 },
  measurementsKey: 'database_stats',
  output: undefined,
}

const redis: HealthCheckResult = {
  ...database,
  name: 'redis',
  type: undefined,
  measurements: { db_size: 0, used_memory: 0 },
  measurementsKey: 'redis_info',
}

const report = (
  status: HealthReport['status'],
  ...checks: readonly HealthCheckResult[]
): HealthReport => ({ status, version: '0.1.0', time, checks })

const failedRedis: HealthCheckResult = {
  ...redis,
  critical: false,
  status: 'fail',
  durationMs: 2_000,
  measurements: {},
  output: 'HEALTH_CHECK_TIMEOUT',
}

describe('formatPlainHealth', () => {
  test('writes the shape that earlier systems served, key for key and in their order', () => {
    expect(JSON.stringify(formatPlainHealth(report('pass', database, redis)))).toBe(
      JSON.stringify({
        status: 'healthy',
        version: '0.1.0',
        timestamp: '2024-01-15T10:30:00.000Z',
        database: { status: 'healthy', type: 'postgresql' },
        redis: { status: 'healthy' },
        database_stats: { transactions: 1523, wallet_analyses: 42, relationships: 156 },
        redis_info: { db_size: 0, used_memory: 0 },
      }),
    )
  })

  test('says degraded where a warning is, and unhealthy where something failed', () => {
    expect(formatPlainHealth(report('warn', failedRedis))).toEqual({
      status: 'degraded',
      version: '0.1.0',
      timestamp: '2024-01-15T10:30:00.000Z',
      redis: { status: 'unhealthy' },
    })
    expect(formatPlainHealth(report('fail')).status).toBe('unhealthy')
  })
})

describe('formatHealthJson', () => {
  const component = { componentType: 'datastore', time: '2024-01-15T10:30:00.000Z' }

  test('writes each check and each measurement under component:measurement', () => {
    expect(
      formatHealthJson(
        report('warn', { ...database, measurements: { writable: true } }, failedRedis),
      ),
    ).toEqual({
      status: 'warn',
      version: '0.1.0',
      checks: {
        'database:responseTime': [
          { ...component, observedValue: 3, observedUnit: 'ms', status: 'pass' },
        ],
        'database:writable': [{ ...component, observedValue: true, status: 'pass' }],
        'redis:responseTime': [
          {
            ...component,
            observedValue: 2_000,
            observedUnit: 'ms',
            status: 'fail',
            output: 'HEALTH_CHECK_TIMEOUT',
          },
        ],
      },
    })
  })

  test('leaves out what it has nothing for', () => {
    expect(formatHealthJson(report('pass'))).toStrictEqual({ status: 'pass', version: '0.1.0' })
    const [first] =
      formatHealthJson(report('pass', database)).checks?.['database:responseTime'] ?? []
    expect(first).not.toHaveProperty('output')
  })
})

test.each([
  ['pass', 200],
  ['warn', 200],
  ['fail', 503],
] as const)('a report of %s is HTTP status %i', (status, expected) => {
  expect(healthHttpStatus(report(status))).toBe(expected)
})
