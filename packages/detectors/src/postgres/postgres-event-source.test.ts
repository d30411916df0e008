import { migrate, type SqlClient, type SqlExecutor } from '@assay/core'
import { fromPglite, fromPgPool, migrations as coreMigrations } from '@assay/core/postgres'
import { createSeededRandom, createTestClock } from '@assay/core/testing'
import { describeEachDatabase, describePostgres } from '@assay/test-servers'
import { beforeAll, describe, expect, test } from 'vitest'

import {
  type AccountEvent,
  type AccountEventInput,
  idOfEvent,
  parseAccountEvent,
} from '../detector/account-event.ts'
import { createMonitor } from '../monitor/create-monitor.ts'
import type { EventSource } from '../monitor/event-source.ts'
import { createMemoryMonitorStore } from '../monitor/memory-monitor-store.ts'
import { eventSourceContract, type EventSourceUnderTest } from '../testing/event-source-contract.ts'
import { untilReadable } from '../testing/until-readable.ts'
import { listenOnPgPool } from './listen-on-pg-pool.ts'
import { migrations } from './migrations.ts'
import { createPostgresEventSource, type ListenToChannel } from './postgres-event-source.ts'
import { createPostgresLedgerRepository } from './postgres-ledger-repository.ts'
import { createPostgresScanRepository } from './postgres-scan-repository.ts'
import { selectEvents, selectHorizon } from './select-events.ts'

interface Database {
  readonly client: SqlClient
  readonly listen: ListenToChannel
}

const adapters = {
  fromPglite: (database: Parameters<typeof fromPglite>[0] & { listen: ListenToChannel }) => ({
    client: fromPglite(database),
    listen: (...args: Parameters<ListenToChannel>) => database.listen(...args),
  }),
  fromPgPool: (pool: Parameters<typeof fromPgPool>[0] & Parameters<typeof listenOnPgPool>[0]) => ({
    client: fromPgPool(pool),
    listen: listenOnPgPool(pool),
  }),
}

const KINDS: EventSourceUnderTest['kinds'][] = [['transaction', 'scan'], ['transaction'], ['scan']]

// Each test has a source of its own, so every one also shows that sources do not mix.
let sources = 0
function nextSource(): string {
  sources += 1
  return `source-${sources}`
}

describeEachDatabase<Database>('PostgreSQL event source', adapters, (database) => {
  beforeAll(async () => {
    await migrate(database().client, [...coreMigrations, ...migrations])
  })

  const byTitle = KINDS.map((kinds) => [kinds.join(' and '), kinds] as const)
  describe.each(byTitle)('of %s', (_title, kinds) => {
    const cases = eventSourceContract.filter(({ needsTransactions }) => !needsTransactions)
    test.each(cases)('contract: $name', async ({ run }) => {
      const result = run(async () => createUnderTest(database(), nextSource(), kinds))
      await expect(result).resolves.toBeUndefined()
    })
  })

  test('has one order over both tables, also within a transaction', async () => {
    const { client } = database()
    const source = nextSource()
    const events = Array.from({ length: 12 }, (_, index) =>
      index % 3 === 0 ? scan(`s-${index}`) : transaction(`tx-${index}`),
    )
    await client.transaction((executor) => insertAll(executor, source, events))
    await untilReadable(client)
    for (const limit of [1, 5, 12, 13]) {
      const read = await readAll(createPostgresEventSource(client, { source }), limit)
      expect(namesOf(read)).toEqual(namesOf(events))
    }
  })

  test('hands out a pending transaction again once it is decided, after what came meanwhile', async () => {
    const { client } = database()
    const source = nextSource()
    const ledger = createPostgresLedgerRepository(client, { source })
    const pending = transaction('tx-1', { status: 'pending' })
    await ledger.addTransactions([pending, transaction('tx-2')])
    await untilReadable(client)
    const events = createPostgresEventSource(client, { source })
    const first = await events.read(everything())
    expect(namesOf(first.rows.map(parsed))).toEqual(['pending tx-1', 'tx-2'])

    await ledger.addTransactions([transaction('tx-3'), { ...pending, status: 'failed' }])
    await untilReadable(client)
    const second = await events.read({ ...everything(), after: first.cursor })
    expect(namesOf(second.rows.map(parsed))).toEqual(['tx-3', 'tx-1'])
    expect(namesOf(await readAll(events, 2))).toEqual(['tx-2', 'tx-3', 'tx-1'])
  })

  test('reads a page by its index alone, also when the planner knows nothing of the table', async () => {
    const { client } = database()
    const source = nextSource()
    await client.query(
      `insert into assay_ledger_transactions
         (source, account_id, account_hash, transaction_id, status, amount_minor, currency, event_time_ms)
       select $1, 'card-' || n, n, n, 'completed', 1, 'EUR', n from generate_series(1, 20000) as n`,
      [source],
    )
    const kinds = ['transaction', 'scan'] as const
    const plan = await client.transaction(async (executor) => {
      await executor.query(selectHorizon(kinds), [source, '0', '0'])
      const values = [source, '0', '0', '999999999', '0', 8, 3, 1_000]
      const { rows } = await executor.query(`explain ${selectEvents(kinds)}`, values)
      return rows.map((row) => String(row['QUERY PLAN'])).join('\n')
    })
    expect(plan).toContain('Index Scan using assay_ledger_transactions_log')
    expect(plan).toContain('Index Scan using assay_scans_log')
    expect(plan).not.toMatch(/-> +(?:Incremental )?Sort/)
  })

  test('is not told of news of another source', async () => {
    const { client, listen } = database()
    const [source, another] = [nextSource(), nextSource()]
    let told = 0
    const events = createPostgresEventSource(client, { source, listen })
    const end = await events.watch?.(() => (told += 1))
    const heard = Promise.withResolvers<void>()
    const listened = await listen('assay_events', (payload) => {
      if (payload === another) heard.resolve()
    })
    await client.query(
      `insert into assay_scans (source, account_id, scan_id, event_time_ms) values ($1, 'a', 's', 0)`,
      [another],
    )
    await heard.promise
    expect(told).toBe(0)
    await listened()
    await end?.()
  })
})

