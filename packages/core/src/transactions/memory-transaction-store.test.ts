import { expect, test } from 'vitest'

import { transactionStoreContract } from '../testing/transaction-store-contract.ts'
import { createMemoryTransactionStore } from './memory-transaction-store.ts'

test.each(transactionStoreContract)('contract: $name', async ({ run }) => {
  await expect(run(createMemoryTransactionStore())).resolves.toBeUndefined()
})
