/** What `sleep` and every other wait accepts. */
export interface WaitOptions {
  /** Ends the wait early: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** A timer that has been set and can be taken back. */
export interface Timer {
  /** Takes the timer back. Cancelling one that has fired does nothing. */
  cancel(): void
}

/**
 * The only source of time in Assay. Everything that reads the time or waits takes a `Clock` as an
 * option, so that a test clock makes every run repeat exactly.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since the Unix epoch. May jump when the host's clock is set. */
  now(): number
  /** Milliseconds since an arbitrary origin. Never goes back, so durations are measured with it. */
  monotonic(): number
  /**
   * Resolves after `ms` milliseconds. Someone awaits a sleep, so it keeps the process alive; what
   * runs in the background uses `setTimer`, which does not.
   *
   * @throws the signal's reason, as a rejection, when the signal aborts first.
   */
  sleep(ms: number, options?: WaitOptions): Promise<void>
  /** Calls `callback` once after `ms` milliseconds. The timer never keeps the process alive. */
  setTimer(callback: () => void, ms: number): Timer
}

/** `setTimeout` fires at once for anything longer: https://nodejs.org/api/timers.html#settimeoutcallback-delay-args */
const TIMEOUT_MAX_MS = 2 ** 31 - 1

/**
 * The host's clock.
 *
 * @example
 * ```ts
 * import { systemClock } from '@assay/core'
 *
 * const startedAt = systemClock.monotonic()
 * await systemClock.sleep(10)
 * console.log(systemClock.monotonic() - startedAt >= 9) // true
 * ```
 */
export const systemClock: Clock = {
  // The globals are looked up at each call, so that a host's fake timers work too.
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, options) => sleep(ms, options?.signal),
  setTimer: (callback, ms) => setTimer(callback, ms),
}

function setTimer(callback: () => void, ms: number, keepsProcessAlive = false): Timer {
  if (ms > TIMEOUT_MAX_MS) return setLongTimer(callback, ms, keepsProcessAlive)
  const handle = setTimeout(callback, ms)
  // Browsers and edge runtimes return a number, which holds no process open anyway.
  if (!keepsProcessAlive) handle.unref?.()
  return { cancel: () => clearTimeout(handle) }
}

function setLongTimer(callback: () => void, ms: number, keepsProcessAlive: boolean): Timer {
  const goOn = (): void => {
    timer = setTimer(callback, ms - TIMEOUT_MAX_MS, keepsProcessAlive)
  }
  let timer = setTimer(goOn, TIMEOUT_MAX_MS, keepsProcessAlive)
  return { cancel: () => timer.cancel() }
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason)
      return
    }
    const timer = setTimer(
      () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      },
      ms,
      true,
    )
    const onAbort = (): void => {
      timer.cancel()
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
