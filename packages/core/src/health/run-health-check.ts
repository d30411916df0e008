import { AssayError, isAssayError } from '../errors/assay-error.ts'
import type { Clock } from '../runtime/clock.ts'
import { type HealthReading, parseHealthObservation } from './health-observation.ts'

/** What one run of a check needs. */
export interface HealthCheckRun {
  readonly name: string
  readonly check: (signal: AbortSignal) => unknown
  readonly timeoutMs: number
  readonly clock: Clock
  /** Told how many calls hang past their time: 1 more, and 1 less when one settles after all. */
  readonly onAbandoned: (change: 1 | -1) => void
}

/**
 * Calls a check and waits no longer than its timeout, even if it ignores the signal that is then
 * aborted. Each call has its own controller, so that ending one never ends another.
 *
 * @throws what the check threw, `HEALTH_CHECK_TIMEOUT` or `HEALTH_OBSERVATION_INVALID`
 */
export function runHealthCheck({
  name,
  check,
  timeoutMs,
  clock,
  onAbandoned,
}: HealthCheckRun): Promise<HealthReading> {
  return new Promise((resolve, reject) => {
    const controller = new AbortController()
    let isAbandoned = false

    const timer = clock.setTimer(() => {
      isAbandoned = true
      onAbandoned(1)
      const error = timeoutError(name, timeoutMs)
      reject(error)
      controller.abort(error)
    }, timeoutMs)

    const release = (): void => {
      timer.cancel()
      if (isAbandoned) onAbandoned(-1)
    }
    void observe(name, check, controller.signal).finally(release).then(resolve, reject)
  })
}

/** What is shown of a failure: its message may hold a connection string, its class does not. */
export function describeFailure(error: unknown): string {
  try {
    if (isAssayError(error)) return error.code
    return error instanceof Error ? error.constructor.name : typeof error
  } catch {
    return 'unknown'
  }
}

async function observe(
  name: string,
  check: (signal: AbortSignal) => unknown,
  signal: AbortSignal,
): Promise<HealthReading> {
  return parseHealthObservation(name, await check(signal))
}

function timeoutError(name: string, timeoutMs: number): AssayError {
  return new AssayError('HEALTH_CHECK_TIMEOUT', {
    message: `The health check "${name}" took longer than ${timeoutMs} ms.`,
    retry: 'safe',
    context: { check: name, timeoutMs },
  })
}
