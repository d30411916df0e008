import { AssayError } from '../errors/assay-error.ts'
import {
  assertDurationMs,
  assertWholeNumber,
  InvalidOptionError,
} from '../errors/invalid-option-error.ts'
import { tellQuietly } from '../errors/tell-quietly.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import type { HealthObservation } from './health-observation.ts'
import type { HealthCheckResult, HealthReport, HealthStatus } from './health-report.ts'
import { describeFailure, runHealthCheck } from './run-health-check.ts'

/** One dependency, and how to ask it. */
export interface HealthCheckDefinition {
  /** Such as `database`: letters, digits, `_` and `-`; each name once. */
  readonly name: string
  /** The product behind the name, such as `postgresql`. Shown in the plain shape. */
  readonly type?: string | undefined
  /** `datastore`, `system` or `component`, or a word of your own. Default `component`. */
  readonly componentType?: string | undefined
  /** Whether the service cannot serve without it. Default `true`; a failure is else a warning. */
  readonly critical?: boolean | undefined
  /** After how many milliseconds it has failed and its signal is aborted. Default 2,000. */
  readonly timeoutMs?: number | undefined
  /** Where the plain shape shows its measurements. Default the name with `_stats` behind. */
  readonly measurementsKey?: string | undefined
  /**
   * Asks the dependency: throws when it fails, and returns nothing or an observation otherwise. It
   * passes `signal` on, so that what hangs is let go.
   */
  readonly check: (
    signal: AbortSignal,
  ) => HealthObservation | void | Promise<HealthObservation | void>
}

/** Options of {@link createHealthCheck}. */
export interface HealthCheckOptions {
  /** The version of the service, shown in each report. */
  readonly version: string
  readonly checks: readonly HealthCheckDefinition[]
  /** For how many milliseconds a result is given out again. Default 1,000. */
  readonly cacheMs?: number | undefined
  /** How many calls of one check may hang past their timeout before it is no longer made. Default 10. */
  readonly abandonedMax?: number | undefined
  /**
   * Told what a failed check threw, which no report shows. Nobody waits for it, and what it throws or
   * rejects with is ignored.
   */
  readonly onFailure?: ((name: string, error: unknown) => void) | undefined
  readonly clock?: Clock | undefined
}

/** The three questions that an orchestrator asks. None of them ever rejects. */
export interface HealthCheck {
  /**
   * Is the process alive? Yes, if it can answer: no dependency is asked, because restarting a process
   * does not mend the database that it waits for.
   */
  liveness(): HealthReport
  /** Can it serve now? Asks every dependency, at most once in `cacheMs`, and once for all callers. */
  readiness(): Promise<HealthReport>
  /** Could it serve once? The first report that does not fail stays the answer; nothing is asked again. */
  startup(): Promise<HealthReport>
}

/**
 * Answers the probes of an orchestrator. Reports become HTTP bodies by `formatHealthJson` or
 * `formatPlainHealth`, and HTTP statuses by `healthHttpStatus`.
 *
 * A check fails when it throws, takes too long, or returns something else than an observation. A
 * report shows an error's code or class, never its message, which may hold a secret; `onFailure` is
 * given the error itself. A call that hangs and ignores its signal is left behind; while `abandonedMax`
 * of one check hang, it fails without being called again.
 *
 * @param options.version the version of the service
 * @param options.checks the dependencies
 * @param options.cacheMs how long a result is given out again, in milliseconds; default 1,000
 * @param options.abandonedMax how many calls of one check may hang; default 10
 * @param options.onFailure told what a failed check threw
 * @throws `INVALID_OPTION` where a name is unusable or stands twice, or a duration or limit is none
 *
 * @example
 * ```ts
 * import { createHealthCheck, formatPlainHealth, healthHttpStatus } from '@assay/core'
 *
 * const pool = { query: async (text: string) => text }
 * const health = createHealthCheck({
 *   version: '1.4.0',
 *   checks: [
 *     {
 *       name: 'database',
 *       type: 'postgresql',
 *       componentType: 'datastore',
 *       check: async () => {
 *         await pool.query('SELECT 1')
 *       },
 *     },
 *   ],
 * })
 *
 * const report = await health.readiness()
 * console.log(healthHttpStatus(report)) // 200
 * console.log(formatPlainHealth(report)['database']) // { status: 'healthy', type: 'postgresql' }
 * ```
 */
