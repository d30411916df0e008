import type { Clock } from '../runtime/clock.ts'

/** Lets deliveries pass one by one, at least `intervalMs` apart, in the order in which they came. */
export interface DeliveryQueue {
  /**
   * Resolves to `true` when it is this delivery's turn, and to `false` at once when `waitingMax`
   * others wait already.
   *
   * @throws the signal's reason, as a rejection, as soon as it aborts; the place is free again
   */
  turn(signal: AbortSignal): Promise<boolean>
  /** Lets no one pass for this long, because the other side asked for a pause. */
  holdFor(ms: number): void
}

export interface DeliveryQueueOptions {
  readonly intervalMs: number
  readonly waitingMax: number
  readonly clock: Clock
}

export function createDeliveryQueue({
  intervalMs,
  waitingMax,
  clock,
}: DeliveryQueueOptions): DeliveryQueue {
  const waiting = new Set<() => void>()
  let opensAt = -Infinity
  let isRunning = false
  let nap = new AbortController()

  async function run(): Promise<void> {
    isRunning = true
    for (let [first] = waiting; first !== undefined; [first] = waiting) {
      const waitMs = opensAt - clock.monotonic()
      if (waitMs > 0) {
        // When the last one that waits gives up, the nap ends, so that it keeps no process alive.
        nap = new AbortController()
        await clock.sleep(waitMs, { signal: nap.signal }).catch(() => {})
      } else {
        opensAt = clock.monotonic() + intervalMs
        waiting.delete(first)
        first()
      }
    }
    isRunning = false
  }

  return {
    async turn(signal) {
      signal.throwIfAborted()
      if (waiting.size >= waitingMax) return false
      await new Promise<void>((resolve, reject) => {
        const pass = (): void => {
          signal.removeEventListener('abort', onAbort)
          resolve()
        }
        const onAbort = (): void => {
          waiting.delete(pass)
          if (waiting.size === 0) nap.abort()
          reject(signal.reason)
        }
        signal.addEventListener('abort', onAbort, { once: true })
        waiting.add(pass)
        if (!isRunning) void run()
      })
      return true
    },
    holdFor(ms) {
      opensAt = Math.max(opensAt, clock.monotonic() + ms)
    },
  }
}
