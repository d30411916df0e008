/**
 * - `pass`: it works.
 * - `warn`: it serves, and somebody should look.
 * - `fail`: it does not serve.
 */
export type HealthStatus = 'pass' | 'warn' | 'fail'

/** Numbers and facts that a check took, by name. Whoever may ask for the health may read them. */
export type HealthMeasurements = Readonly<Record<string, number | string | boolean>>

/** How one dependency was found. */
export interface HealthCheckResult {
  readonly name: string
  /** The product behind the name, such as `postgresql`. */
  readonly type: string | undefined
  readonly componentType: string
  /** Whether the service cannot serve without it. */
  readonly critical: boolean
  readonly status: HealthStatus
  /** Epoch milliseconds at which the check ended. */
  readonly time: number
  readonly durationMs: number
  readonly measurements: HealthMeasurements
  /** Where the plain shape shows the measurements. */
  readonly measurementsKey: string
  /** Why it failed: an error code or the name of an error class, never an error's message. */
  readonly output: string | undefined
}

/** The health of a service at one moment. */
export interface HealthReport {
  /** `fail` when a critical check failed, `warn` when anything else is not `pass`. */
  readonly status: HealthStatus
  readonly version: string
  /** Epoch milliseconds. */
  readonly time: number
  /** In the order in which they were declared; none for liveness. */
  readonly checks: readonly HealthCheckResult[]
}

/**
 * The HTTP status of a report: 200 while the service serves, warnings included, else 503.
 *
 * @param report what a health check returned
 */
export function healthHttpStatus({ status }: HealthReport): 200 | 503 {
  return status === 'fail' ? 503 : 200
}
