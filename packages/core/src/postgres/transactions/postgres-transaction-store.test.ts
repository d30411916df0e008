import { describeEachDatabase } from '@assay/test-servers'
import { beforeAll, beforeEach, expect, test } from 'vitest'

import { migrate } from '../../sql/migrate.ts'
import { transactionStoreContract } from '../../testing/transaction-store-contract.ts'
import { fromPgPool } from '../from-pg-pool.ts'
import { fromPglite } from '../from-pglite.ts'
import { migrations } from '../migrations.ts'
import { createPostgresTransactionStore } from './postgres-transaction-store.ts'

describeEachDatabase('the transaction store', { fromPglite, fromPgPool }, (client) => {
  beforeAll(() => migrate(client(), migrations))
  beforeEach(() =>
    client().query(
      'truncate assay_transactions, assay_transaction_attempts, assay_nonce_reservations',
    ),
  )

  test.each(transactionStoreContract)('contract: $name', async ({ run }) => {
    await expect(run(createPostgresTransactionStore(client()))).resolves.toBeUndefined()
  })
})
