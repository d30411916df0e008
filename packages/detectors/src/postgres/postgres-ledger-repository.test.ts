import { migrate, type SqlClient } from '@assay/core'
import { fromPglite, fromPgPool, migrations as coreMigrations } from '@assay/core/postgres'
import { describeEachDatabase, describePostgres } from '@assay/test-servers'
import pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'

import { detectBalanceDiscrepancies } from '../balance-discrepancies/detect-balance-discrepancies.ts'
import type { AccountCandidates } from '../ledger/account-candidates.ts'
import type { AccountBalance, LedgerTransaction } from '../ledger/ledger-entry.ts'
import { parseAccountBalance, parseLedgerTransaction } from '../ledger/ledger-entry.ts'
import type { LedgerRepository, ReadLedger } from '../ledger/ledger-repository.ts'
import { createMemoryLedgerRepository } from '../ledger/memory-ledger-repository.ts'
import { createFestivalDay } from '../testing/festival-day.ts'
import { ledgerRepositoryContract } from '../testing/ledger-repository-contract.ts'
import { migrations } from './migrations.ts'
import {
  createPostgresLedgerRepository,
  type PostgresLedgerRepository,
} from './postgres-ledger-repository.ts'

const adapters = { fromPglite, fromPgPool }

describeEachDatabase<SqlClient>('PostgreSQL ledger repository', adapters, (client) => {
  beforeAll(async () => {
    await migrate(client(), [...coreMigrations, ...migrations])
  })

  // Each ledger has a source of its own, so every test also shows that sources do not mix.
  let sources = 0
  const emptyLedger = (): PostgresLedgerRepository => {
    sources += 1
    return createPostgresLedgerRepository(client(), { source: `source-${sources}` })
  }

  test.each(ledgerRepositoryContract)('contract: $name', async ({ run }) => {
    const result = run(async ({ transactions, balances }) => {
      const ledger = emptyLedger()
      await ledger.addTransactions(transactions)
      await ledger.setBalances(balances)
      return ledger
    })
    await expect(result).resolves.toBeUndefined()
  })

  test('leads to the findings that the same rows in memory lead to', async () => {
    const rate = 0.2
    const day = createFestivalDay({
      seed: 7,
      participants: 500,
      transactions: 12_000,
      faultRates: {
        'balance.arithmetic': rate,
        'balance.continuity': rate,
        'balance.reconciliation': rate,
        'balance.negative': rate,
      },
    })
    const [transactions, balances] = [[...day.transactions()], day.balances()]
    const ledger = emptyLedger()
    await ledger.addTransactions(transactions)
    await ledger.setBalances(balances)

    const memory = createMemoryLedgerRepository({ transactions, balances })
    const expected = await detectBalanceDiscrepancies({ ledger: memory })
    for (const batchSize of [333, 1_000]) {
      const actual = await detectBalanceDiscrepancies({ ledger }, { batchSize })
      expect(actual.summary).toEqual(expected.summary)
      expect(new Set(actual.findings)).toEqual(new Set(expected.findings))
    }
    expect(expected.summary.findings).toBe(day.planted().length)
  })

  test('adds a transaction once, however often it is loaded', async () => {
    const ledger = emptyLedger()
    const rows = Array.from({ length: 5_001 }, (_, index) => transaction(`tx-${index}`))
    expect(await ledger.addTransactions(rows)).toEqual({
      added: 5_001,
      decided: 0,
      redelivered: 0,
      conflicting: [],
    })
    expect(await ledger.addTransactions([...rows, transaction('one more')])).toEqual({
      added: 1,
      decided: 0,
      redelivered: 5_001,
      conflicting: [],
    })
    expect(await countIn(ledger)).toBe(5_002)
  })

  test('keeps the first of two transactions that claim one id, and names the other', async () => {
    const ledger = emptyLedger()
    await ledger.addTransactions([transaction('known')])
    const outcome = await ledger.addTransactions([
      transaction('new', { amountMinor: 1n }),
      transaction('new', { amountMinor: 2n }),
      transaction('new', { amountMinor: 1n }),
      transaction('known', { balanceAfterMinor: 0n }),
      transaction('known', { accountId: 'another account' }),
    ])
    expect(outcome).toEqual({
      added: 2,
      decided: 0,
      redelivered: 1,
      conflicting: [
        { accountId: 'account', transactionId: 'new' },
        { accountId: 'account', transactionId: 'known' },
      ],
    })
    const { summary } = await detectBalanceDiscrepancies({ ledger })
    expect(summary).toMatchObject({ transactions: 3, rejected: 0, findings: 0 })
  })

  test('lets the first decision take the place of a pending transaction, and no other row', async () => {
    const ledger = emptyLedger()
    const pending = transaction('a', { status: 'pending' })
    const decided = transaction('a', { amountMinor: 2n, balanceAfterMinor: 2n, processingMs: 40 })
    const later = transaction('b', { status: 'failed' })
    expect(await ledger.addTransactions([pending, later])).toMatchObject({ added: 2, decided: 0 })
    expect(await ledger.addTransactions([pending, decided, pending])).toEqual({
      added: 0,
      decided: 1,
      redelivered: 2,
      conflicting: [],
    })
    // In the order of arrival it comes last now.
    expect(await rowsIn(ledger)).toEqual([later, decided])

    const outcome = await ledger.addTransactions([
      pending,
      decided,
      transaction('a', { status: 'failed' }),
      transaction('b', { status: 'completed' }),
    ])
    expect(outcome).toEqual({
      added: 0,
      decided: 0,
      redelivered: 2,
      conflicting: [
        { accountId: 'account', transactionId: 'a' },
        { accountId: 'account', transactionId: 'b' },
      ],
    })
    expect(await rowsIn(ledger)).toEqual([later, decided])
  })

  test('counts each row of a load once that holds pending transactions and their decisions', async () => {
    const ledger = emptyLedger()
    const load = [
      transaction('c', { status: 'pending' }),
      transaction('b', { status: 'pending' }),
      transaction('a', { status: 'pending' }),
      transaction('a', { status: 'failed' }),
      transaction('c', { status: 'completed' }),
      transaction('c', { status: 'cancelled' }),
      transaction('b', { status: 'pending', amountMinor: 5n }),
    ]
    const conflicting = [
      { accountId: 'account', transactionId: 'c' },
      { accountId: 'account', transactionId: 'b' },
    ]
    const outcome = { added: 3, decided: 2, redelivered: 0, conflicting }
    expect(await ledger.addTransactions(load)).toEqual(outcome)
    const again = { added: 0, decided: 0, redelivered: 5, conflicting }
    expect(await ledger.addTransactions(load)).toEqual(again)
    expect(await rowsIn(ledger)).toEqual([load[1], load[3], load[4]])
  })

  test('decides a pending transaction of one account, and not one of that name elsewhere', async () => {
    const [ledger, another] = [emptyLedger(), emptyLedger()]
    const pending = transaction('a', { status: 'pending' })
    await ledger.addTransactions([pending, transaction('a', { accountId: 'x', status: 'pending' })])
    await another.addTransactions([pending])
    expect(await ledger.addTransactions([transaction('a')])).toMatchObject({ decided: 1 })
    expect((await rowsIn(ledger)).map((row) => row['status'])).toEqual(['completed', 'pending'])
    expect(await rowsIn(another)).toEqual([pending])
  })

  test('reads no account without a candidate', async () => {
    const ledger = emptyLedger()
    await ledger.addTransactions([
      transaction('1', { accountId: 'failed', status: 'failed' }),
      transaction('1', { accountId: 'close', eventTime: 1_000 }),
      transaction('2', { accountId: 'close', eventTime: 3_000 }),
      transaction('1', { accountId: 'far', eventTime: 1_000 }),
      transaction('2', { accountId: 'far', eventTime: 3_001 }),
    ])
    await ledger.setBalances([balance({ accountId: 'far' })])
    const accountsWith = async (candidates: AccountCandidates): Promise<unknown[]> =>
      (await rowsIn(ledger, { candidates })).map(({ accountId }) => accountId)
    expect(await accountsWith({ kind: 'failed' })).toEqual(['failed'])
    const neighbours = { kind: 'neighbours', withinMs: 2_000 } as const
    expect(await accountsWith(neighbours)).toEqual(['close', 'close'])
  })

  test('reads an account of any length to its end, because no row of it can come twice', async () => {
    const ledger = emptyLedger()
    const rows = Array.from({ length: 1_200 }, (_, index) =>
      transaction(`tx-${index}`, {
        sequence: index,
        balanceBeforeMinor: BigInt(index),
        balanceAfterMinor: BigInt(index + 1),
      }),
    )
    await ledger.addTransactions(rows)
    await ledger.setBalances([balance({ balanceMinor: 1_200n })])
    const { summary } = await detectBalanceDiscrepancies({ ledger })
    expect(summary).toMatchObject({ findings: 0, forgotten: 0 })
    expect(summary.rules['balance.continuity'].evaluated).toBe(1_199)
    expect(summary.rules['balance.reconciliation'].evaluated).toBe(1)
  })

  test('replaces balances, and takes the last of several for one account', async () => {
    const ledger = emptyLedger()
    await ledger.setBalances([balance({ balanceMinor: 9n }), balance({ balanceMinor: 8n })])
    await ledger.setBalances([balance({ balanceMinor: 7n }), balance({ balanceMinor: 5n })])
    const { findings, summary } = await detectBalanceDiscrepancies({ ledger })
    expect(summary.accounts).toBe(1)
    expect(findings.map(({ amount }) => amount?.amountMinor)).toEqual([5n])
  })

  test('takes nothing as nothing', async () => {
    const ledger = emptyLedger()
    await ledger.setBalances([])
    const outcome = await ledger.addTransactions([])
    expect(outcome).toEqual({ added: 0, decided: 0, redelivered: 0, conflicting: [] })
  })

  test('gives its connection back when a run ends early', async () => {
    const ledger = emptyLedger()
    await ledger.addTransactions([transaction('a'), transaction('b'), transaction('c')])
    for (let run = 0; run < 20; run += 1) {
      const first = await ledger.readSnapshot(
        async (batches) => {
          for await (const batch of batches) return batch.length
          return 0
        },
        { batchSize: 1 },
      )
      expect(first).toBe(1)
    }
    expect(await countIn(ledger)).toBe(3)
  })
})

