import { assertDurationMs, InvalidOptionError } from '../errors/invalid-option-error.ts'
import { type Logger, silentLogger } from '../logger/logger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { noMetrics } from '../metrics/no-metrics.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { systemCreateId } from '../runtime/create-id.ts'
import { type Random, systemRandom } from '../runtime/random.ts'
import type { JobLeaseStore } from './job-lease-store.ts'
import type { ScheduledJob } from './scheduled-job.ts'
import type { JobFailure } from './scheduler.ts'

/** Options of `createScheduler`; only the jobs are required. */
export interface SchedulerOptions {
  readonly jobs: readonly ScheduledJob[]
  /** Where processes agree on who runs the jobs that have a `lease`. */
  readonly leases?: JobLeaseStore | undefined
  /** Names this process to people who look at the leases. Default a random identifier. */
  readonly owner?: string | undefined
  /** How long an aborted run may take to settle before `close()` leaves it behind. Default 1,000. */
  readonly settleMs?: number | undefined
  /**
   * Told of each run that failed, timed out or lost its lease, and of each failure of the lease store.
   * Nobody waits for it, and what it throws or rejects with is ignored.
   */
  readonly onError?: ((failure: JobFailure) => void) | undefined
  readonly clock?: Clock | undefined
  /** Draws the jitter. */
  readonly random?: Random | undefined
  /** Names of jobs are unique among schedulers that share metrics. */
  readonly metrics?: Metrics | undefined
  readonly logger?: Logger | undefined
}

/** A job with every default filled in. */
export interface JobSettings {
  readonly job: ScheduledJob
  readonly intervalMs: number
  readonly offsetMs: number
  readonly jitterMs: number
  readonly timeoutMs: number
  /** `undefined` for a job that every process runs. */
  readonly lease: { readonly store: JobLeaseStore; readonly leaseMs: number } | undefined
}

/** The options of a scheduler with every default filled in. */
export interface SchedulerSettings {
  readonly jobs: readonly JobSettings[]
  readonly owner: string
  readonly settleMs: number
  readonly onError: ((failure: JobFailure) => void) | undefined
  readonly clock: Clock
  readonly random: Random
  readonly metrics: Metrics
  readonly logger: Logger
}

const FACTORY = 'createScheduler'
const JOB_NAME = /^[a-z][\w.:/-]{0,99}$/i

/** @throws {InvalidOptionError} `INVALID_OPTION` */
export function parseSchedulerOptions(options: SchedulerOptions): SchedulerSettings {
  const { settleMs = 1_000, owner = systemCreateId() } = options
  assertDurationMs(FACTORY, 'settleMs', settleMs)
  if (owner === '') throw new InvalidOptionError(FACTORY, 'owner', 'a text that is not empty')
  assertNames(options.jobs)
  return {
    jobs: options.jobs.map((job) => parseJob(job, options.leases)),
    owner,
    settleMs,
    onError: options.onError,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    metrics: options.metrics ?? noMetrics,
    logger: options.logger ?? silentLogger,
  }
}

function assertNames(jobs: readonly ScheduledJob[]): void {
  const names = new Set<string>()
  for (const { name } of jobs) {
    if (!JOB_NAME.test(name)) {
      const requirement = 'a letter, then letters, digits and `_ . : / -`, at most 100 in all'
      throw new InvalidOptionError(FACTORY, 'name of a job', requirement)
    }
    if (names.has(name)) {
      throw new InvalidOptionError(FACTORY, 'name of a job', `unique, and "${name}" stands twice`)
    }
    names.add(name)
  }
}

function parseJob(job: ScheduledJob, leases: JobLeaseStore | undefined): JobSettings {
  const { name, intervalMs, offsetMs = 0, jitterMs = 0, timeoutMs = 30_000 } = job
  assertDurationMs(FACTORY, `intervalMs of ${name}`, intervalMs, { min: 1 })
  assertDurationMs(FACTORY, `offsetMs of ${name}`, offsetMs)
  assertDurationMs(FACTORY, `jitterMs of ${name}`, jitterMs)
  assertDurationMs(FACTORY, `timeoutMs of ${name}`, timeoutMs, { min: 1 })
  if (jitterMs >= intervalMs) {
    throw new InvalidOptionError(FACTORY, `jitterMs of ${name}`, 'less than its `intervalMs`')
  }
  return { job, intervalMs, offsetMs, jitterMs, timeoutMs, lease: parseLease(job, leases) }
}

function parseLease(
  { name, lease = false }: ScheduledJob,
  store: JobLeaseStore | undefined,
): JobSettings['lease'] {
  if (lease === false) return undefined
  const { leaseMs = 30_000 } = lease === true ? {} : lease
  assertDurationMs(FACTORY, `leaseMs of ${name}`, leaseMs, { min: 1_000 })
  if (store === undefined) {
    throw new InvalidOptionError(FACTORY, 'leases', `given, because the job "${name}" has a lease`)
  }
  return { store, leaseMs }
}
