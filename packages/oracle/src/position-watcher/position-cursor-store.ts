/** Up to where a watcher has read. */
export interface PositionCursor {
  readonly blockNumber: bigint
  /** Tells whether the chain still has that block. */
  readonly blockHash: string
}

/** Where watchers keep up to where they have read. */
export interface PositionCursorStore {
  /** @returns `null` where the watcher has read nothing yet */
  load(watcher: string): Promise<PositionCursor | null>
  /**
   * Moves a cursor, if it stands where it was read.
   *
   * @returns `false` where another process has moved it
   */
  save(watcher: string, move: { from: PositionCursor | null; to: PositionCursor }): Promise<boolean>
}

/**
 * Keeps cursors in memory: after a restart a watcher begins anew, which writes nothing twice.
 *
 * @example
 * ```ts
 * import { createMemoryPositionCursorStore } from '@assay/oracle'
 *
 * const cursors = createMemoryPositionCursorStore()
 * const to = { blockNumber: 7n, blockHash: '0xabc' }
 * console.log(await cursors.save('markets', { from: null, to })) // true
 * console.log((await cursors.load('markets'))?.blockNumber) // 7n
 * ```
 */
export function createMemoryPositionCursorStore(): PositionCursorStore {
  const cursors = new Map<string, PositionCursor>()

  return {
    load: async (watcher) => cursors.get(watcher) ?? null,
    async save(watcher, { from, to }) {
      if ((cursors.get(watcher)?.blockHash ?? null) !== (from?.blockHash ?? null)) return false
      cursors.set(watcher, to)
      return true
    },
  }
}