describePostgres('loads into a ledger from two sides', (database) => {
  beforeAll(() => migrate(fromPgPool(database().pool), [...coreMigrations, ...migrations]))

  test.each(['read committed', 'repeatable read', 'serializable'])(
    'of the same rows in opposite orders add each once, where the default isolation is %s',
    async (level) => {
      const options = `-c default_transaction_isolation=${level.replace(' ', String.raw`\ `)}`
      const pool = new pg.Pool({ connectionString: database().url, options, max: 4 })
      try {
        const ledger = createPostgresLedgerRepository(fromPgPool(pool), { source: level })
        const ids = Array.from({ length: 4_000 }, (_, index) => `id-${index}`)
        const rows = ids.map((id) => transaction(id))
        const balances = ids.map((accountId) => balance({ accountId }))
        const outcomes = await Promise.all([
          ledger.addTransactions(rows),
          ledger.addTransactions(rows.toReversed()),
          ledger.setBalances(balances),
          ledger.setBalances(balances.toReversed()),
        ])
        expect(outcomes.slice(0, 2)).toMatchObject(
          outcomes[0].added === 0
            ? [{ redelivered: 4_000 }, { added: 4_000 }]
            : [{ added: 4_000 }, { redelivered: 4_000 }],
        )
        expect(await countIn(ledger)).toBe(4_000)
      } finally {
        await pool.end()
      }
    },
  )

  test('run again, as a whole, a part that a writer of the host disturbed', async () => {
    const client = fromPgPool(database().pool)
    let disturbances = 0
    const disturbed: SqlClient = {
      ...client,
      transaction: (work) =>
        client.transaction(async (executor) => {
          const result = await work(executor)
          disturbances += 1
          if (disturbances > 2) return result
          throw Object.assign(new Error('deadlock detected'), { code: '40P01' })
        }),
    }
    const ledger = createPostgresLedgerRepository(disturbed, { source: 'disturbed' })
    const outcome = await ledger.addTransactions([transaction('a'), transaction('b')])
    expect(outcome).toEqual({ added: 2, decided: 0, redelivered: 0, conflicting: [] })
    expect(disturbances).toBe(3)
  })
})

