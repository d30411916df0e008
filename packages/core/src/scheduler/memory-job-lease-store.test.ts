import { expect, test } from 'vitest'

import { jobLeaseStoreContract } from '../testing/job-lease-store-contract.ts'
import { createMemoryJobLeaseStore } from './memory-job-lease-store.ts'

test.each(jobLeaseStoreContract)('contract: $name', async ({ run }) => {
  await expect(run(createMemoryJobLeaseStore())).resolves.toBeUndefined()
})
