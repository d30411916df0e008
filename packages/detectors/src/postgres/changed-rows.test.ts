import { migrate, type SqlClient, type SqlValue } from '@assay/core'
import { fromPglite, fromPgPool, migrations as coreMigrations } from '@assay/core/postgres'
import { describeEachDatabase } from '@assay/test-servers'
import { beforeAll, expect, test } from 'vitest'

import { idOfEvent, parseAccountEvent } from '../detector/account-event.ts'
import { createMonitor } from '../monitor/create-monitor.ts'
import type { EventPage } from '../monitor/event-source.ts'
import { runGuideSql } from '../testing/run-guide-sql.ts'
import { untilReadable } from '../testing/until-readable.ts'
import { migrations } from './migrations.ts'
import { createPostgresMonitorStore } from './monitor/postgres-monitor-store.ts'
import { createPostgresEventSource } from './postgres-event-source.ts'

const adapters = { fromPglite, fromPgPool }
const now = 1_749_895_200_000

// What any program does to the tables that knows nothing of our functions, nor of `position` and `xid`.
describeEachDatabase<SqlClient>('rows that change by plain SQL', adapters, (database) => {
  beforeAll(async () => {
    await migrate(database(), [...coreMigrations, ...migrations])
  })

  // Each test has a source of its own.
  let sources = 0
  function createLedger() {
    sources += 1
    const source = `source-${sources}`
    const client = database()
    const run = (text: string, ...values: SqlValue[]) => client.query(text, [source, ...values])
    const pay = async (transactionId: string, status = 'completed'): Promise<void> => {
      await run(PAY, transactionId, status)
    }
    const read = async (after: string | null = null): Promise<EventPage> => {
      await untilReadable(client)
      const events = createPostgresEventSource(client, { source })
      return events.read({ partition: 0, partitions: 1, after, limit: 100, now })
    }
    return { source, run, pay, read }
  }

  test('are read again in the order of their changes, whatever tells of them', async () => {
    const { run, pay, read } = createLedger()
    for (const id of ['tx-1', 'tx-2', 'tx-3']) await pay(id, 'pending')
    const { cursor } = await read()
    await run(`${UPDATE} status = 'failed' where source = $1 and transaction_id = 'tx-2'`)
    await run(
      `insert into assay_ledger_transactions
         (source, account_id, transaction_id, status, amount_minor, currency, event_time_ms)
       values ($1, 'card-7', 'tx-1', 'completed', -450, 'EUR', 0)
       on conflict (source, account_id, transaction_id) do update set status = excluded.status`,
    )
    expect(namesIn(await read(cursor))).toEqual(['tx-2', 'tx-1'])
    expect(namesIn(await read())).toEqual(['pending tx-3', 'tx-2', 'tx-1'])
  })

  test('are not read again where nothing of them changed', async () => {
    const { run, pay, read } = createLedger()
    await pay('tx-1')
    const { cursor } = await read()
    await run(`${UPDATE} status = status, event_time_ms = event_time_ms where source = $1`)
    expect(namesIn(await read(cursor))).toEqual([])
  })

  test('keep the place that whoever changed them gave them', async () => {
    const { run, pay, read } = createLedger()
    for (const id of ['tx-1', 'tx-2']) await pay(id)
    const { cursor } = await read()
    await run(
      `${UPDATE} amount_minor = 7, xid = default, position = 1000000 - right(transaction_id, 1)::int
       where source = $1`,
    )
    expect(namesIn(await read(cursor))).toEqual(['tx-2', 'tx-1'])
  })

  test('are in the partition of their account, also where that is what changed', async () => {
    const { run, pay, read } = createLedger()
    await pay('tx-1')
    await run(`${UPDATE} account_id = 'Größe 😀' where source = $1`)
    const { rows } = await run(
      `select account_hash from assay_ledger_transactions where source = $1`,
    )
    await run(`delete from assay_ledger_transactions where source = $1`)
    await run(PAY.replace('card-7', 'Größe 😀'), 'tx-1', 'completed')
    const { rows: inserted } = await run(
      `select account_hash from assay_ledger_transactions where source = $1`,
    )
    expect(rows).toEqual(inserted)
    expect(namesIn(await read())).toEqual(['tx-1'])
  })

  test('are scans as well', async () => {
    const { run, read } = createLedger()
    for (const id of ['s-1', 's-2']) {
      await run(
        `insert into assay_scans (source, account_id, scan_id, event_time_ms) values ($1, 'a', $2, 0)`,
        id,
      )
    }
    const { cursor } = await read()
    await run(`update assay_scans set event_time_ms = 9 where source = $1 and scan_id = 's-1'`)
    expect((await read(cursor)).rows).toMatchObject([{ scanId: 's-1', eventTime: 9 }])
  })

  test('are found by a session that does not see their schema by itself', async () => {
    const { source, pay, read } = createLedger()
    await pay('tx-1', 'pending')
    const { rows } = await database().query('select current_schema::text as schema')
    await database().transaction(async (executor) => {
      await executor.query('set local search_path = pg_catalog')
      await executor.query(
        `update "${String(rows[0]?.['schema'])}".assay_ledger_transactions
         set status = 'failed' where source = $1`,
        [source],
      )
    })
    expect(namesIn(await read())).toEqual(['tx-1'])
  })
})

describeEachDatabase<SqlClient>('a ledger from another server', adapters, (database) => {
  test('is read, and goes on, once its rows and the monitors begin anew', async () => {
    const client = database()
    await migrate(client, [...coreMigrations, ...migrations])
    const pay = (id: string) => client.query(PAY, ['default', id, 'failed'])
    const judge = async (): Promise<unknown[]> => {
      const sources = [createPostgresEventSource(client)]
      const store = createPostgresMonitorStore(client)
      await using monitor = createMonitor({ sources, store })
      // Once to begin, and once all has ended that was open then.
      await monitor.cycle()
      await untilReadable(client)
      await monitor.cycle()
      const { rows } = await client.query(
        `select transaction_id as id from monitoring_events
         where event_type = 'transactions.charged-on-failure' order by event_id`,
      )
      return rows.map(({ id }) => id)
    }
    await pay('tx-1')
    expect(await judge()).toEqual(['tx-1'])

    // The other server had counted further: so do its rows, and the cursors of its monitors.
    await client.query(`${UPDATE} xid = '900000000000'`)
    await client.query(`update assay_monitor_partitions set cursor = '900000000000.1'`)
    await pay('tx-2')
    expect(await judge()).toEqual(['tx-1'])

    await runGuideSql(client, 'set xid = default')
    expect(await judge()).toEqual(['tx-1', 'tx-2'])
    await pay('tx-3')
    expect(await judge()).toEqual(['tx-1', 'tx-2', 'tx-3'])
  })
})

const UPDATE = 'update assay_ledger_transactions set'

const PAY = `
insert into assay_ledger_transactions
  (source, account_id, transaction_id, status, amount_minor, balance_before_minor,
   balance_after_minor, currency, event_time_ms)
values ($1, 'card-7', $2, $3, -450, 2000, 1550, 'EUR',
  (extract(epoch from now()) * 1000)::bigint - 60000)`

function namesIn({ rows }: EventPage): string[] {
  return rows.map((row) => {
    const parsed = parseAccountEvent(row)
    if (!parsed.ok) throw new Error(parsed.reason)
    return idOfEvent(parsed.row)
  })
}
