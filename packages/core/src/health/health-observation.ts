import { AssayError } from '../errors/assay-error.ts'
import type { HealthCheckResult, HealthMeasurements, HealthStatus } from './health-report.ts'

/** What a check may return. Returning nothing says `pass`; throwing says `fail`. */
export interface HealthObservation {
  /** Default `pass`. */
  readonly status?: HealthStatus | undefined
  readonly measurements?: HealthMeasurements | undefined
}

/** An observation that was read. */
export type HealthReading = Pick<HealthCheckResult, 'status' | 'measurements'>

/** `formatHealthJson` shows how long each check took under this name. */
export const RESPONSE_TIME = 'responseTime'

const STATUSES: readonly unknown[] = ['pass', 'warn', 'fail'] satisfies HealthStatus[]

/**
 * Reads what a check returned. Anything else than nothing or an observation is refused, so that a
 * check that returns `false`, or an HTTP response with status 500, is never taken for healthy.
 *
 * @throws `HEALTH_OBSERVATION_INVALID`
 */
export function parseHealthObservation(name: string, value: unknown): HealthReading {
  if (value === undefined) return { status: 'pass', measurements: {} }
  if (!isRecord(value)) throw invalidObservation(name)

  const { status = 'pass', measurements = {}, ...rest } = value
  const isValid =
    Object.keys(rest).length === 0 &&
    STATUSES.includes(status) &&
    isRecord(measurements) &&
    Object.entries(measurements).every(isMeasurement)
  if (!isValid) throw invalidObservation(name)
  return { status: status as HealthStatus, measurements: { ...measurements } as HealthMeasurements }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A colon parts the name of the check from that of the measurement. */
function isMeasurement([name, value]: [string, unknown]): boolean {
  if (name === '' || name === RESPONSE_TIME || name.includes(':')) return false
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
}

function invalidObservation(name: string): AssayError {
  return new AssayError('HEALTH_OBSERVATION_INVALID', {
    message: `The health check "${name}" must return nothing, or { status, measurements }.`,
    retry: 'never',
    context: { check: name },
  })
}
