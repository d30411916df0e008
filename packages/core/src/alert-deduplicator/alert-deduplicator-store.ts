import type { AlertKeyState } from './alert-key-state.ts'

/** The state of a key, and which one it is. */
export interface StoredAlertKey {
  readonly state: AlertKeyState
  /** Never used twice in the store, not even after the key was freed and came back. */
  readonly version: string
}

/** One change of one key. */
export interface AlertKeyCommit {
  readonly key: string
  /** The version that the change was made from; `undefined` when there was none. */
  readonly expectedVersion: string | undefined
  /** What to keep; `undefined` frees the key. */
  readonly next: AlertKeyState | undefined
}

/**
 * Where a deduplicator keeps its keys when processes share them: `createMemoryAlertDeduplicatorStore`,
 * `createPostgresAlertDeduplicatorStore`, or one of your own that passes
 * `alertDeduplicatorStoreContract` of `@assay/core/testing`.
 *
 * Each method is one atomic step. Keys are at most 255 characters long and well-formed Unicode
 * without U+0000. Times in a state are whole epoch milliseconds.
 */
export interface AlertDeduplicatorStore {
  /** Resolves to a state that the caller may change. */
  load(key: string): Promise<StoredAlertKey | undefined>
  /**
   * Resolves to `false`, and changes nothing, when the key is not at `expectedVersion` any more, or
   * when the store could not tell because others changed it at the same time.
   */
  commit(commit: AlertKeyCommit): Promise<boolean>
  /**
   * Asks for room for one more key. With `maxKeys` keys or more it frees the one that has been
   * failing longest of those whose `alert` is `none` and that have no `pending` delivery.
   *
   * Processes that ask at the same moment may each take the last place, so the bound is exceeded by at
   * most as many keys as there are calls under way.
   *
   * @returns `full` when there was none to free
   */
  makeRoom(maxKeys: number): Promise<'free' | 'evicted' | 'full'>
  /** At most `limit` keys, those first that have been failing longest. */
  list(limit: number): Promise<readonly { readonly key: string; readonly state: AlertKeyState }[]>
}
