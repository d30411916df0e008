import type { Clock } from '../runtime/clock.ts'
import type { CircuitCall, CircuitWork } from './circuit-breaker.ts'

/** The bounds of one call: at least one of the two is given. */
export interface CallBounds {
  readonly clock: Clock
  readonly timeoutMs: number | undefined
  readonly signal: AbortSignal | undefined
  /** The error of a timeout; it is also the reason that the work's signal aborts with. */
  readonly createTimeoutError: () => Error
}

/**
 * Runs `work` and waits for it no longer than its bounds allow: it rejects as soon as the time is up
 * or the caller gives up, even if the work ignores its signal. What the work does after that is
 * nobody's result any more.
 */
export function runBounded<Result>(
  work: CircuitWork<Result>,
  { clock, timeoutMs, signal, createTimeoutError }: CallBounds,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const call = new BoundedCall()

    const onAbort = (): void => {
      timer?.cancel()
      call.abort(signal?.reason)
      reject(signal?.reason)
    }
    const timer =
      timeoutMs === undefined
        ? undefined
        : clock.setTimer(() => {
            signal?.removeEventListener('abort', onAbort)
            const error = createTimeoutError()
            call.abort(error)
            reject(error)
          }, timeoutMs)
    signal?.addEventListener('abort', onAbort, { once: true })

    const release = (): void => {
      timer?.cancel()
      signal?.removeEventListener('abort', onAbort)
    }
    const onFulfilled = (result: Result): void => {
      release()
      resolve(result)
    }
    const onRejected = (error: unknown): void => {
      release()
      reject(error)
    }
    start(work, call).then(onFulfilled, onRejected)
  })
}

/** Calls the work at once. What it throws itself is a rejection like any other. */
export function start<Result>(work: CircuitWork<Result>, call: CircuitCall): Promise<Result> {
  try {
    return Promise.resolve(work(call))
  } catch (error) {
    return Promise.reject(error)
  }
}

/** Most work never reads its signal, and a controller costs more than the rest of a call. */
class BoundedCall implements CircuitCall {
  #controller: AbortController | undefined
  #reason: unknown
  #isAborted = false

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#isAborted) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  abort(reason: unknown): void {
    this.#isAborted = true
    this.#reason = reason
    this.#controller?.abort(reason)
  }
}

/** What work without bounds is given: a signal that nobody will abort, made for whoever reads it. */
export const unboundedCall: CircuitCall = {
  get signal() {
    return new AbortController().signal
  },
}
