import { migrate } from '@assay/core'
import { fromPgPool, fromPglite, migrations as coreMigrations } from '@assay/core/postgres'
import { describeEachDatabase } from '@assay/test-servers'
import { beforeAll, beforeEach, expect, test } from 'vitest'

import { oracleCallStoreContract } from '../testing/oracle-call-store-contract.ts'
import { positionCursorStoreContract } from '../testing/position-cursor-store-contract.ts'
import { migrations } from './migrations.ts'
import { createPostgresOracleCallStore } from './postgres-oracle-call-store.ts'
import { createPostgresPositionCursorStore } from './postgres-position-cursor-store.ts'

/** The columns and indexes of the table that it replaces, by name. */
const COLUMNS =
  'id fpmm_address season_id player_address function_name parameters status attempt_count max_attempts transaction_hash error_message error_code created_at first_attempt_at last_attempt_at completed_at request_id retry_reason notes'
const INDEXES = 'fpmm_address status created_at player season function failed audit'

describeEachDatabase('the oracle call store', { fromPglite, fromPgPool }, (client) => {
  beforeAll(async () => {
    await migrate(client(), coreMigrations)
    await migrate(client(), migrations)
  })
  beforeEach(() => client().query('truncate oracle_call_history restart identity cascade'))

  test.each(oracleCallStoreContract)('contract: $name', async ({ run }) => {
    await expect(run(createPostgresOracleCallStore(client()))).resolves.toBeUndefined()
  })

  test.each(positionCursorStoreContract)('contract of cursors: $name', async ({ run }) => {
    await client().query('truncate assay_oracle_cursors')
    await expect(run(createPostgresPositionCursorStore(client()))).resolves.toBeUndefined()
  })

  test('has the columns of the history that it replaces, each with a comment', async () => {
    const { rows } = await client().query(`
      select attname, col_description(attrelid, attnum) is not null as has_comment
      from pg_attribute where attrelid = 'oracle_call_history'::regclass and attnum > 0
      order by attnum`)
    expect(rows.map((row) => row['attname'])).toEqual(COLUMNS.split(' '))
    expect(rows.every((row) => row['has_comment'] === true)).toBe(true)
  })

  test('has its eight indexes, and row level security', async () => {
    const indexes = await client().query(`
      select indexname from pg_indexes where tablename = 'oracle_call_history'
      and indexname like 'idx_%' order by 1`)
    const expected = INDEXES.split(' ').map((name) => `idx_oracle_call_history_${name}`)
    expect(indexes.rows.map((row) => row['indexname'])).toEqual(expected.toSorted())
    const { rows } = await client().query(
      "select relrowsecurity from pg_class where relname = 'oracle_call_history'",
    )
    expect(rows).toEqual([{ relrowsecurity: true }])
  })
})
