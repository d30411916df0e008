import assert from 'node:assert/strict'

import type { AlertDeduplicatorStore } from '../alert-deduplicator/alert-deduplicator-store.ts'
import type { AlertKeyState } from '../alert-deduplicator/alert-key-state.ts'
import { createAlertDeduplicator } from '../alert-deduplicator/create-alert-deduplicator.ts'
import { createTestClock } from './test-clock.ts'

/** One thing that every {@link AlertDeduplicatorStore} does. */
export interface AlertDeduplicatorStoreContractCase {
  readonly name: string
  /**
   * @param store an empty one, of this case's own
   * @throws AssertionError when the store does not do it
   */
  run(this: void, store: AlertDeduplicatorStore): Promise<void>
}

/**
 * What every implementation of `AlertDeduplicatorStore` does, as data: run each case with any test
 * runner, on an empty store.
 *
 * @example
 * ```ts
 * import { createMemoryAlertDeduplicatorStore } from '@assay/core'
 * import { alertDeduplicatorStoreContract } from '@assay/core/testing'
 *
 * for (const { run } of alertDeduplicatorStoreContract) {
 *   await run(createMemoryAlertDeduplicatorStore())
 * }
 * ```
 */
export const alertDeduplicatorStoreContract: readonly AlertDeduplicatorStoreContractCase[] = [
  {
    name: 'knows nothing of a key that was never committed',
    async run(store) {
      assert.equal(await store.load('rpc'), undefined)
      assert.deepEqual(await store.list(10), [])
    },
  },
  {
    name: 'returns each field of a state as it was committed',
    async run(store) {
      const states: AlertKeyState[] = [
        quietState({ failureCount: 3_000_000_000, failingSince: Number.MAX_SAFE_INTEGER }),
        quietState({ recovered: true, alert: 'owed' }),
        quietState({ alert: 'open', alertedAt: 1_700_000_000_001, alertedCount: 2 }),
        quietState({ alert: 'uncertain', failingSince: -1 }),
        quietState({ pending: { reason: 'firing', decidedAt: 0, token: "it's" } }),
        quietState({ pending: { reason: 'repeat', decidedAt: 5, token: '' } }),
        quietState({ pending: { reason: 'resolved', decidedAt: 5, token: 'x'.repeat(100) } }),
        quietState(),
      ]
      let expectedVersion: string | undefined
      for (const next of states) {
        assert.equal(await store.commit({ key: 'rpc', expectedVersion, next }), true)
        const loaded = await store.load('rpc')
        assert.deepEqual(loaded?.state, next)
        assert.deepEqual(await store.list(10), [{ key: 'rpc', state: next }])
        expectedVersion = loaded?.version
      }
    },
  },
  {
    name: 'refuses to begin a key that is there',
    async run(store) {
      const version = await begin(store, 'rpc', quietState({ failureCount: 1 }))
      const next = quietState({ failureCount: 9 })
      assert.equal(await store.commit({ key: 'rpc', expectedVersion: undefined, next }), false)
      await assertUnchanged(store, 'rpc', version, 1)
    },
  },
  {
    name: 'refuses a change and a release made from an older version',
    async run(store) {
      const older = await begin(store, 'rpc', quietState({ failureCount: 1 }))
      const next = quietState({ failureCount: 2 })
      assert.equal(await store.commit({ key: 'rpc', expectedVersion: older, next }), true)
      const version = (await store.load('rpc'))?.version
      assert.notEqual(version, older)

      for (const stale of [quietState({ failureCount: 9 }), undefined]) {
        const commit = { key: 'rpc', expectedVersion: older, next: stale }
        assert.equal(await store.commit(commit), false)
        await assertUnchanged(store, 'rpc', version, 2)
      }
    },
  },
  {
    name: 'frees a key, and refuses what was made from its last version',
    async run(store) {
      const expectedVersion = await begin(store, 'rpc', quietState())
      assert.equal(await store.commit({ key: 'rpc', expectedVersion, next: undefined }), true)
      assert.equal(await store.load('rpc'), undefined)
      assert.equal(await store.commit({ key: 'rpc', expectedVersion, next: quietState() }), false)
      assert.equal(await store.commit({ key: 'rpc', expectedVersion, next: undefined }), false)
      assert.equal(await store.load('rpc'), undefined)
    },
  },
  {
    name: 'never uses a version twice, so that a key that came back is not mistaken',
    async run(store) {
      const versions = new Set<string>()
      for (let round = 0; round < 5; round += 1) {
        const expectedVersion = await begin(store, 'rpc', quietState())
        versions.add(expectedVersion)
        await store.commit({ key: 'rpc', expectedVersion, next: undefined })
      }
      assert.equal(versions.size, 5)
    },
  },
  {
    name: 'lets one of many simultaneous commits win',
    async run(store) {
      let expectedVersion: string | undefined
      for (let round = 0; round < 5; round += 1) {
        const commits = Array.from({ length: 20 }, (_, index) => {
          const next = quietState({ failureCount: 1 + index })
          return store.commit({ key: 'rpc', expectedVersion, next })
        })
        const wins = await Promise.all(commits)
        assert.equal(wins.filter(Boolean).length, 1)
        const loaded = await store.load('rpc')
        assert.equal(loaded?.state.failureCount, 1 + wins.indexOf(true))
        expectedVersion = loaded?.version
      }
    },
  },
  {
    name: 'keeps a state apart from the objects that it takes and gives',
    async run(store) {
      const given = quietState({ failureCount: 1 })
      const version = await begin(store, 'rpc', given)
      given.failureCount = 9
      const loaded = await store.load('rpc')
      if (loaded !== undefined) loaded.state.failureCount = 9
      await assertUnchanged(store, 'rpc', version, 1)
    },
  },
  {
    name: 'tells awkward keys apart',
    async run(store) {
      const keys = ['', ' ', 'a', 'A', 'é', 'e\u0301', '💸', '__proto__', "'; --", '%', '\\', '\n']
      keys.push('x'.repeat(255), `${'x'.repeat(254)}y`, '💸'.repeat(127))
      for (const [index, key] of keys.entries()) {
        await begin(store, key, quietState({ failureCount: index }))
      }
      for (const [index, key] of keys.entries()) {
        assert.equal((await store.load(key))?.state.failureCount, index)
      }
      const listed = await store.list(100)
      assert.deepEqual(new Set(listed.map(({ key }) => key)), new Set(keys))
    },
  },
  {
    name: 'makes room by freeing the quiet key that has been failing longest',
    async run(store) {
      await begin(store, 'newer', quietState({ failingSince: 300 }))
      await begin(store, 'older', quietState({ failingSince: 200 }))
      await begin(store, 'alerting', quietState({ failingSince: 100, alert: 'open' }))
      assert.equal(await store.makeRoom(4), 'free')
      assert.equal(await store.makeRoom(3), 'evicted')
      assert.equal(await store.load('older'), undefined)
      assert.equal((await store.list(10)).length, 2)
    },
  },
  {
    name: 'never frees a key whose alert is not resolved',
    async run(store) {
      const pending = { reason: 'firing', decidedAt: 0, token: 't' } as const
      await begin(store, 'open', quietState({ alert: 'open' }))
      await begin(store, 'owed', quietState({ alert: 'owed' }))
      await begin(store, 'uncertain', quietState({ alert: 'uncertain' }))
      await begin(store, 'pending', quietState({ pending }))
      assert.equal(await store.makeRoom(1), 'full')
      assert.equal((await store.list(10)).length, 4)
    },
  },
  {
    name: 'lists those first that have been failing longest, up to the limit',
    async run(store) {
      for (const failingSince of [30, 10, 20]) {
        await begin(store, `since ${failingSince}`, quietState({ failingSince }))
      }
      const listed = await store.list(2)
      assert.deepEqual(
        listed.map(({ key }) => key),
        ['since 10', 'since 20'],
      )
    },
  },
  {
    name: 'lets two deduplicators send one alert between them, and one more after each cooldown',
    async run(store) {
      const clock = createTestClock({ now: 1_700_000_000_000 })
      const options = { store, clock, threshold: 3, cooldownMs: 60_000, commitAttemptsMax: 1_000 }
      const deduplicators = [createAlertDeduplicator(options), createAlertDeduplicator(options)]
      const failOften = async (): Promise<readonly (string | null)[]> => {
        const calls = Array.from({ length: 25 }, () => deduplicators.map((one) => one.fail('rpc')))
        const decisions = await Promise.all(calls.flat())
        return decisions.map(({ reason }) => reason).filter((reason) => reason !== null)
      }

      assert.deepEqual(await failOften(), ['firing'])
      assert.deepEqual(await failOften(), [])
      await clock.advance(60_000)
      assert.deepEqual(await failOften(), ['repeat'])
      await clock.advance(60_000)
      assert.deepEqual(await failOften(), ['repeat'])
      assert.equal((await store.load('rpc'))?.state.failureCount, 200)

      const successes = await Promise.all(deduplicators.map((one) => one.succeed('rpc')))
      assert.equal(successes.filter(({ reason }) => reason === 'resolved').length, 1)
      assert.equal(await store.load('rpc'), undefined)
    },
  },
]

/** A key that failed once and alerted nobody, but for what is given. */
function quietState(given: Partial<AlertKeyState> = {}): AlertKeyState {
  return {
    failureCount: 1,
    failingSince: 1_700_000_000_000,
    recovered: false,
    alert: 'none',
    alertedAt: 0,
    alertedCount: 0,
    pending: null,
    ...given,
  }
}

async function begin(
  store: AlertDeduplicatorStore,
  key: string,
  next: AlertKeyState,
): Promise<string> {
  assert.equal(await store.commit({ key, expectedVersion: undefined, next }), true)
  const loaded = await store.load(key)
  assert.ok(loaded !== undefined)
  return loaded.version
}

async function assertUnchanged(
  store: AlertDeduplicatorStore,
  key: string,
  version: string | undefined,
  failureCount: number,
): Promise<void> {
  const loaded = await store.load(key)
  assert.equal(loaded?.version, version)
  assert.equal(loaded?.state.failureCount, failureCount)
}
