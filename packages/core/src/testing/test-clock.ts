import type { Clock, Timer } from '../runtime/clock.ts'

/** A {@link Clock} that stands still until a test moves it. */
export interface TestClock extends Clock {
  /**
   * Moves time forward by `ms`, firing each timer and ending each sleep at its own moment, in order.
   * Between two moments the promises that became ready run first, so code that sleeps again inside
   * the interval wakes again inside it.
   *
   * @throws {RangeError} when `ms` is negative or not finite: time never goes back
   */
  advance(ms: number): Promise<void>
  /** Moves time to the next timer or sleep. Resolves to `false` when there is none. */
  advanceToNext(): Promise<boolean>
  /** Moves wall-clock time without the passing of time, as when a host's clock is corrected. */
  setWallClock(epochMs: number): void
  /** How many timers and sleeps are waiting. A test of clean-up expects 0. */
  readonly pending: number
}

/** Taken before a test installs fake timers, which would stop it. */
const nextMacrotask = globalThis.setImmediate

interface Waiter {
  readonly dueAt: number
  readonly order: number
  readonly wake: () => void
}

/**
 * A clock for tests. It starts at `now` (default 0) and moves only when told to.
 *
 * @param options.now the first wall-clock time, in epoch milliseconds
 *
 * @example
 * ```ts
 * import { createTestClock } from '@assay/core/testing'
 *
 * const clock = createTestClock()
 * let woke = false
 * void clock.sleep(1_000).then(() => { woke = true })
 * await clock.advance(999)
 * console.log(woke) // false
 * await clock.advance(1)
 * console.log(woke) // true
 * ```
 */
export function createTestClock({ now = 0 }: { now?: number } = {}): TestClock {
  const waiters = new Set<Waiter>()
  let elapsed = 0
  let wallClockOffset = now
  let nextOrder = 0

  function schedule(ms: number, wake: () => void): Timer {
    const waiter: Waiter = {
      // Like a host, which takes a delay that is no number for none.
      dueAt: elapsed + (ms > 0 ? ms : 0),
      order: nextOrder,
      wake: () => {
        waiters.delete(waiter)
        wake()
      },
    }
    nextOrder += 1
    waiters.add(waiter)
    return { cancel: () => void waiters.delete(waiter) }
  }

  function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason)
        return
      }
      const timer = schedule(ms, () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      })
      const onAbort = (): void => {
        timer.cancel()
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  function earliest(): Waiter | undefined {
    let first: Waiter | undefined
    for (const waiter of waiters) {
      if (
        first === undefined ||
        waiter.dueAt < first.dueAt ||
        (waiter.dueAt === first.dueAt && waiter.order < first.order)
      ) {
        first = waiter
      }
    }
    return first
  }

  async function advanceTo(target: number): Promise<void> {
    await settle()
    for (let next = earliest(); next !== undefined && next.dueAt <= target; next = earliest()) {
      elapsed = Math.max(elapsed, next.dueAt)
      next.wake()
      await settle()
    }
    // Whatever woke may have moved the clock further.
    elapsed = Math.max(elapsed, target)
  }

  return {
    now: () => wallClockOffset + elapsed,
    monotonic: () => elapsed,
    sleep: (ms, options) => sleep(ms, options?.signal),
    setTimer: (callback, ms) => schedule(ms, callback),
    async advance(ms) {
      if (!(ms >= 0 && Number.isFinite(ms))) {
        throw new RangeError(`A test clock cannot be advanced by ${ms} ms.`)
      }
      await advanceTo(elapsed + ms)
    },
    async advanceToNext() {
      await settle()
      const next = earliest()
      if (next === undefined || next.dueAt === Infinity) return false
      await advanceTo(Math.max(elapsed, next.dueAt))
      return true
    },
    setWallClock(epochMs) {
      wallClockOffset = epochMs - elapsed
    },
    get pending() {
      return waiters.size
    },
  }
}

/** Lets every promise that is ready run: a macrotask comes after all microtasks, however many follow. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    nextMacrotask(resolve)
  })
}
