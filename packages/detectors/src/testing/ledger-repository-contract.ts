import assert from 'node:assert/strict'

import {
  type AccountBalance,
  type AccountBalanceInput,
  type LedgerTransaction,
  type LedgerTransactionInput,
  parseAccountBalance,
  parseLedgerEntry,
  parseLedgerTransaction,
} from '../ledger/ledger-entry.ts'
import type { LedgerRepository, ReadLedger } from '../ledger/ledger-repository.ts'

/** What a repository is to hold. */
export interface LedgerRows {
  /** In the order in which they came in. */
  readonly transactions: readonly LedgerTransaction[]
  readonly balances: readonly AccountBalance[]
}

/** Makes a repository that holds these rows and no others. */
export type CreateLedgerRepository = (rows: LedgerRows) => Promise<LedgerRepository>

/** One thing that every {@link LedgerRepository} does. */
export interface LedgerRepositoryContractCase {
  readonly name: string
  /**
   * @param create makes a repository for this case alone; it may be called more than once
   * @throws AssertionError when the repository does not do it
   */
  run(this: void, create: CreateLedgerRepository): Promise<void>
}

/**
 * What every implementation of `LedgerRepository` does, as data: run each case with any test runner.
 *
 * @example
 * ```ts
 * import { createMemoryLedgerRepository } from '@assay/detectors'
 * import { ledgerRepositoryContract } from '@assay/detectors/testing'
 *
 * for (const { run } of ledgerRepositoryContract) {
 *   await run(async ({ transactions, balances }) =>
 *     createMemoryLedgerRepository({ transactions, balances }),
 *   )
 * }
 * ```
 */
