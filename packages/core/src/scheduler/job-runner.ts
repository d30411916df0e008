import type { Clock } from '../runtime/clock.ts'
import { callJob, type JobCall } from './job-call.ts'
import type { JobLease } from './job-lease.ts'
import type { JobRecord } from './job-record.ts'
import type { ScheduledJob } from './scheduled-job.ts'
import type { JobResult, JobSkipReason } from './scheduler.ts'

/** Runs one job, one run at a time. */
export interface JobRunner {
  /** Runs it now, if nothing speaks against it. Never rejects. */
  run(): Promise<JobResult>
  /** Aborts what runs. */
  abort(reason: unknown): void
  /**
   * Begins no more, waits for what runs and gives the lease back. A run that has been aborted has
   * `settleMs` to settle.
   *
   * @returns whether it has settled
   */
  drain(settleMs: number): Promise<boolean>
}

/** What a runner is made of. */
export interface JobRunnerParts {
  readonly job: ScheduledJob
  readonly timeoutMs: number
  readonly lease: JobLease | undefined
  readonly record: JobRecord
  readonly clock: Clock
  /** For how many milliseconds a lease must last until the next run; `undefined` where none follows. */
  readonly untilNextMs: () => number | undefined
  /** Asks to be run again so early, because the lease may be free then. */
  readonly tryAgainIn: (ms: number) => void
}

/** Makes the runner of one job. */
export function createJobRunner({
  job,
  timeoutMs,
  lease,
  record,
  clock,
  untilNextMs,
  tryAgainIn,
}: JobRunnerParts): JobRunner {
  let isClosing = false
  let isBusy = false
  let stop = new AbortController()
  /** The last run up to its outcome, and up to its end. */
  let result: Promise<unknown> = Promise.resolve()
  let ended: Promise<void> = Promise.resolve()

  function skip(reason: JobSkipReason): JobResult {
    if (reason !== 'closed') record.skipped(reason)
    return { outcome: 'skipped', reason }
  }

  async function admit(): Promise<{ readonly token: bigint | undefined } | JobSkipReason> {
    if (lease === undefined) return { token: undefined }
    try {
      const answer = await lease.acquire()
      if ('token' in answer) return answer
      tryAgainIn(Math.max(answer.freeInMs, TRY_AGAIN_MIN_MS))
      return 'standby'
    } catch (error) {
      record.leaseFailed(error)
      tryAgainIn(lease.renewMs)
      return 'lease-error'
    }
  }

  async function runOnce(): Promise<JobResult> {
    const admission = await admit()
    if (typeof admission === 'string' || isClosing) {
      if (isClosing) await lease?.release()
      isBusy = false
      return skip(typeof admission === 'string' ? admission : 'closed')
    }
    const call = callJob({
      job,
      token: admission.token,
      timeoutMs,
      clock,
      stop: stop.signal,
      onBegin: () => record.began(),
    })
    const letGo = lease?.keep((error) => stop.abort(error))
    const outcome = await call.result
    letGo?.()
    if (outcome.outcome !== 'skipped') record.ended(outcome)
    await settle(call)
    return outcome.outcome === 'skipped' ? skip(outcome.reason) : outcome
  }

  /** A run that ended by its timeout may go on; then nobody waits for it but the next one. */
  async function settle(call: JobCall): Promise<void> {
    ended = call.settled.then(() => {
      record.settled()
      return end()
    })
    if (call.hasSettled) await ended
  }

  /** The lease is held on to only now, so that no job that hangs keeps others from taking it over. */
  async function end(): Promise<void> {
    const holdMs = untilNextMs()
    await (holdMs === undefined || isClosing ? lease?.release() : lease?.hold(holdMs))
    isBusy = false
  }

  return {
    async run() {
      if (isClosing) return skip('closed')
      if (isBusy) return skip('overlap')
      isBusy = true
      stop = new AbortController()
      const running = runOnce()
      result = running
      return running
    },
    abort: (reason) => stop.abort(reason),
    async drain(settleMs) {
      isClosing = true
      await result
      await settledWithin(ended, { settleMs, clock })
      if (!isBusy) await lease?.release()
      return !isBusy
    },
  }
}

/** A lease that others fight over, or whose end a clock sees a little early, is not asked for in a loop. */
const TRY_AGAIN_MIN_MS = 100

function settledWithin(
  ended: Promise<void>,
  { settleMs, clock }: { readonly settleMs: number; readonly clock: Clock },
): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimer(resolve, settleMs)
    void ended.finally(() => timer.cancel()).then(resolve)
  })
}
