import type { Clock } from '@assay/core'

/** Tells waiters that something has changed. */
export interface CallWatch {
  tell(): void
  /** Ask for it before looking, so that no change falls between. */
  next(): CallNews
}

/** The next change. */
interface CallNews {
  /**
   * Waits for it, and no longer than the watch was told: other processes change things too.
   *
   * @throws the signal's reason
   */
  wait(signal?: AbortSignal): Promise<void>
}

/** Makes a watch. */
export function createCallWatch(clock: Clock, longestMs: number): CallWatch {
  let changed = new AbortController()

  return {
    tell() {
      const before = changed
      changed = new AbortController()
      before.abort()
    },
    next() {
      const { signal: change } = changed
      return {
        async wait(signal) {
          const either = signal === undefined ? change : AbortSignal.any([change, signal])
          await clock.sleep(longestMs, { signal: either }).catch(() => {})
          signal?.throwIfAborted()
        },
      }
    },
  }
}