describePostgres('a snapshot of a ledger', (database) => {
  test('shows no discrepancy while writers move money between two of its batches', async () => {
    const client = fromPgPool(database().pool)
    await migrate(client, [...coreMigrations, ...migrations])
    const ledger = createPostgresLedgerRepository(client)
    const accountIds = Array.from({ length: 40 }, (_, index) => `account-${index + 10}`)
    await ledger.setBalances(accountIds.map((accountId) => balance({ accountId })))

    // Every payment changes the log and the balance in one transaction, as an honest system does.
    let paid = 0
    const pay = async (): Promise<void> => {
      const accountId = accountIds[(paid * 7) % accountIds.length]
      const values = [accountId ?? '', `tx-${paid}`]
      paid += 1
      await client.transaction(async (transaction) => {
        await transaction.query(
          `insert into assay_ledger_transactions
             (source, account_id, transaction_id, status, amount_minor, currency, event_time_ms)
           values ('default', $1, $2, 'completed', 100, 'EUR', 0)`,
          values,
        )
        await transaction.query(
          `update assay_account_balances set balance_minor = balance_minor + 100
           where source = 'default' and account_id = $1`,
          values.slice(0, 1),
        )
      })
    }
    for (let index = 0; index < 40; index += 1) await pay()

    async function* disturbed<Batch>(batches: AsyncIterable<Batch>): AsyncGenerator<Batch> {
      for await (const batch of batches) {
        await pay()
        yield batch
      }
    }
    const busyLedger: LedgerRepository = {
      readSnapshot: (work, options) =>
        ledger.readSnapshot((batches) => work(disturbed(batches)), options),
    }
    const seen = await detectBalanceDiscrepancies({ ledger: busyLedger }, { batchSize: 3 })
    expect(paid).toBeGreaterThan(60)
    expect(seen.summary).toMatchObject({ accounts: 40, transactions: 40, findings: 0 })
    expect(seen.summary.rules['balance.reconciliation'].evaluated).toBe(40)

    const afterwards = await detectBalanceDiscrepancies({ ledger })
    expect(afterwards.summary).toMatchObject({ transactions: paid, findings: 0 })
  })
})

