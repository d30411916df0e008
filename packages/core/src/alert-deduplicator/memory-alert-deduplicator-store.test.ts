import { expect, test } from 'vitest'

import { alertDeduplicatorStoreContract } from '../testing/alert-deduplicator-store-contract.ts'
import { createAlertKeyState } from './alert-key-state.ts'
import { createMemoryAlertDeduplicatorStore } from './memory-alert-deduplicator-store.ts'

test.each(alertDeduplicatorStoreContract)('contract: $name', async ({ run }) => {
  await expect(run(createMemoryAlertDeduplicatorStore())).resolves.toBeUndefined()
})

test(
  'makes room for one key by a look at each, however many there are',
  { timeout: 5_000 },
  async () => {
    const store = createMemoryAlertDeduplicatorStore()
    const begin = (key: number) => {
      const next = {
        ...createAlertKeyState(),
        recovered: false,
        failingSince: (key * 7_919) % 20_011,
      }
      return store.commit({ key: String(key), expectedVersion: undefined, next })
    }
    for (let key = 0; key < 20_000; key += 1) await begin(key)
    // Sorting them for each new key takes some ten seconds here, and a look at each less than one.
    for (let key = 20_000; key < 20_500; key += 1) {
      expect(await store.makeRoom(20_000)).toBe('evicted')
      await begin(key)
    }
  },
)
