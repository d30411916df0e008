import type { AlertDeduplicatorStore, StoredAlertKey } from './alert-deduplicator-store.ts'
import { type AlertKeyState, isAlerting } from './alert-key-state.ts'

/**
 * A store in memory, for tests and for several deduplicators in one process. A single deduplicator
 * needs none: without a store it is synchronous, and faster.
 *
 * @example
 * ```ts
 * import { createAlertDeduplicator, createMemoryAlertDeduplicatorStore } from '@assay/core'
 *
 * const store = createMemoryAlertDeduplicatorStore()
 * const one = createAlertDeduplicator({ threshold: 2, store })
 * const other = createAlertDeduplicator({ threshold: 2, store })
 * console.log((await one.fail('rpc')).reason) // null
 * console.log((await other.fail('rpc')).reason) // firing
 * ```
 */
export function createMemoryAlertDeduplicatorStore(): AlertDeduplicatorStore {
  const keys = new Map<string, StoredAlertKey>()
  let lastVersion = 0

  /** Looks at every key once: it runs for each new key at the bound. */
  function longestQuiet(): string | undefined {
    let longest: string | undefined
    let since = Number.POSITIVE_INFINITY
    for (const [key, { state }] of keys) {
      if (isAlerting(state) || state.failingSince >= since) continue
      longest = key
      since = state.failingSince
    }
    return longest
  }

  return {
    async load(key) {
      const stored = keys.get(key)
      return stored && { ...stored, state: copy(stored.state) }
    },
    async commit({ key, expectedVersion, next }) {
      if (keys.get(key)?.version !== expectedVersion) return false
      if (next === undefined) {
        keys.delete(key)
        return true
      }
      lastVersion += 1
      keys.set(key, { state: copy(next), version: String(lastVersion) })
      return true
    },
    async makeRoom(maxKeys) {
      if (keys.size < maxKeys) return 'free'
      const evicted = longestQuiet()
      if (evicted === undefined) return 'full'
      keys.delete(evicted)
      return 'evicted'
    },
    async list(limit) {
      return [...keys]
        .toSorted(([, a], [, b]) => a.state.failingSince - b.state.failingSince)
        .slice(0, limit)
        .map(([key, { state }]) => ({ key, state: copy(state) }))
    },
  }
}

/** A pending delivery never changes, so sharing it is safe. */
function copy(state: AlertKeyState): AlertKeyState {
  return { ...state }
}
