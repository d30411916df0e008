import { runBounded, start } from '../circuit-breaker/bounded-call.ts'
import type { CircuitCall, CircuitWork } from '../circuit-breaker/circuit-breaker.ts'
import { AssayError, isAssayError } from '../errors/assay-error.ts'
import type { Clock } from '../runtime/clock.ts'
import type { ScheduledJob } from './scheduled-job.ts'
import type { JobResult } from './scheduler.ts'

/** One call of a job. Its outcome and its end are two things: a job may not heed its signal. */
export interface JobCall {
  /** What became of it, at its timeout at the latest. Never rejects. */
  readonly result: Promise<JobResult>
  /** Resolves once nothing of it runs any more. */
  readonly settled: Promise<void>
  /** Whether that is so already. */
  readonly hasSettled: boolean
}

/** What one call is made of. */
export interface JobCallOptions {
  readonly job: Pick<ScheduledJob, 'name' | 'run' | 'breaker'>
  readonly token: bigint | undefined
  readonly timeoutMs: number
  readonly clock: Clock
  /** Ends the call; the reason is its error. */
  readonly stop: AbortSignal
  /** Told before the job's own function is called: a breaker may refuse to. */
  readonly onBegin: () => void
}

/** Calls a job, and waits for it no longer than it may take. */
export function callJob(options: JobCallOptions): JobCall {
  const { job, timeoutMs, clock, stop } = options
  const startedAt = clock.monotonic()
  const work = createWork(options)
  let timeout: AssayError | undefined

  // Inside the breaker, so that a timeout is a failure of the dependency and not a caller's wish.
  const bounded = ({ signal }: CircuitCall): Promise<unknown> =>
    runBounded(work.call, {
      clock,
      timeoutMs,
      signal,
      createTimeoutError: () => (timeout = jobTimeoutError(job.name, timeoutMs)),
    })

  async function execute(): Promise<JobResult> {
    try {
      await (job.breaker?.execute(bounded, { signal: stop }) ?? bounded({ signal: stop }))
      return { outcome: 'success', durationMs: clock.monotonic() - startedAt }
    } catch (error) {
      const durationMs = clock.monotonic() - startedAt
      if (stop.aborted) return { outcome: outcomeOfStop(stop), durationMs, error }
      if (!work.isCalled && isAssayError(error, 'CIRCUIT_OPEN')) {
        return { outcome: 'skipped', reason: 'circuit-open' }
      }
      return { outcome: error === timeout ? 'timeout' : 'failure', durationMs, error }
    }
  }

  const result = execute()
  return {
    result,
    // A breaker may call it at once or later, but not after it has answered.
    settled: result.then(() => work.settled),
    get hasSettled() {
      return !work.isUnderWay
    },
  }
}

interface Work {
  readonly isCalled: boolean
  readonly isUnderWay: boolean
  readonly settled: Promise<void>
  readonly call: CircuitWork<unknown>
}

/** The job's own function, and whether it runs. */
function createWork({ job, token, onBegin }: JobCallOptions): Work {
  let isCalled = false
  let isUnderWay = false
  let settled = Promise.resolve()
  return {
    get isCalled() {
      return isCalled
    },
    get isUnderWay() {
      return isUnderWay
    },
    get settled() {
      return settled
    },
    call(call) {
      isCalled = true
      isUnderWay = true
      onBegin()
      // Whoever waits for the result goes on after it is known that nothing runs any more.
      const running = start(() => job.run({ signal: call.signal, token }), call).finally(() => {
        isUnderWay = false
      })
      settled = running.then(ignore, ignore)
      return running
    },
  }
}

function ignore(): void {}

function outcomeOfStop({ reason }: AbortSignal): 'lease-lost' | 'aborted' {
  return isAssayError(reason, 'JOB_LEASE_LOST') ? 'lease-lost' : 'aborted'
}

function jobTimeoutError(job: string, timeoutMs: number): AssayError {
  return new AssayError('JOB_TIMEOUT', {
    message: `The job "${job}" took longer than ${timeoutMs} ms.`,
    retry: 'reconcile-first',
    context: { job, timeoutMs },
  })
}
