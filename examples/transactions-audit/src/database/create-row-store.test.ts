import type { SqlClient } from '@assay/core'
import { createSeededRandom } from '@assay/core/testing'
import { parseLedgerTransaction } from '@assay/detectors'
import { describe, expect, it, vi } from 'vitest'

import type { TransactionRow } from '../read-transactions.ts'
import { shareDatabase } from '../testing/share-database.ts'
import { createRowStore } from './create-row-store.ts'

// A database takes its time to start on a machine that is busy.
vi.setConfig({ hookTimeout: 120_000 })

const openDatabase = shareDatabase()

function rowOf(line: number, transactionId: string, amountMinor: number): TransactionRow {
  const parsed = parseLedgerTransaction({
    transactionId,
    accountId: 'A',
    status: 'completed',
    amountMinor: String(amountMinor),
    currency: 'EUR',
    eventTime: 0,
  })
  if (!parsed.ok) throw new Error(parsed.reason)
  return { line, text: `line ${line}`, transaction: parsed.row, place: BigInt(line) }
}

/** What the store makes of rows, and how many transactions of the database that takes. */
async function add(client: SqlClient, batches: readonly (readonly TransactionRow[])[]) {
  let transactions = 0
  const counting: SqlClient = {
    ...client,
    transaction: (work) => {
      transactions += 1
      return client.transaction(work)
    },
  }
  const conflicts: number[] = []
  const store = createRowStore({
    client: counting,
    repeatsDifferInPlace: true,
    onReject: async ({ line }) => void conflicts.push(line),
  })
  let repeated = 0
  for (const batch of batches) repeated += await store.add(batch)
  return { repeated, conflicts, transactions }
}

/** The same, said in the simplest way. */
function expected(batches: readonly (readonly TransactionRow[])[]) {
  const known = new Map<string, bigint>()
  const conflicts: number[] = []
  let repeated = 0
  for (const { line, transaction } of batches.flat()) {
    const { transactionId, amountMinor } = transaction
    const first = known.get(transactionId)
    if (first === undefined) known.set(transactionId, amountMinor)
    else if (first === amountMinor) repeated += 1
    else conflicts.push(line)
  }
  return { repeated, conflicts }
}

describe('createRowStore', () => {
  it('tells repetitions from conflicts in any order, within a batch and across batches', async () => {
    const { client } = await openDatabase()
    const random = createSeededRandom(7)
    const pick = (count: number): number => Math.floor(random() * count)
    for (let run = 0; run < 10; run += 1) {
      let line = 1
      const batches = Array.from({ length: 3 }, () =>
        Array.from({ length: pick(12) }, () => rowOf((line += 1), `${run}-${pick(3)}`, pick(4))),
      )
      expect(await add(client, batches)).toMatchObject(expected(batches))
    }
  })

  it('takes a file of one id in few transactions, whether its rows are alike or not', async () => {
    const rows = (count: number, amountOf: (line: number) => number) =>
      Array.from({ length: count }, (_, line) => rowOf(line, 'tx', amountOf(line)))
    const alike = rows(2_000, () => 1)
    const different = rows(2_000, (line) => line)

    const { client } = await openDatabase()
    const one = await add(client, [alike, alike, different, different])

    expect(one).toMatchObject(expected([alike, alike, different, different]))
    expect(one.transactions).toBeLessThan(60)
  })
})
