import type { Clock } from '../runtime/clock.ts'

/** Ends a wait when there is something to do. */
export interface WakeUp {
  /** Ends the wait under way, or the next one at once. */
  now(): void
  /** Waits so many milliseconds, or until it is woken or the signal aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>
}

/** Makes one for a loop that waits in one place. */
export function createWakeUp(clock: Clock): WakeUp {
  let waking = new AbortController()

  return {
    now: () => waking.abort(),
    async wait(ms, signal) {
      await clock.sleep(ms, { signal: AbortSignal.any([waking.signal, signal]) }).catch(() => {})
      waking = new AbortController()
    },
  }
}