export const ledgerRepositoryContract: readonly LedgerRepositoryContractCase[] = [
  {
    name: 'hands out no batch when the ledger is empty',
    async run(create) {
      const ledger = await create({ transactions: [], balances: [] })
      const batches = await readBatches(ledger, 10)
      assert.deepEqual(batches.flat(), [])
    },
  },
  {
    name: 'returns what the work returned, and passes on what it threw',
    async run(create) {
      const ledger = await create({ transactions: [transaction()], balances: [] })
      const options = { batchSize: 1 }
      assert.equal(await ledger.readSnapshot(async () => 'done', options), 'done')
      const broken = ledger.readSnapshot(async () => {
        throw new Error('The work broke.')
      }, options)
      await assert.rejects(broken, { message: 'The work broke.' })
      assert.equal((await readBatches(ledger, 1)).length, 1)
    },
  },
  {
    name: 'hands out each field as it came in',
    async run(create) {
      const transactions = [
        transaction({ transactionId: 'a', sequence: 0n }),
        transaction({ transactionId: 'b', sequence: 2n ** 63n - 1n, status: 'failed' }),
        transaction({ transactionId: 'c', amountMinor: 10n ** 77n, status: 'pending' }),
        transaction({ transactionId: 'd', amountMinor: -(10n ** 77n), status: 'cancelled' }),
        transaction({ transactionId: 'e', balanceBeforeMinor: 0n, balanceAfterMinor: -1n }),
        transaction({ transactionId: 'f', requestId: 'a', reversesTransactionId: 'b' }),
        transaction({ transactionId: 'g', processingMs: 0 }),
        transaction({ transactionId: 'h', processingMs: Number.MAX_SAFE_INTEGER }),
        transaction({ transactionId: `'";--\\ é €😀`, currency: 'USDC@base', eventTime: -1 }),
      ]
      const balances = [
        balance({ balanceMinor: -(10n ** 77n), checkpointMinor: 10n ** 77n }),
        balance({ accountId: 'other', overdraftLimitMinor: 5n, eventTime: 8_640_000_000_000_000 }),
      ]
      const entries = await readEntries(await create({ transactions, balances }), 100)
      const rows = entries.map(({ kind: _kind, ...row }) => row)
      assert.deepEqual(sorted(rows), sorted([...transactions, ...balances]))
    },
  },
  {
    name: 'may leave out older transactions, and no others',
    async run(create) {
      const transactions = [
        transaction({ transactionId: 'old', eventTime: 999 }),
        transaction({ transactionId: 'edge', eventTime: 1_000 }),
        transaction({ transactionId: 'new', eventTime: 1_001 }),
      ]
      const ledger = await create({ transactions, balances: [balance({ eventTime: 1 })] })
      const ids: unknown[] = []
      await ledger.readSnapshot(
        async (batches) => {
          for await (const batch of batches) {
            ids.push(...batch.map((row) => (row.kind === 'balance' ? row.kind : row.transactionId)))
          }
        },
        { batchSize: 10, sinceMs: 1_000 },
      )
      assert.deepEqual(
        new Set(ids.filter((id) => id !== 'old')),
        new Set(['balance', 'edge', 'new']),
      )
    },
  },
  {
    name: 'keeps the entries of an account together, its balance first',
    async run(create) {
      const accountIds = ['b', 'a', 'B', 'ä', '😀', '\u{ffee}', '10', '9', 'a b']
      const transactions = [1, 2, 3].flatMap((round) =>
        accountIds.map((accountId) => transaction({ accountId, transactionId: `${round}` })),
      )
      const balances = accountIds.toReversed().map((accountId) => balance({ accountId }))
      const ledger = await create({ transactions, balances })
      for (const batchSize of [1, 2, 5, 100]) {
        const entries = await readEntries(ledger, batchSize)
        assert.deepEqual(
          runsOf(entries.map(({ accountId }) => accountId)).toSorted(),
          accountIds.toSorted(),
        )
        for (const [index, { kind, accountId }] of entries.entries()) {
          assert.equal(kind === 'balance', entries[index - 1]?.accountId !== accountId)
        }
      }
    },
  },
  {
    name: 'orders an account by sequence, then by the order in which rows came in',
    async run(create) {
      const rows: [id: string, sequence: bigint | null][] = [
        ['late', null],
        ['ten', 10n],
        ['nine', 9n],
        ['later', null],
        ['zero', 0n],
        ['nine again', 9n],
        ['a last one', null],
      ]
      const ledger = await create({
        transactions: rows.map(([transactionId, sequence]) =>
          transaction({ transactionId, sequence, eventTime: 0 }),
        ),
        balances: [],
      })
      for (const batchSize of [1, 2, 3, 7, 8]) {
        const entries = await readEntries(ledger, batchSize)
        assert.deepEqual(
          entries.map((entry) => entry.kind === 'transaction' && entry.transactionId),
          ['zero', 'nine', 'nine again', 'ten', 'late', 'later', 'a last one'],
        )
      }
    },
  },
  {
    name: 'hands out every entry exactly once, in batches of the size that was asked for at most',
    async run(create) {
      const ids = Array.from({ length: 23 }, (_, index) => `id-${index}`)
      const ledger = await create({
        transactions: ids.map((transactionId) => transaction({ transactionId })),
        balances: ids.map((accountId) => balance({ accountId })),
      })
      for (const batchSize of [1, 7, 23, 46, 1_000]) {
        const batches = await readBatches(ledger, batchSize)
        assert.ok(batches.every((batch) => batch.length <= batchSize))
        assert.equal(new Set(batches.flat().map((entry) => nameOf(entry))).size, 46)
        assert.equal(batches.flat().length, 46)
      }
    },
  },
  {
    name: 'holds the two legs of a transfer under one transaction id',
    async run(create) {
      const transactions = [
        transaction({ accountId: 'payer', amountMinor: -5n }),
        transaction({ accountId: 'payee', amountMinor: 5n }),
      ]
      const entries = await readEntries(await create({ transactions, balances: [] }), 10)
      assert.deepEqual(entries.map(({ accountId }) => accountId).toSorted(), ['payee', 'payer'])
    },
  },
  {
    name: 'hands out only the accounts that were asked for',
    async run(create) {
      const accountIds = ['a', 'b', 'c', `'";--\\ é €😀`]
      const ledger = await create({
        transactions: accountIds.map((accountId) => transaction({ accountId })),
        balances: accountIds.map((accountId) => balance({ accountId })),
      })
      for (const asked of [['b'], ['c', 'nobody', 'a', 'c'], accountIds, ['nobody'], []]) {
        const entries = await readEntries(ledger, 3, { accountIds: asked })
        const expected = accountIds.filter((accountId) => asked.includes(accountId))
        assert.deepEqual(
          entries.map((entry) => nameOf(entry)).toSorted(),
          expected.flatMap((id) => [`account ${id}`, `transaction ${id} tx`]).toSorted(),
        )
      }
    },
  },
  {
    name: 'leaves out no entry of an account in which something failed, when those are asked for',
    async run(create) {
      const failed = transaction({ accountId: 'a', transactionId: '2', status: 'failed' })
      const around = ['1', '3'].map((id) => transaction({ accountId: 'a', transactionId: id }))
      const ledger = await create({
        transactions: [around[0]!, failed, around[1]!, transaction({ accountId: 'b' })],
        balances: [balance({ accountId: 'a' }), balance({ accountId: 'b' })],
      })
      const entries = await readEntries(ledger, 2, { candidates: { kind: 'failed' } })
      const ofFailed = entries.filter(({ accountId }) => accountId === 'a')
      assert.equal(ofFailed.length, 4)
      assert.equal(ofFailed[0]?.kind, 'balance')
      const chosen = { candidates: { kind: 'failed' }, accountIds: ['a'] } as const
      assert.deepEqual(await readEntries(ledger, 2, chosen), ofFailed)
    },
  },
  {
    name: 'leaves out no entry of an account with neighbours, when those are asked for',
    async run(create) {
      const times = { close: [0, 90_000, 92_000], far: [0, 2_001], equal: [5, 5], alone: [0] }
      const rows = Object.entries(times).flatMap(([accountId, moments]) =>
        moments.map((eventTime, index) =>
          transaction({ accountId, transactionId: `${index}`, eventTime }),
        ),
      )
      const ledger = await create({ transactions: rows.toReversed(), balances: [] })
      const candidates = { kind: 'neighbours', withinMs: 2_000 } as const
      const entries = await readEntries(ledger, 2, { candidates })
      const countOf = (id: string) => entries.filter(({ accountId }) => accountId === id).length
      assert.deepEqual([countOf('close'), countOf('equal')], [3, 2])
    },
  },
]

