import type { Clock, Timer } from '@assay/core'

import type { ListenToChannel } from './postgres-event-source.ts'

/** Who hears when there may be something to read. */
export interface EventNews {
  /** As `EventSource.watch`. */
  watch(this: void, onNews: () => void): Promise<() => Promise<void>>
  /**
   * A last page was read. Unless it was complete, there is news again after a while: what was open may
   * have ended by then, and writers that wrote while another one did leave it to that one to tell.
   */
  noteLastPage(page: { readonly isComplete: boolean }): void
}

/** What {@link createEventNews} is made of. */
export interface EventNewsOptions {
  readonly listen: ListenToChannel
  readonly channel: string
  /** The payload that means news; any other is about something else. */
  readonly source: string
  readonly clock: Clock
}

/** The first wait; it doubles while a transaction stays open. */
const WAIT_MS = 50
const WAIT_MAX_MS = 1_000

/** Makes news of a channel. */
export function createEventNews({ listen, channel, source, clock }: EventNewsOptions): EventNews {
  const watchers = new Set<() => void>()
  let timer: Timer | undefined
  let waitMs = WAIT_MS

  function stopWaiting(): void {
    timer?.cancel()
    timer = undefined
  }

  return {
    async watch(onNews) {
      const watcher = (): void => onNews()
      const end = await listen(channel, (payload) => {
        if (payload === null || payload === source) onNews()
      })
      watchers.add(watcher)
      return async () => {
        watchers.delete(watcher)
        if (watchers.size === 0) stopWaiting()
        await end()
      }
    },
    noteLastPage({ isComplete }) {
      if (isComplete) waitMs = WAIT_MS
      if (isComplete || watchers.size === 0 || timer !== undefined) return
      timer = clock.setTimer(() => {
        stopWaiting()
        for (const watcher of watchers) watcher()
      }, waitMs)
      waitMs = Math.min(2 * waitMs, WAIT_MAX_MS)
    },
  }
}
