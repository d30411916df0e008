import { AssayError } from '../errors/assay-error.ts'
import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import { tellQuietly } from '../errors/tell-quietly.ts'
import type { Clock } from '../runtime/clock.ts'
import { createJobLease, type JobLease } from './job-lease.ts'
import { createJobRecord, type JobRecord } from './job-record.ts'
import { createJobRunner, type JobRunner } from './job-runner.ts'
import { createJobTimetable, type JobTimetable } from './job-timetable.ts'
import {
  type JobSettings,
  parseSchedulerOptions,
  type SchedulerOptions,
  type SchedulerSettings,
} from './parse-scheduler-options.ts'
import { createJobTally } from './scheduler-metrics.ts'
import type { JobStatus, Scheduler, SchedulerStatus } from './scheduler.ts'

/**
 * Makes a scheduler: it runs each job at its interval, one run at a time, each within its timeout, and
 * of several processes only one where the job has a lease.
 *
 * The plan of a job is `offsetMs + n · intervalMs` after `start()`, whatever earlier runs took. A run
 * that is due while the last one has not settled is skipped, also when that one ran into its timeout.
 * Plans whose moments passed while the process stood still are made up for by one run. A job that
 * fails stops neither itself nor the others.
 *
 * @param options.jobs what to run and when
 * @param options.leases shared by the processes of which one runs a job with a `lease`
 * @param options.owner names this process in the leases; default a random identifier
 * @param options.settleMs how long `close()` waits for a run that was aborted, in milliseconds;
 *   default 1,000
 * @param options.onError told what failed
 * @throws {InvalidOptionError} `INVALID_OPTION` where a name stands twice or is unusable, a duration is
 *   none, or a job has a lease and there is no store for it
 *
 * @example
 * ```ts
 * import { createScheduler } from '@assay/core'
 * import { createTestClock } from '@assay/core/testing'
 *
 * const clock = createTestClock() // leave it out, and it is the host's
 * const ran: string[] = []
 * const note = (name: string) => ran.push(`${name} ${clock.now()}`)
 * const scheduler = createScheduler({
 *   clock,
 *   jobs: [
 *     { name: 'reconcile', intervalMs: 30_000, run: () => note('reconcile') },
 *     { name: 'health', intervalMs: 60_000, offsetMs: 5_000, run: () => note('health') },
 *   ],
 * })
 *
 * scheduler.start()
 * await clock.advance(30_000)
 * console.log(ran) // [ 'reconcile 0', 'health 5000', 'reconcile 30000' ]
 * console.log((await scheduler.runNow('health')).outcome) // success
 * await scheduler.close()
 * ```
 */
export function createScheduler(options: SchedulerOptions): Scheduler {
  const settings = parseSchedulerOptions(options)
  const { clock } = settings
  const jobs = settings.jobs.map((job) => planJob(job, settings))
  const runners = new Map(jobs.map(({ name, runner }) => [name, runner]))
  let state: SchedulerStatus['state'] = 'idle'
  const closing = new AbortController()
  let closed: Promise<void> | undefined

  function start(): void {
    if (state === 'started') return
    if (state !== 'idle') throw schedulerClosedError()
    state = 'started'
    for (const { timetable } of jobs) timetable.start()
  }

  async function drain(): Promise<void> {
    state = 'closing'
    closing.abort()
    for (const { timetable } of jobs) timetable.stop()
    const drained = new AbortController()
    void stayUntil(drained.signal, clock)
    await Promise.all(jobs.map((job) => drainJob(job, settings)))
    drained.abort()
    state = 'closed'
  }

  async function close(signal?: AbortSignal): Promise<void> {
    const abort = (): void => {
      for (const { runner } of jobs) runner.abort(signal?.reason)
    }
    closed ??= drain()
    if (signal?.aborted === true) abort()
    signal?.addEventListener('abort', abort, { once: true })
    await closed
    signal?.removeEventListener('abort', abort)
  }

  return {
    start,
    async run({ signal } = {}) {
      const end = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal])
      if (!end.aborted) start()
      await stayUntil(end, clock)
      await close()
    },
    async runNow(name) {
      const runner = runners.get(name)
      if (runner === undefined) {
        throw new InvalidOptionError('runNow', 'name', 'the name of a job of this scheduler')
      }
      return runner.run()
    },
    status: () => ({ state, jobs: jobs.map((job) => statusOf(job, clock)) }),
    close: ({ signal } = {}) => close(signal),
    [Symbol.asyncDispose]: () => close(),
  }
}

/** One job with all that belongs to it. */
interface PlannedJob {
  readonly name: string
  readonly timetable: JobTimetable
  readonly lease: JobLease | undefined
  readonly record: JobRecord
  readonly runner: JobRunner
}

function planJob(settings: JobSettings, scheduler: SchedulerSettings): PlannedJob {
  const { job, intervalMs, offsetMs, jitterMs, timeoutMs } = settings
  const { clock, random, metrics, logger, onError } = scheduler
  const { name } = job
  const tally = createJobTally(metrics, name)
  const record = createJobRecord({ job: name, tally, clock, logger, onError })
  const timetable = createJobTimetable({
    intervalMs,
    offsetMs,
    jitterMs,
    clock,
    random,
    onDue: () => void runner.run(),
    onMissed: (count) => record.skipped('missed', count),
  })
  const lease = leaseJob(settings, scheduler, record)
  const runner = createJobRunner({
    job,
    timeoutMs,
    lease,
    record,
    clock,
    untilNextMs() {
      const nextInMs = timetable.nextInMs()
      return nextInMs === undefined ? undefined : Math.max(0, nextInMs) + jitterMs
    },
    tryAgainIn: (ms) => timetable.tryAgainIn(ms),
  })
  return { name, timetable, lease, record, runner }
}

function leaseJob(
  { job, lease }: JobSettings,
  { owner, clock }: SchedulerSettings,
  record: JobRecord,
): JobLease | undefined {
  if (lease === undefined) return undefined
  const onTrouble = (error: unknown): void => record.leaseFailed(error)
  return createJobLease({ ...lease, job: job.name, owner, clock, onTrouble })
}

async function drainJob(
  { name, runner }: PlannedJob,
  { settleMs, logger }: SchedulerSettings,
): Promise<void> {
  if (await runner.drain(settleMs)) return
  const message = 'A job had not settled when the scheduler was closed.'
  tellQuietly(() => logger.error({ job: name }, message))
}

function statusOf({ name, timetable, lease, record }: PlannedJob, clock: Clock): JobStatus {
  const nextInMs = timetable.nextInMs()
  return {
    name,
    ...record.facts,
    nextAt: nextInMs === undefined ? null : clock.now() + Math.max(0, nextInMs),
    lease: lease === undefined ? null : lease.isHeld ? 'held' : 'standby',
  }
}

/** So long is one of the sleeps that keep a process alive. */
const DAY_MS = 86_400_000

/** Someone waits for it, so that unlike the timers of the jobs it keeps the process alive. */
async function stayUntil(end: AbortSignal, clock: Clock): Promise<void> {
  while (!end.aborted) await clock.sleep(DAY_MS, { signal: end }).catch(() => {})
}

function schedulerClosedError(): AssayError {
  return new AssayError('SCHEDULER_CLOSED', {
    message: 'A scheduler that was closed cannot be started again: make another one.',
    retry: 'never',
  })
}