describePostgres('PostgreSQL event source among open transactions', (database) => {
  let client: SqlClient
  beforeAll(async () => {
    client = fromPgPool(database().pool)
    await migrate(client, [...coreMigrations, ...migrations])
  })

  const cases = eventSourceContract.filter(({ needsTransactions }) => needsTransactions)
  test.each(cases)('contract: $name', async ({ run }) => {
    const result = run(async () => {
      const source = nextSource()
      const listen = listenOnPgPool(database().pool)
      return {
        ...createUnderTest({ client, listen }, source, ['transaction', 'scan']),
        begin: (events) => beginInserting(client, source, events),
      }
    })
    await expect(result).resolves.toBeUndefined()
  })

  test('looks again for a writer that left it to another one to tell of news', async () => {
    const source = nextSource()
    const clock = createTestClock({ now: everything().now })
    const listen = listenOnPgPool(database().pool)
    const events = createPostgresEventSource(client, { source, listen, clock })
    let told = 0
    const firstNews = Promise.withResolvers<void>()
    const end = await events.watch?.(() => {
      told += 1
      firstNews.resolve()
    })

    const commitFirst = await beginInserting(client, source, [scan('first')])
    const commitSecond = await beginInserting(client, source, [scan('second')])
    await commitFirst()
    await firstNews.promise
    let first = await events.read({ ...everything(), now: clock.now() })
    // Transactions of other tests on the server may hold it back.
    while (first.rows.length === 0) first = await events.read({ ...everything(), now: clock.now() })
    expect(namesOf(first.rows.map(parsed))).toEqual(namesOf([scan('first')]))

    await commitSecond()
    await untilReadable(client)
    expect(told).toBe(1)
    await clock.advance(50)
    expect(told).toBe(2)
    const second = await events.read({ ...everything(), after: first.cursor, now: clock.now() })
    expect(namesOf(second.rows.map(parsed))).toEqual(namesOf([scan('second')]))
    await end?.()
  })

  test.each([1, 2, 3])(
    'hands out each row once while writers begin and commit in any order, seed %i',
    async (seed) => {
      const random = createSeededRandom(seed)
      const pick = (count: number): number => Math.floor(random() * count)
      const source = nextSource()
      const events = createPostgresEventSource(client, { source })
      const partitions = 3
      const cursors: (string | null)[] = Array.from({ length: partitions }, () => null)
      const read: AccountEvent[] = []
      const readSome = async (partition: number, limit: number): Promise<boolean> => {
        const after = cursors[partition] ?? null
        const page = await events.read({ ...everything(), partition, partitions, after, limit })
        read.push(...page.rows.map(parsed))
        cursors[partition] = page.cursor
        return page.isLast
      }

      const open: (() => Promise<void>)[] = []
      const written: AccountEvent[] = []
      const rolls = 120
      for (let step = 0; step < rolls; step += 1) {
        const roll = pick(4)
        if (roll === 0 && open.length < 4) {
          const own = Array.from({ length: 1 + pick(4) }, (_, index) => {
            const id = `${step}-${index}`
            const accountId = `card-${pick(20)}`
            return pick(2) === 0 ? scan(id, { accountId }) : transaction(id, { accountId })
          })
          open.push(await beginInserting(client, source, own))
          written.push(...own)
        } else if (roll === 1 && open.length > 0) {
          await open.splice(pick(open.length), 1)[0]?.()
        } else {
          await readSome(pick(partitions), 1 + pick(5))
        }
      }
      for (const commit of open) await commit()
      await untilReadable(client)
      for (let partition = 0; partition < partitions; partition += 1) {
        while (!(await readSome(partition, 4)));
      }
      expect(namesOf(read).toSorted()).toEqual(namesOf(written).toSorted())
    },
  )
})