describe('a ledger without a name', () => {
  test.each(['', 'x'.repeat(256)])('is refused', (source) => {
    const client = {} as SqlClient
    expect(() => createPostgresLedgerRepository(client, { source })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    )
  })
})

/** The transactions without the columns that only the order needs. */
async function rowsIn(
  ledger: PostgresLedgerRepository,
  which: Omit<ReadLedger, 'batchSize'> = {},
): Promise<Record<string, unknown>[]> {
  return ledger.readSnapshot(
    async (batches) => {
      const rows: Record<string, unknown>[] = []
      for await (const batch of batches) {
        for (const row of batch) {
          if (row.kind === 'transaction') rows.push({ ...rowOf(parseLedgerTransaction(row)) })
        }
      }
      return rows
    },
    { ...which, batchSize: 100 },
  )
}

async function countIn(ledger: PostgresLedgerRepository): Promise<number> {
  return (await detectBalanceDiscrepancies({ ledger })).summary.transactions
}

function transaction(transactionId: string, fields: object = {}): LedgerTransaction {
  return rowOf(
    parseLedgerTransaction({
      transactionId,
      accountId: 'account',
      status: 'completed',
      amountMinor: 1n,
      currency: 'EUR',
      eventTime: 0,
      ...fields,
    }),
  )
}

function balance(fields: object): AccountBalance {
  return rowOf(
    parseAccountBalance({
      accountId: 'account',
      currency: 'EUR',
      balanceMinor: 0n,
      checkpointMinor: 0n,
      eventTime: 0,
      ...fields,
    }),
  )
}

function rowOf<Row>(parsed: { ok: true; row: Row } | { ok: false; reason: string }): Row {
  if (!parsed.ok) throw new Error(parsed.reason)
  return parsed.row
}
