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
