/**
 * A clock whose sleeps pass at once, though their time counts as passed, and whose timers are the
 * host's: for code that waits between requests to a real server and limits each by a timer.
 */
export interface SkippingClock {
  now(): number
  monotonic(): number
  sleep(ms: number, options?: { readonly signal?: AbortSignal | undefined }): Promise<void>
  setTimer(callback: () => void, ms: number): { cancel(): void }
  /** How long each sleep would have taken, in milliseconds. */
  readonly sleeps: readonly number[]
}

/** @param options.timerSpeed by what the host's timers are faster than they should be. Default 1. */
export function createSkippingClock({ timerSpeed = 1 } = {}): SkippingClock {
  const sleeps: number[] = []
  let skippedMs = 0
  return {
    now: () => Date.now() + skippedMs,
    monotonic: () => performance.now() + skippedMs,
    async sleep(ms, options) {
      options?.signal?.throwIfAborted()
      sleeps.push(ms)
      skippedMs += ms
    },
    setTimer(callback, ms) {
      const handle = setTimeout(callback, ms / timerSpeed)
      return { cancel: () => clearTimeout(handle) }
    },
    sleeps,
  }
}
