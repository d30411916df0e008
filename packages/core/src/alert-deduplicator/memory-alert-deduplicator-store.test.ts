import { expect, test } from 'vitest'

import { alertDeduplicatorStoreContract } from '../testing/alert-deduplicator-store-contract.ts'
import { createMemoryAlertDeduplicatorStore } from './memory-alert-deduplicator-store.ts'

test.each(alertDeduplicatorStoreContract)('contract: $name', async ({ run }) => {
  await expect(run(createMemoryAlertDeduplicatorStore())).resolves.toBeUndefined()
})
