import type { Clock, Timer } from '@assay/core'

/** A pass that also runs between its planned runs: at news, and as soon as something is due. */
export interface PromptedPass {
  /** One run, whoever begins it. No two of them overlap. */
  run(signal: AbortSignal): Promise<void>
  /**
   * There may be something to read. It is read at once; where a run is under way, or has only just
   * ended, by one more run after it, however often this is called.
   */
  prompt(): void
  /** It begins no more runs. */
  stop(): void
}

/** What {@link promptPass} is made of. */
export interface PromptedPassOptions {
  /**
   * Reads and judges what there is.
   *
   * @returns from when on there is more to do though no event comes, in epoch milliseconds
   */
  readonly work: (signal: AbortSignal) => Promise<{ readonly wakeAt: number }>
  /** Has somebody begin a run, in which `run` is called. */
  readonly beginRun: () => void
  /** After how long a source is read again that is behind with what it can tell. */
  readonly retryMs: number
  readonly clock: Clock
}

/**
 * So long a pass rests before a run that is not planned. What comes meanwhile is read together, so that
 * a thousand events a second cost no more runs than ten.
 */
const REST_MS = 100

/** Makes a pass that heeds news. It has one timer at most, and remembers one piece of news at most. */
export function promptPass({ work, beginRun, retryMs, clock }: PromptedPassOptions): PromptedPass {
  let isRunning = false
  let hasNews = false
  let isStopped = false
  let restsUntil = -Infinity
  /** The next run of its own, by the clock that never goes back. */
  let next: { readonly at: number; readonly timer: Timer } | undefined

  function runAt(at: number): void {
    if (isStopped || at === Infinity || (next !== undefined && next.at <= at)) return
    cancel()
    const begin = (): void => {
      next = undefined
      beginRun()
    }
    next = { at, timer: clock.setTimer(begin, Math.max(0, at - clock.monotonic())) }
  }

  function cancel(): void {
    next?.timer.cancel()
    next = undefined
  }

  function planAfterRun(wakeAt: number): void {
    const now = clock.monotonic()
    restsUntil = now + REST_MS
    if (hasNews) runAt(restsUntil)
    const untilWakeMs = wakeAt - clock.now()
    // What is due and was not done waits for something that the source cannot tell yet.
    runAt(Math.max(restsUntil, now + (untilWakeMs > 0 ? untilWakeMs : retryMs)))
  }

  return {
    async run(signal) {
      cancel()
      isRunning = true
      hasNews = false
      let wakeAt = Infinity
      try {
        wakeAt = (await work(signal)).wakeAt
      } finally {
        isRunning = false
        planAfterRun(wakeAt)
      }
    },
    prompt() {
      if (isRunning) hasNews = true
      else runAt(Math.max(restsUntil, clock.monotonic()))
    },
    stop() {
      isStopped = true
      cancel()
    },
  }
}
