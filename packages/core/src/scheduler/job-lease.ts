import { runBounded } from '../circuit-breaker/bounded-call.ts'
import { AssayError } from '../errors/assay-error.ts'
import type { Clock, Timer } from '../runtime/clock.ts'
import type { JobLeaseStore } from './job-lease-store.ts'

/** The lease of one job, as one process sees it. */
export interface JobLease {
  /** Whether it was held when it was last asked for, and not lost since. */
  readonly isHeld: boolean
  /** After how many milliseconds it is renewed, and asked for again when the store failed. */
  readonly renewMs: number
  /**
   * Goes on with the lease that is held, or takes it.
   *
   * @returns its token, or in how many milliseconds it may be free
   * @throws what the store threw, or `JOB_LEASE_TIMEOUT`
   */
  acquire(): Promise<{ readonly token: bigint } | { readonly freeInMs: number }>
  /**
   * Renews it until the returned function is called. When it cannot be relied on any more, that is
   * the end too, and `onLost` hears `JOB_LEASE_LOST`.
   */
  keep(onLost: (error: AssayError) => void): () => void
  /** Holds it for so many milliseconds more than a lease lasts, without a renewal in between. */
  hold(ms: number): Promise<void>
  release(): Promise<void>
}

/** What the lease of a job is made of. */
export interface JobLeaseParts {
  readonly job: string
  readonly owner: string
  readonly leaseMs: number
  readonly store: JobLeaseStore
  readonly clock: Clock
  /** Hears what went wrong where nobody waits for it: the lease runs out if it stays so. */
  readonly onTrouble: (error: unknown) => void
}

/** Makes the lease of one job. Nothing is taken yet. */
export function createJobLease({
  job,
  owner,
  leaseMs,
  store,
  clock,
  onTrouble,
}: JobLeaseParts): JobLease {
  /** So that two renewals may fail before the lease runs out. */
  const renewMs = leaseMs / 3
  let held: HeldLease | undefined

  function ask<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    const createTimeoutError = (): Error => leaseTimeoutError(job, renewMs)
    return runBounded(question, {
      clock,
      timeoutMs: renewMs,
      signal: undefined,
      createTimeoutError,
    })
  }

  /** The end is counted from before the question, because nobody knows when the store heard it. */
  async function renew(lease: HeldLease, forMs: number): Promise<boolean> {
    const until = clock.monotonic() + forMs
    const renewal = { job, token: lease.token, now: clock.now(), leaseMs: forMs }
    const isRenewed = await ask(() => store.renew(renewal))
    if (isRenewed) lease.until = Math.max(lease.until, until)
    else if (held === lease) held = undefined
    return isRenewed
  }

  async function take(): Promise<{ readonly token: bigint } | { readonly freeInMs: number }> {
    const until = clock.monotonic() + leaseMs
    const answer = await ask(() => store.take({ job, owner, now: clock.now(), leaseMs }))
    if (!answer.taken) return { freeInMs: answer.until - clock.now() }
    held = { token: answer.token, until }
    return { token: answer.token }
  }

  function keep(onLost: (error: AssayError) => void): () => void {
    const lease = held
    if (lease === undefined) return () => {}
    let isOver = false
    let beat: Timer | undefined
    let end: Timer | undefined

    const stop = (): void => {
      isOver = true
      beat?.cancel()
      end?.cancel()
    }
    const lose = (): void => {
      stop()
      onLost(leaseLostError(job))
    }
    const watch = (): void => {
      end?.cancel()
      end = clock.setTimer(lose, lease.until - clock.monotonic())
      beat = clock.setTimer(() => void renewOnce(), renewMs)
    }
    const renewOnce = async (): Promise<void> => {
      try {
        const isRenewed = await renew(lease, leaseMs)
        if (!isOver && !isRenewed) lose()
      } catch (error) {
        if (!isOver) onTrouble(error)
      }
      if (!isOver) watch()
    }
    watch()
    return stop
  }

  return {
    get isHeld() {
      return held !== undefined
    },
    renewMs,
    async acquire() {
      const lease = held
      return lease !== undefined && (await renew(lease, leaseMs)) ? { token: lease.token } : take()
    },
    keep,
    async hold(ms) {
      if (held === undefined) return
      await renew(held, ms + leaseMs).catch(onTrouble)
    },
    async release() {
      if (held === undefined) return
      const { token } = held
      held = undefined
      await ask(() => store.release({ job, token })).catch(onTrouble)
    },
  }
}

interface HeldLease {
  readonly token: bigint
  /** Until when this process may rely on it, by the clock that never goes back. */
  until: number
}

function leaseLostError(job: string): AssayError {
  return new AssayError('JOB_LEASE_LOST', {
    message: `The run of the job "${job}" was aborted, because its lease could not be kept.`,
    retry: 'reconcile-first',
    context: { job },
  })
}

function leaseTimeoutError(job: string, timeoutMs: number): AssayError {
  return new AssayError('JOB_LEASE_TIMEOUT', {
    message: `The lease store did not answer for the job "${job}" within ${timeoutMs} ms.`,
    retry: 'safe',
    context: { job, timeoutMs },
  })
}