describe('a PostgreSQL event source', () => {
  const client = {} as SqlClient

  // A monitor takes no source of such a name.
  test.each(['', '1st', 'a/b', 'café', 'x'.repeat(51)])('refuses %j as its source', (source) => {
    expect(() => createPostgresEventSource(client, { source })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    )
  })

  test.each([[[]], [['scan', 'scan']]] as const)('refuses %o as its kinds', (kinds) => {
    expect(() => createPostgresEventSource(client, { kinds })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    )
  })

  test.each(['', '7', 'x.1', '1.x', '-1.1', '1.1.1', '1.1; drop'])(
    'refuses %o as a cursor',
    async (after) => {
      const read = createPostgresEventSource(client).read({ ...everything(), after })
      await expect(read).rejects.toMatchObject({ code: 'INVALID_OPTION' })
    },
  )

  test('asks nothing for whoever has given up', async () => {
    const signal = AbortSignal.abort('enough')
    const source = createPostgresEventSource(client)
    await expect(source.read({ ...everything(), signal })).rejects.toBe('enough')
    const accounts = { accountIds: ['a'], upTo: '3.1', limit: 1, signal }
    await expect(source.readAccounts(accounts)).rejects.toBe('enough')
  })

  test('has another name for each kind that it reads alone, which a monitor takes', () => {
    const sources = KINDS.map((kinds) =>
      createPostgresEventSource(client, { source: 'fair', kinds }),
    )
    expect(sources.map(({ id }) => id)).toEqual(['fair', 'fair.transactions', 'fair.scans'])
    const store = createMemoryMonitorStore()
    expect(() => createMonitor({ sources, store })).not.toThrow()
  })

  test('cannot be watched without a way to listen', () => {
    expect(createPostgresEventSource(client)).not.toHaveProperty('watch')
  })
})

function createUnderTest(
  { client, listen }: Database,
  source: string,
  kinds: EventSourceUnderTest['kinds'],
): EventSourceUnderTest {
  return {
    source: createPostgresEventSource(client, { source, kinds, listen }),
    kinds,
    add: (events) => addAll(client, source, events),
    settle: () => untilReadable(client),
  }
}

async function addAll(
  client: SqlClient,
  source: string,
  events: readonly AccountEvent[],
): Promise<void> {
  const ledger = createPostgresLedgerRepository(client, { source })
  const scans = createPostgresScanRepository(client, { source })
  for (const event of events) {
    if (event.kind === 'scan') await scans.addScans([event])
    else await ledger.addTransactions([event])
  }
}

/** As a host would that knows nothing of our functions. */
async function insertAll(
  executor: SqlExecutor,
  source: string,
  events: readonly AccountEvent[],
): Promise<void> {
  for (const event of events) {
    const { kind, accountId, eventTime } = event
    await (kind === 'scan'
      ? executor.query(
          `insert into assay_scans (source, account_id, event_time_ms, scan_id)
           values ($1, $2, $3, $4)`,
          [source, accountId, eventTime, event.scanId],
        )
      : executor.query(
          `insert into assay_ledger_transactions
             (source, account_id, event_time_ms, transaction_id, status, amount_minor, currency)
           values ($1, $2, $3, $4, $5, $6, $7)`,
          [
            source,
            accountId,
            eventTime,
            event.transactionId,
            event.status,
            event.amountMinor,
            event.currency,
          ],
        ))
  }
}

/** Inserts events and leaves the transaction open. */
async function beginInserting(
  client: SqlClient,
  source: string,
  events: readonly AccountEvent[],
): Promise<() => Promise<void>> {
  const written = Promise.withResolvers<void>()
  const committing = Promise.withResolvers<void>()
  const ended = client.transaction(async (executor) => {
    await insertAll(executor, source, events)
    written.resolve()
    await committing.promise
  })
  await Promise.race([written.promise, ended])
  return async () => {
    committing.resolve()
    await ended
  }
}

function everything() {
  return { partition: 0, partitions: 1, after: null, limit: 1_000, now: 1_749_895_200_000 }
}

async function readAll(source: EventSource, limit: number): Promise<AccountEvent[]> {
  const read: AccountEvent[] = []
  for (let after: string | null = null; ;) {
    const page = await source.read({ ...everything(), after, limit })
    read.push(...page.rows.map(parsed))
    if (page.isLast) return read
    after = page.cursor
  }
}

function namesOf(events: readonly AccountEvent[]): string[] {
  return events.map(idOfEvent)
}

function scan(scanId: string, fields: object = {}): AccountEvent & { kind: 'scan' } {
  const event = parsed({ kind: 'scan', scanId, accountId: 'account', eventTime: 0, ...fields })
  if (event.kind !== 'scan') throw new Error('It is no scan.')
  return event
}

function transaction(
  transactionId: string,
  fields: Partial<AccountEventInput> = {},
): AccountEvent & { kind: 'transaction' } {
  const event = parsed({
    kind: 'transaction',
    transactionId,
    accountId: 'account',
    status: 'completed',
    amountMinor: 1n,
    currency: 'EUR',
    eventTime: 0,
    ...fields,
  })
  if (event.kind !== 'transaction') throw new Error('It is no transaction.')
  return event
}

function parsed(row: unknown): AccountEvent {
  const result = parseAccountEvent(row)
  if (!result.ok) throw new Error(result.reason)
  return result.row
}
