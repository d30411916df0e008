import { migrate, type SqlClient } from '@assay/core'
import { fromPglite, fromPgPool, migrations as coreMigrations } from '@assay/core/postgres'
import { describeEachDatabase } from '@assay/test-servers'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'

import { accountIdSchema } from '../ledger/ledger-entry.ts'
import { accountHash, partitionOf } from '../monitor/account-hash.ts'
import { migrations } from './migrations.ts'
import { withAccountHash } from './with-account-hash.ts'

const accountId = fc
  .oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
    fc.uuid(),
  )
  .filter((id) => accountIdSchema.safeParse(id).success)

describeEachDatabase<SqlClient>('account hash', { fromPglite, fromPgPool }, (client) => {
  beforeAll(async () => {
    await migrate(client(), [...coreMigrations, ...migrations])
  })

  test('is filled in by the database as accountHash has it, whatever the name', async () => {
    let sources = 0
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(accountId, { minLength: 1 }), async (ids) => {
        sources += 1
        const values = [`source-${sources}`, JSON.stringify(ids)]
        await client().query(
          `insert into assay_scans (source, account_id, scan_id, event_time_ms)
           select $1, jsonb_array_elements_text($2::text::jsonb), 's', 0`,
          values,
        )
        const { rows } = await client().query(
          'select account_id, account_hash from assay_scans where source = $1',
          values.slice(0, 1),
        )
        expect(new Map(rows.map((row) => [row['account_id'], row['account_hash']]))).toEqual(
          new Map(ids.map((id) => [id, BigInt(accountHash(id))])),
        )
      }),
      { numRuns: 30 },
    )
  })
})

test('the hash that a load brings along tells the partition', () => {
  fc.assert(
    fc.property(accountId, fc.integer({ min: 1, max: 1_024 }), (id, partitions) => {
      const [row] = withAccountHash([{ accountId: id }])
      expect((row?.accountHash ?? -1) % partitions).toBe(partitionOf(id, partitions))
    }),
  )
})
