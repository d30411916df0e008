import { formatTimestamp } from '../runtime/format-timestamp.ts'
import { RESPONSE_TIME } from './health-observation.ts'
import type { HealthCheckResult, HealthReport, HealthStatus } from './health-report.ts'

/** What `Content-Type` says of {@link HealthJson}. */
export const HEALTH_JSON_MEDIA_TYPE = 'application/health+json'

/** One reading of one component. */
export interface HealthJsonCheck {
  readonly componentType: string
  readonly observedValue: number | string | boolean
  readonly observedUnit?: string
  readonly status: HealthStatus
  readonly time: string
  readonly output?: string
}

/** The body of a response of type `application/health+json`. */
export interface HealthJson {
  readonly status: HealthStatus
  readonly version: string
  /** By `component:measurement`. */
  readonly checks?: Readonly<Record<string, readonly HealthJsonCheck[]>>
}

/**
 * Writes a report as draft-inadarei-api-health-check-06 describes it. Each check shows how long it
 * took as `name:responseTime`, and each of its measurements beside that.
 *
 * @param report what a health check returned
 * @returns the body, ready for `JSON.stringify`
 *
 * @example
 * ```ts
 * import { createHealthCheck, formatHealthJson } from '@assay/core'
 *
 * const health = createHealthCheck({ version: '1.4.0', checks: [] })
 * console.log(formatHealthJson(await health.readiness())) // { status: 'pass', version: '1.4.0' }
 * ```
 */
export function formatHealthJson({ status, version, checks }: HealthReport): HealthJson {
  if (checks.length === 0) return { status, version }
  return { status, version, checks: Object.fromEntries(checks.flatMap(toEntries)) }
}

function toEntries(result: HealthCheckResult): [string, HealthJsonCheck[]][] {
  const { name, componentType, status, durationMs, measurements } = result
  const time = formatTimestamp(result.time)
  const output = result.output === undefined ? {} : { output: result.output }
  const responseTime = { observedValue: Math.round(durationMs), observedUnit: 'ms' }
  return [
    [`${name}:${RESPONSE_TIME}`, [{ componentType, ...responseTime, status, time, ...output }]],
    ...Object.entries(measurements).map(
      ([measurement, observedValue]): [string, HealthJsonCheck[]] => [
        `${name}:${measurement}`,
        [{ componentType, observedValue, status, time }],
      ],
    ),
  ]
}
