import assert from 'node:assert/strict'

import type { PositionCursorStore } from '../position-watcher/position-cursor-store.ts'

/** One thing that every {@link PositionCursorStore} does. */
export interface PositionCursorStoreContractCase {
  readonly name: string
  /**
   * @param store an empty one, of this case's own
   * @throws AssertionError when the store does not do it
   */
  run(this: void, store: PositionCursorStore): Promise<void>
}

/**
 * What every implementation of `PositionCursorStore` does, as data.
 *
 * @example
 * ```ts
 * import { createMemoryPositionCursorStore } from '@assay/oracle'
 * import { positionCursorStoreContract } from '@assay/oracle/testing'
 *
 * for (const { run } of positionCursorStoreContract) {
 *   await run(createMemoryPositionCursorStore())
 * }
 * ```
 */
export const positionCursorStoreContract: readonly PositionCursorStoreContractCase[] = [
  {
    name: 'keeps a cursor for each watcher',
    async run(store) {
      assert.equal(await store.load('a'), null)
      assert.equal(await store.save('a', { from: null, to: FIRST }), true)
      assert.deepEqual(await store.load('a'), FIRST)
      assert.equal(await store.load('b'), null)
    },
  },
  {
    name: 'moves a cursor only from where it stands',
    async run(store) {
      assert.equal(await store.save('a', { from: FIRST, to: SECOND }), false)
      await store.save('a', { from: null, to: FIRST })
      assert.equal(await store.save('a', { from: null, to: SECOND }), false)
      assert.equal(await store.save('a', { from: SECOND, to: FIRST }), false)
      assert.deepEqual(await store.load('a'), FIRST)
      assert.equal(await store.save('a', { from: FIRST, to: SECOND }), true)
      assert.deepEqual(await store.load('a'), SECOND)
    },
  },
]

const FIRST = { blockNumber: 9_007_199_254_740_993n, blockHash: '0xaa' }
const SECOND = { blockNumber: 9_007_199_254_740_994n, blockHash: '0xbb' }
