import { migrate, type SqlClient } from '@assay/core'
import { fromPglite, fromPgPool, migrations as coreMigrations } from '@assay/core/postgres'
import { describeEachDatabase } from '@assay/test-servers'
import { expect, test } from 'vitest'

import { parseAccountEvent } from '../detector/account-event.ts'
import { runGuideSql } from '../testing/run-guide-sql.ts'
import { untilReadable } from '../testing/until-readable.ts'
import { migrations } from './migrations.ts'
import { createPostgresEventSource } from './postgres-event-source.ts'

const adapters = { fromPglite, fromPgPool }

describeEachDatabase<SqlClient>('a table that a trigger mirrors', adapters, (database) => {
  test('is read like the ledger itself, with what was there before and what is decided later', async () => {
    const client = database()
    await migrate(client, [...coreMigrations, ...migrations])
    await runGuideSql(client, 'create table payments')
    const insert = (id: number, state: string) =>
      client.query(
        `insert into payments
           (id, card_id, state, amount_cents, balance_before_cents, balance_after_cents, currency,
            request_id, created_at)
         values ($1, 'card-7', $2, -450, 2000, 1550, 'EUR', 'r-1', to_timestamp(1749895200.125))`,
        [idOf(id), state],
      )
    await insert(1, 'paid')
    await runGuideSql(client, 'create function mirror_payment')
    await insert(2, 'started')
    let cursor: string | null = null
    const read = async () => {
      await untilReadable(client)
      const request = { partition: 0, partitions: 1, after: cursor, limit: 10, now: 0 }
      const page = await createPostgresEventSource(client).read(request)
      cursor = page.cursor
      return page.rows.map((row) => parseAccountEvent(row))
    }
    expect(await read()).toMatchObject([
      {
        ok: true,
        row: {
          kind: 'transaction',
          transactionId: idOf(1),
          accountId: 'card-7',
          status: 'completed',
          amountMinor: -450n,
          balanceBeforeMinor: 2_000n,
          balanceAfterMinor: 1_550n,
          currency: 'EUR',
          requestId: 'r-1',
          eventTime: 1_749_895_200_125,
        },
      },
      { ok: true, row: { transactionId: idOf(2), status: 'pending' } },
    ])

    await client.query(`update payments set currency = currency`)
    expect(await read()).toEqual([])
    await client.query(`update payments set state = 'declined' where id = $1`, [idOf(2)])
    expect(await read()).toMatchObject([
      { ok: true, row: { transactionId: idOf(2), status: 'failed' } },
    ])
  })
})

function idOf(index: number): string {
  return `00000000-0000-4000-8000-00000000000${index}`
}
