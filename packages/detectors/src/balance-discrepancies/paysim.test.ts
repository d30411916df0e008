import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

import { parseMoney } from '@assay/core'
import { expect, test } from 'vitest'

import type { LedgerTransactionInput } from '../ledger/ledger-entry.ts'
import { createMemoryLedgerRepository } from '../ledger/memory-ledger-repository.ts'
import { detectBalanceDiscrepancies } from './detect-balance-discrepancies.ts'

// Simulated mobile money (PaySim); the data is not part of the repository.
const FILE = join(import.meta.dirname, '../../../../../shared/data/paysim/paysim_first20k.csv.gz')

interface PaysimRow {
  readonly type: string
  readonly account: string
  readonly texts: readonly [amount: string, before: string, after: string]
}

const isThere = existsSync(FILE)
const title = "the origin's side of PaySim is judged as exact arithmetic does"

test.skipIf(!isThere)(`${title}${isThere ? '' : `, skipped: there is no ${FILE}`}`, async () => {
  const rows = readRows()
  expect(rows).toHaveLength(19_999)

  const rejected: string[] = []
  const readable: PaysimRow[] = []
  const transactions: LedgerTransactionInput[] = []
  for (const row of rows) {
    const parsed = row.texts.map((text) => parseMoney(text, 'USD'))
    const [amount, before, after] = parsed.map((each) => (each.ok ? each.money.amountMinor : null))
    if (amount == null || before == null || after == null) {
      rejected.push(...parsed.flatMap((each) => (each.ok ? [] : [each.reason])).slice(0, 1))
      continue
    }
    transactions.push({
      transactionId: `row-${transactions.length}`,
      accountId: row.account,
      status: 'completed',
      amountMinor: row.type === 'CASH_IN' ? amount : -amount,
      balanceBeforeMinor: before,
      balanceAfterMinor: after,
      currency: 'USD',
      eventTime: 0,
    })
    readable.push(row)
  }
  expect(rejected).toEqual(Array(224).fill('scientific-notation'))

  const ledger = createMemoryLedgerRepository({ transactions })
  const found = new Set<string | undefined>()
  const { summary } = await detectBalanceDiscrepancies(
    { ledger },
    { onFinding: ({ transactionIds }) => void found.add(transactionIds[0]) },
  )
  expect(summary.rules['balance.arithmetic']).toEqual({
    findings: 9_049,
    evaluated: 19_775,
    notEvaluable: {},
  })
  expect([summary.findings, found.size]).toEqual([9_049, 9_049])
  const strict = await detectBalanceDiscrepancies({ ledger }, { toleranceMinor: 0n })
  expect(strict.summary.findings - summary.findings).toBe(1_329)

  // What a check in floating point would have said of the same rows.
  const wronglyJudged = readable.filter(({ type, texts }, index) => {
    const [amount, before, after] = texts.map(Number) as [number, number, number]
    const signed = type === 'CASH_IN' ? amount : -amount
    return Math.abs(before + signed - after) > 0.01 !== found.has(`row-${index}`)
  })
  expect(wronglyJudged).toHaveLength(687)
})

function readRows(): PaysimRow[] {
  const [, ...lines] = gunzipSync(readFileSync(FILE)).toString('utf8').trim().split(/\r?\n/)
  return lines.map((line) => {
    const [, type = '', amount = '', account = '', before = '', after = ''] = line.split(',')
    return { type, account, texts: [amount, before, after] }
  })
}
