import { expect, test } from 'vitest'

import { oracleCallStoreContract } from '../testing/oracle-call-store-contract.ts'
import { createMemoryOracleCallStore } from './memory-oracle-call-store.ts'

test.each(oracleCallStoreContract)('contract: $name', async ({ run }) => {
  await expect(run(createMemoryOracleCallStore())).resolves.toBeUndefined()
})
