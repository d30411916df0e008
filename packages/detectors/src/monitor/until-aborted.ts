import type { Clock } from '@assay/core'

/**
 * Waits for work until the signal aborts. The work itself is told by the signal; one that does not heed
 * it goes on, and nobody hears of its end.
 *
 * @throws what the work threw, and the signal's reason
 */
export function untilAborted<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    const forget = (): void => signal.removeEventListener('abort', abort)
    work.then(resolve, reject).finally(forget)
  })
}

/** Waits for work, which may fail, for so long; resolves to whether it has ended by then. */
export function settlesWithin(
  limitMs: number,
  work: Promise<unknown>,
  clock: Clock,
): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = clock.setTimer(() => resolve(false), limitMs)
    const end = (): void => {
      timer.cancel()
      resolve(true)
    }
    work.then(end, end)
  })
}