export function createHealthCheck({
  version,
  checks,
  cacheMs = 1_000,
  abandonedMax = 10,
  onFailure,
  clock = systemClock,
}: HealthCheckOptions): HealthCheck {
  assertDurationMs('createHealthCheck', 'cacheMs', cacheMs)
  assertWholeNumber('createHealthCheck', 'abandonedMax', abandonedMax, { min: 1 })
  const dependencies = checks.map((definition) =>
    createDependency(definition, { abandonedMax, onFailure, clock }),
  )
  assertNames(dependencies)

  let freshReport: HealthReport | undefined
  let freshUntilMs = Number.NEGATIVE_INFINITY
  let runningReport: Promise<HealthReport> | undefined
  let startedReport: HealthReport | undefined

  async function run(): Promise<HealthReport> {
    const results = await Promise.all(dependencies.map((dependency) => dependency.ask()))
    runningReport = undefined
    freshReport = { status: overallStatus(results), version, time: clock.now(), checks: results }
    freshUntilMs = clock.monotonic() + cacheMs
    return freshReport
  }

  async function readiness(): Promise<HealthReport> {
    if (freshReport !== undefined && clock.monotonic() < freshUntilMs) return freshReport
    runningReport ??= run()
    return runningReport
  }

  return {
    liveness: () => ({ status: 'pass', version, time: clock.now(), checks: [] }),
    readiness,
    async startup() {
      if (startedReport !== undefined) return startedReport
      const report = await readiness()
      if (report.status !== 'fail') startedReport ??= report
      return startedReport ?? report
    },
  }
}

interface Dependency {
  readonly name: string
  readonly measurementsKey: string
  /** Never rejects. */
  ask(): Promise<HealthCheckResult>
}

function createDependency(
  {
    name,
    type,
    componentType = 'component',
    critical = true,
    timeoutMs = 2_000,
    measurementsKey = `${name}_stats`,
    check,
  }: HealthCheckDefinition,
  {
    abandonedMax,
    onFailure,
    clock,
  }: {
    abandonedMax: number
    onFailure: HealthCheckOptions['onFailure']
    clock: Clock
  },
): Dependency {
  assertDurationMs('createHealthCheck', `timeoutMs of ${name}`, timeoutMs, { min: 1 })
  let abandoned = 0
  const onAbandoned = (change: 1 | -1): void => {
    abandoned += change
  }

  async function observe(): Promise<Pick<HealthCheckResult, 'status' | 'measurements' | 'output'>> {
    try {
      if (abandoned >= abandonedMax) throw stuckError(name, abandoned)
      const observation = await runHealthCheck({ name, check, timeoutMs, clock, onAbandoned })
      return { ...observation, output: undefined }
    } catch (error) {
      // A listener never decides whether a service is healthy.
      tellQuietly(() => onFailure?.(name, error))
      return { status: 'fail', measurements: {}, output: describeFailure(error) }
    }
  }

  return {
    name,
    measurementsKey,
    async ask() {
      const startedAt = clock.monotonic()
      const observed = await observe()
      const durationMs = clock.monotonic() - startedAt
      const time = clock.now()
      return { name, type, componentType, critical, measurementsKey, time, durationMs, ...observed }
    },
  }
}

function overallStatus(results: readonly HealthCheckResult[]): HealthStatus {
  if (results.some(({ status, critical }) => critical && status === 'fail')) return 'fail'
  return results.every(({ status }) => status === 'pass') ? 'pass' : 'warn'
}

/** Names become keys of both shapes, so that they must fit and not stand in each other's place. */
function assertNames(dependencies: readonly Dependency[]): void {
  const taken = new Set(['status', 'version', 'timestamp'])
  for (const key of dependencies.flatMap(({ name, measurementsKey }) => [name, measurementsKey])) {
    if (!/^[a-z][\w-]*$/i.test(key)) {
      const requirement = 'a letter, followed by letters, digits, `_` and `-`'
      throw new InvalidOptionError('createHealthCheck', 'name of a check', requirement)
    }
    if (taken.has(key)) {
      const requirement = `other than \`${key}\`, which stands for something else already`
      throw new InvalidOptionError('createHealthCheck', 'name of a check', requirement)
    }
    taken.add(key)
  }
}

function stuckError(name: string, abandoned: number): AssayError {
  return new AssayError('HEALTH_CHECK_STUCK', {
    message: `The health check "${name}" was not called: ${abandoned} earlier calls still hang.`,
    retry: 'safe',
    context: { check: name, abandoned },
  })
}
