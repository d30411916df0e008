import { fromPgPool } from '@assay/core/postgres'
import type { AccountEvent } from '@assay/detectors'
import { createPostgresLedgerRepository } from '@assay/detectors/postgres'

import { connect } from '../bench-database.ts'
import { payments } from './detector-peers.ts'

// The other process: a backend that commits payments at a steady rate, in the database that its
// arguments name. Each batch has one failed payment that was charged, and is told when it is in.
const [url = '', ratePerSecond = '', seconds = '', cards = ''] = process.argv.slice(2)
const batchesPerSecond = 20
const perBatch = Math.round(Number(ratePerSecond) / batchesPerSecond)
const pool = connect(url)
const ledger = createPostgresLedgerRepository(fromPgPool(pool))
const all = payments(perBatch * batchesPerSecond * Number(seconds), Number(cards))
const startedAt = performance.now()

for (let batch = 0; batch < batchesPerSecond * Number(seconds); batch += 1) {
  const dueAt = startedAt + (batch * 1_000) / batchesPerSecond
  const restMs = dueAt - performance.now()
  if (restMs > 0) await new Promise((resolve) => void setTimeout(resolve, restMs))
  const rows = takeBatch(batch)
  await ledger.addTransactions(rows.transactions)
  process.send?.({ planted: rows.planted, committedAt: Date.now() })
}
process.send?.({ insertedMs: performance.now() - startedAt })
await pool.end()
process.disconnect?.()

type Payment = Extract<AccountEvent, { kind: 'transaction' }>

function takeBatch(batch: number): { transactions: readonly Payment[]; planted: string } {
  const now = Date.now()
  const transactions: Payment[] = []
  for (let index = 0; index < perBatch; index += 1) {
    const next = all.next()
    if (next.done === true || next.value.kind !== 'transaction') break
    transactions.push({ ...next.value, eventTime: now })
  }
  const last = transactions.pop()
  if (last === undefined) throw new Error('There are no more payments.')
  const planted = `planted-${batch}` as Payment['transactionId']
  const charged: Payment = {
    ...last,
    transactionId: planted,
    accountId: `victim-${batch}` as Payment['accountId'],
    status: 'failed',
    balanceBeforeMinor: 2_000n,
    balanceAfterMinor: 1_000n,
  }
  return { transactions: [...transactions, charged], planted }
}
