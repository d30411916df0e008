import { createTestClock } from '@assay/core/testing'
import { expect, test } from 'vitest'

import { createMemoryMonitorStore } from '../monitor/memory-monitor-store.ts'
import { monitoringRepositoryContract } from '../testing/monitoring-repository-contract.ts'
import { createMemoryMonitoringRepository } from './memory-monitoring-repository.ts'

test.each(monitoringRepositoryContract)('contract: $name', async ({ run }) => {
  const result = run(async () => {
    const clock = createTestClock()
    const store = createMemoryMonitorStore()
    const repository = createMemoryMonitoringRepository(store, { clock })
    return { store, repository, refresh: async (now) => clock.setWallClock(now) }
  })
  await expect(result).resolves.toBeUndefined()
})
