import { expect, test } from 'vitest'

import { ledgerRepositoryContract } from '../testing/ledger-repository-contract.ts'
import { createMemoryLedgerRepository } from './memory-ledger-repository.ts'

test.each(ledgerRepositoryContract)('contract: $name', async ({ run }) => {
  const result = run(async (rows) => createMemoryLedgerRepository(rows))
  await expect(result).resolves.toBeUndefined()
})
