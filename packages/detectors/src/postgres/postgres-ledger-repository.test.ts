import { migrate, type SqlClient } from '@assay/core'
import { fromPglite, fromPgPool, migrations as coreMigrations } from '@assay/core/postgres'
import { describeEachDatabase } from '@assay/test-servers'
import { beforeAll, test } from 'vitest'

import { ledgerRepositoryContract } from '../testing/ledger-repository-contract.ts'
import { migrations } from './migrations.ts'
import { createPostgresLedgerRepository } from './postgres-ledger-repository.ts'

const adapters = { fromPglite, fromPgPool }

describeEachDatabase<SqlClient>('PostgreSQL ledger repository', adapters, (client) => {
  let sources = 0

  beforeAll(async () => {
    await migrate(client(), [...coreMigrations, ...migrations])
  })

  test.for(ledgerRepositoryContract)('$name', async ({ run }) => {
    await run(async ({ transactions, balances }) => {
      // Each ledger has a source of its own, so every case also shows that sources do not mix.
      sources += 1
      const ledger = createPostgresLedgerRepository(client(), { source: `source-${sources}` })
      await ledger.addTransactions(transactions)
      await ledger.setBalances(balances)
      return ledger
    })
  })
})
