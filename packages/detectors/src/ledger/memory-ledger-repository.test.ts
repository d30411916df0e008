import { describe, test } from 'vitest'

import { ledgerRepositoryContract } from '../testing/ledger-repository-contract.ts'
import { createMemoryLedgerRepository } from './memory-ledger-repository.ts'

describe('memory ledger repository', () => {
  test.for(ledgerRepositoryContract)('$name', async ({ run }) => {
    await run(async (rows) => createMemoryLedgerRepository(rows))
  })
})