type Entry =
  | ({ readonly kind: 'balance' } & AccountBalance)
  | ({ readonly kind: 'transaction' } & LedgerTransaction)

function readBatches(
  ledger: LedgerRepository,
  batchSize: number,
  which: Omit<ReadLedger, 'batchSize'> = {},
): Promise<Entry[][]> {
  return ledger.readSnapshot(
    async (batches) => {
      const read: Entry[][] = []
      for await (const batch of batches)
        read.push(batch.map((row) => parsed(parseLedgerEntry(row))))
      return read
    },
    { ...which, batchSize },
  )
}

async function readEntries(
  ledger: LedgerRepository,
  batchSize: number,
  which: Omit<ReadLedger, 'batchSize'> = {},
): Promise<Entry[]> {
  return (await readBatches(ledger, batchSize, which)).flat()
}

function transaction(fields: Partial<LedgerTransactionInput> = {}): LedgerTransaction {
  const row: LedgerTransactionInput = {
    transactionId: 'tx',
    accountId: 'account',
    status: 'completed',
    amountMinor: 1n,
    currency: 'EUR',
    eventTime: 1_749_895_200_000,
    ...fields,
  }
  return parsed(parseLedgerTransaction(row))
}

function balance(fields: Partial<AccountBalanceInput> = {}): AccountBalance {
  const row: AccountBalanceInput = {
    accountId: 'account',
    currency: 'EUR',
    balanceMinor: 1n,
    checkpointMinor: 0n,
    eventTime: 1_749_895_200_000,
    ...fields,
  }
  return parsed(parseAccountBalance(row))
}

function parsed<Row>(result: { ok: true; row: Row } | { ok: false; reason: string }): Row {
  if (result.ok) return result.row
  throw new assert.AssertionError({ message: `An entry does not parse: ${result.reason}` })
}

function nameOf(entry: Entry): string {
  return entry.kind === 'balance'
    ? `account ${entry.accountId}`
    : `transaction ${entry.accountId} ${entry.transactionId}`
}

/** The values without repetitions that follow each other. */
function runsOf(values: readonly string[]): string[] {
  return values.filter((value, index) => value !== values[index - 1])
}

function sorted(rows: readonly object[]): object[] {
  const text = (row: object): string => Object.values(row).map(String).join()
  return rows.toSorted((a, b) => (text(a) < text(b) ? -1 : 1))
}
