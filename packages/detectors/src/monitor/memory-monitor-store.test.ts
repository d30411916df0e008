import { expect, test } from 'vitest'

import { monitorStoreContract } from '../testing/monitor-store-contract.ts'
import { createMemoryMonitorStore } from './memory-monitor-store.ts'

test.each(monitorStoreContract)('contract: $name', async ({ run }) => {
  const result = run(async () => {
    const store = createMemoryMonitorStore()
    return { store, readSetAside: async () => store.setAside() }
  })
  await expect(result).resolves.toBeUndefined()
})
