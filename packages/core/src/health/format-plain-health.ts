import { formatTimestamp } from '../runtime/format-timestamp.ts'
import type { HealthMeasurements, HealthReport, HealthStatus } from './health-report.ts'

/** How the plain shape says `pass`, `warn` and `fail`. */
export type PlainHealthStatus = 'healthy' | 'degraded' | 'unhealthy'

/** A component in the plain shape. */
export interface PlainHealthComponent {
  readonly status: PlainHealthStatus
  readonly type?: string
}

/** The plain shape: beside the three fixed keys one for each check, and one for its measurements. */
export interface PlainHealth {
  readonly status: PlainHealthStatus
  readonly version: string
  readonly timestamp: string
  readonly [component: string]: string | PlainHealthComponent | HealthMeasurements
}

const PLAIN_STATUS: Readonly<Record<HealthStatus, PlainHealthStatus>> = {
  pass: 'healthy',
  warn: 'degraded',
  fail: 'unhealthy',
}

/**
 * Writes a report in the plain shape that dashboards made for earlier systems read: `status`,
 * `version`, `timestamp`, a key for each check, then a key for the measurements of each that took any.
 *
 * @param report what a health check returned
 * @returns the body, ready for `JSON.stringify`
 *
 * @example
 * ```ts
 * import { createHealthCheck, formatPlainHealth } from '@assay/core'
 *
 * const health = createHealthCheck({
 *   version: '1.4.0',
 *   checks: [
 *     {
 *       name: 'redis',
 *       measurementsKey: 'redis_info',
 *       check: () => ({ measurements: { db_size: 12 } }),
 *     },
 *   ],
 * })
 * const body = formatPlainHealth(await health.readiness())
 * console.log(body.status, body['redis'], body['redis_info'])
 * // healthy { status: 'healthy' } { db_size: 12 }
 * ```
 */
export function formatPlainHealth({ status, version, time, checks }: HealthReport): PlainHealth {
  const measured = checks.filter(({ measurements }) => Object.keys(measurements).length > 0)
  return {
    status: PLAIN_STATUS[status],
    version,
    timestamp: formatTimestamp(time),
    ...Object.fromEntries(
      checks.map(({ name, type, status }) => [
        name,
        { status: PLAIN_STATUS[status], ...(type === undefined ? {} : { type }) },
      ]),
    ),
    ...Object.fromEntries(
      measured.map(({ measurementsKey, measurements }) => [measurementsKey, measurements]),
    ),
  }
}
