import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { festival } from './mapping/festival.ts'
import { type Mapping, mappingSchema } from './mapping/mapping.ts'
import { paysim } from './mapping/paysim.ts'
import { openTransactions, type TransactionRow } from './read-transactions.ts'
import type { Reject } from './report/create-reject-log.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assay-audit-test-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function read(content: string | Uint8Array, mapping: Mapping | null) {
  const path = join(folder, 'file')
  await writeFile(path, content)
  const rejects: Reject[] = []
  const named = mapping === null ? null : { name: 'test', mapping }
  const file = await openTransactions({
    path,
    named,
    onReject: async (reject) => void rejects.push(reject),
  })
  const rows: TransactionRow[] = []
  for await (const batch of file.batches()) rows.push(...batch)
  return {
    name: file.named.name,
    transactions: rows.map(({ transaction }) => transaction),
    reasons: rejects.map(({ line, fault }) => `${line} ${fault.kind}: ${fault.detail}`),
  }
}

describe('openTransactions', () => {
  it('finds the built-in mapping by the header, and reads PaySim from the side of the origin', async () => {
    const header =
      'step,type,amount,nameOrig,oldbalanceOrg,newbalanceOrig,nameDest,oldbalanceDest,newbalanceDest,isFraud,isFlaggedFraud'
    const { name, transactions } = await read(
      gzipSync(
        `${header}\n1,PAYMENT,9839.64,C1,170136,160296.36,M1,0,0,0,0\n25,CASH_IN,1.5,C2,0,1.5,C3,0,0,0,0\n`,
      ),
      null,
    )

    expect(name).toBe('paysim')
    expect(transactions).toEqual([
      {
        transactionId: 'line-2',
        accountId: 'C1',
        status: 'completed',
        amountMinor: -983_964n,
        balanceBeforeMinor: 17_013_600n,
        balanceAfterMinor: 16_029_636n,
        currency: 'PAYSIM',
        eventTime: Date.parse('2026-01-01T01:00:00Z'),
        sequence: null,
        requestId: null,
        reversesTransactionId: null,
        processingMs: null,
      },
      expect.objectContaining({
        transactionId: 'line-3',
        amountMinor: 150n,
        eventTime: Date.parse('2026-01-02T01:00:00Z'),
      }),
    ])
  })

  it('takes a mapping of the user’s own, a byte order mark and Windows line ends', async () => {
    const mapping = mappingSchema.parse({
      columns: { accountId: 'IBAN', amount: 'Amount', balanceAfter: 'Balance', sequence: 'No' },
      sign: { by: 'type', column: 'D/C', adds: ['C'], subtracts: ['D'] },
      currency: { constant: 'JPY' },
      status: { column: 'State', values: { OK: 'completed', NOK: 'failed' } },
      time: { format: 'epoch-s', column: 'Booked' },
    })
    const rows = [
      'DE1,500,D,,1781870400,1,OK',
      'DE1,5,C,-5,1781870400,,NOK',
      'DE1,12.5,C,0,1781870400,3,OK',
      'DE1,5,X,0,1781870400,4,OK',
      'DE1,-5,C,0,1781870400,5,OK',
      'DE1,,C,0,1781870400,6,OK',
      'DE1,5,C,0,17818704000000000,7,OK',
      'DE1,5,C,0,1781870400,8,toString',
      ',5,C,0,1781870400,9,OK',
      'DE1,5,C,0,1781870400,-1,OK',
    ]
    const { transactions, reasons } = await read(
      `\u{feff}IBAN,Amount,D/C,Balance,Booked,No,State\r\n${rows.join('\r\n')}\r\n`,
      mapping,
    )

    expect(transactions).toMatchObject([
      {
        amountMinor: -500n,
        balanceBeforeMinor: null,
        balanceAfterMinor: null,
        sequence: 1n,
        status: 'completed',
        eventTime: 1_781_870_400_000,
      },
      { amountMinor: 5n, balanceAfterMinor: -5n, sequence: null, status: 'failed' },
    ])
    expect(reasons).toEqual([
      '4 more decimals than the currency has: Amount',
      '5 unknown type: D/C',
      '6 negative amount: the type alone gives the sign',
      '7 no amount: Amount is empty',
      '8 unreadable time: Booked',
      '9 unknown status: State',
      '10 unusable value: accountId: must be 1 to 255 characters, none of them a control character',
      '11 unusable value: sequence: must be a whole number',
    ])
  })

  it('refuses a file of which no row names a known currency, and sets a single row aside', async () => {
    const header =
      'transaction_id,card_id,amount,balance_before,balance_after,sequence,currency,status,booked_at'
    const row = (currency: string) =>
      `tx,card,1.00,0.00,1.00,1,${currency},completed,2026-06-19T12:00:00Z`

    await expect(read(`${header}\n${row('euro')}\n${row('')}\n`, festival)).rejects.toThrow(
      'No row names a currency of ISO 4217',
    )
    const { reasons } = await read(`${header}\n${row('euro')}\n${row('EUR')}\n`, festival)
    expect(reasons).toEqual(['2 unknown currency: currency'])
  })

  it('says that a gzip file is cut off, even when its rows can be read up to there', async () => {
    const whole = gzipSync(
      `step,type,amount,nameOrig,oldbalanceOrg,newbalanceOrig\n${'1,DEBIT,1,C,1,0\n'.repeat(9_999)}`,
    )

    await expect(read(whole.subarray(0, -20), paysim)).rejects.toThrow(
      'The file file cannot be read: its gzip data is damaged or cut off.',
    )
  })

  it('reads a large file in little memory', async () => {
    const path = join(folder, 'large.csv')
    const row = `1,DEBIT,1,C,1,0,${'x'.repeat(4_000)}\n`
    await writeFile(
      path,
      `step,type,amount,nameOrig,oldbalanceOrg,newbalanceOrig,note\n${row.repeat(20_000)}`,
    )
    const program = `
      import { openTransactions } from ${JSON.stringify(new URL('read-transactions.ts', import.meta.url))}
      const file = await openTransactions({
        path: ${JSON.stringify(path)}, named: null, async onReject() {},
      })
      for await (const batch of file.batches());
      console.log(file.rows())`
    // The rows alone would take twice this heap.
    const flags = ['--conditions=@assay/source', '--max-old-space-size=40', '--input-type=module']
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, '-e', program])

    expect(stdout).toBe('20000\n')
  })
})
