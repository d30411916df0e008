import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

import { describePostgres } from '@assay/test-servers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { CannotRunError } from './cli/cannot-run-error.ts'
import { runAudit, type RunAuditOptions } from './testing/run-audit.ts'
import { runProgram } from './testing/run-program.ts'
import { shareDatabase } from './testing/share-database.ts'

const PAYSIM = new URL('../../../../shared/data/paysim/paysim_first20k.csv.gz', import.meta.url)

const HEADER =
  'transaction_id,card_id,amount,balance_before,balance_after,sequence,currency,status,booked_at'
const CLEAN = [
  'tx-1,card-1,20.00,0.00,20.00,1,EUR,completed,2026-06-19T12:00:00Z',
  'tx-2,card-1,-4.50,20.00,15.50,2,EUR,completed,2026-06-19T12:05:00Z',
  'tx-3,card-1,-3.00,15.50,15.50,3,EUR,failed,2026-06-19T12:06:00Z',
]

// A database takes its time to start on a machine that is busy.
vi.setConfig({ testTimeout: 120_000 })

const openShared = shareDatabase()

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assay-audit-test-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function audit(args: readonly string[], options: Partial<RunAuditOptions> = {}) {
  return runAudit({ args, cwd: folder, openDatabase: openShared, ...options })
}

async function writeRows(name: string, rows: readonly string[], header = HEADER): Promise<void> {
  const text = `${[header, ...rows].join('\n')}\n`
  await writeFile(join(folder, name), name.endsWith('.gz') ? gzipSync(text) : text)
}

const read = (name: string): Promise<string> => readFile(join(folder, name), 'utf8')

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}

describe('a clean file', () => {
  it('exits with 0 and leaves nothing but what was asked for, read from where the user stands', async () => {
    const books = join(folder, 'books')
    await mkdir(books)
    await writeRows('books/day.csv', CLEAN)

    const result = await audit(['day.csv', '--out', 'day.jsonl'], { cwd: books })

    expect(result.code).toBe(0)
    expect(result.stdout).toContain('balance.arithmetic')
    expect(await readdir(books)).toEqual(['day.csv', 'day.jsonl'])
    expect(await readdir(folder)).toEqual(['books'])
    expect(await read('books/day.jsonl')).toBe(
      '{"summary":{"rows":3,"rejected":0,"findings":{"balance.arithmetic":0,"balance.continuity":0,"balance.reconciliation":0,"balance.negative":0}}}\n',
    )
  })

  it('empties the rejects of an earlier run, which are not its own', async () => {
    await writeRows('day.csv', CLEAN)
    await writeFile(join(folder, 'day.csv.rejects.jsonl'), 'earlier')

    expect(await audit(['day.csv'])).toMatchObject({ code: 0 })
    expect(await read('day.csv.rejects.jsonl')).toBe('')
  })
})

describe('a file with faults of every kind', () => {
  it('exits with 2, prints JSON alone on standard output, and keeps each malformed row', async () => {
    await writeRows('day.csv.gz', [
      ...CLEAN,
      'tx-4,card-1,-5.50,15.50,9.00,4,EUR,completed,2026-06-19T12:07:00Z', // arithmetic
      'tx-5,card-1,-1.00,8.00,7.00,5,EUR,completed,2026-06-19T12:08:00Z', // continuity
      '"tx,""6""",card-2,-2.00,1.00,-1.00,1,EUR,completed,2026-06-19T12:09:00Z', // negative
      'tx-7,card-2,1.5E+07,0.00,0.00,2,EUR,completed,2026-06-19T12:10:00Z',
      'tx-8,card-2,"1,50",0.00,0.00,3,EUR,completed,2026-06-19T12:10:00Z',
      'tx-10,card-2,1.00,0.00,1.00,4,EUR,settled,2026-06-19T12:10:00Z',
      'tx-11,card-2,1.00,0.00,1.00,5,EUR,completed,yesterday',
      'tx-12,card-2,1.00,0.00,1.00,6,ZZZ,completed,2026-06-19T12:10:00Z',
      'tx-13,\u{1b}[31mcard,1.00,0.00,1.00,7,EUR,completed,2026-06-19T12:10:00Z',
      'tx-1,card-1,20.00,0.00,20.00,1,EUR,completed,2026-06-19T12:00:00Z', // word for word
      'tx-1,card-1,25.00,0.00,25.00,1,EUR,completed,2026-06-19T12:00:00Z', // says otherwise
      'tx-20,card-4,20.00,0.00,20.00,1,EUR,completed,2026-06-19T12:00:00Z',
      'tx-21,card-4,1.5E+01,20.00,35.00,2,EUR,completed,2026-06-19T12:01:00Z',
      'tx-22,card-4,-5.00,35.00,30.00,3,EUR,completed,2026-06-19T12:02:00Z', // no gap but that row
      '=1+1,card-3,1.00,0.00,5.00,1,EUR,completed,2026-06-19T12:00:00Z', // a formula is a name
    ])

    const result = await audit(['day.csv.gz', '--json'])

    expect(result.code).toBe(2)
    const printed = linesOf(result.stdout).map((line) => JSON.parse(line))
    expect(printed.at(-1)).toEqual({
      summary: {
        rows: 18,
        rejected: 8,
        findings: {
          'balance.arithmetic': 2,
          'balance.continuity': 1,
          'balance.reconciliation': 0,
          'balance.negative': 1,
        },
      },
    })
    expect(printed.find(({ transactionIds }) => transactionIds.includes('tx-4'))).toMatchObject({
      ruleId: 'balance.arithmetic',
      subject: 'card-1',
      amount: { amountMinor: '-100', currency: 'EUR' },
    })
    expect(result.stderr).toMatch(/repeated word for word +1\n/)
    expect(result.stderr).not.toContain('\u{1b}')
    expect((await readdir(folder)).toSorted()).toEqual(['day.csv.gz', 'day.csv.gz.rejects.jsonl'])
    expect(await rejectsOf('day.csv.gz')).toEqual([
      '8 scientific notation: the digits of amount are lost',
      '9 not a plain decimal: amount',
      '10 unknown status: status',
      '11 unreadable time: booked_at',
      '12 unknown currency: currency',
      '13 unusable value: accountId: must be 1 to 255 characters, none of them a control character',
      '15 conflicting duplicate: an earlier row has its id and says otherwise',
      '17 scientific notation: the digits of amount are lost',
    ])
  })

  it('keeps rows that fall apart, cut to what a person reads', async () => {
    await writeRows('day.csv', [
      ...CLEAN,
      'tx-9,card-2',
      'tx-14,"card,1.00,0.00,1.00,8,EUR,completed,2026-06-19T12:10:00Z',
      `tx-15,card-2,${'9'.repeat(10_000_000)},0.00,1.00,9,EUR,completed,2026-06-19T12:10:00Z`,
    ])

    expect(await audit(['day.csv'])).toMatchObject({ code: 2 })
    expect(await rejectsOf('day.csv')).toEqual([
      '5 wrong number of cells: 2 where the header has 9',
      '6 malformed quotes: a quote is never closed, or stands within a cell without being doubled',
      '7 too long: more than 65536 characters',
    ])
    const rejects = linesOf(await read('day.csv.rejects.jsonl')).map((line) => JSON.parse(line))
    expect(rejects[0]?.row).toBe('tx-9,card-2')
    expect(rejects[2]?.row).toHaveLength(2_000)
  })

  async function rejectsOf(name: string): Promise<string[]> {
    return linesOf(await read(`${name}.rejects.jsonl`))
      .map((line) => JSON.parse(line) as { line: number; reason: string })
      .toSorted((a, b) => a.line - b.line)
      .map(({ line, reason }) => `${line} ${reason}`)
  }
})

describe('a file whose lines stand in the order of booking', () => {
  const header = 'id,account,amount,before,after,at'
  const mapping = {
    columns: {
      transactionId: 'id',
      accountId: 'account',
      amount: 'amount',
      balanceBefore: 'before',
      balanceAfter: 'after',
    },
    sign: { by: 'amount' },
    currency: { constant: 'EUR' },
    status: { constant: 'completed' },
    time: { format: 'epoch-s', column: 'at' },
    orderProven: true,
  }

  async function continuityOf(rows: readonly string[]): Promise<string[]> {
    await writeRows('day.csv', rows, header)
    await writeFile(join(folder, 'mapping.json'), JSON.stringify(mapping))
    await audit(['day.csv', '--mapping', 'mapping.json', '--out', 'out.jsonl'])
    return linesOf(await read('out.jsonl'))
      .map((line) => JSON.parse(line))
      .filter(({ ruleId }) => ruleId === 'balance.continuity')
      .map(({ transactionIds }) => transactionIds[0])
  }

  it.each([
    ['a quote that is never closed', '"A,1.00,x2,1.00,2.00,2'],
    ['a quote within a cell', 'a2,A,1"00,1.00,2.00,2'],
    ['a comma too many', 'no,te,A,1.00,1.00,2.00,2'],
    ['a cell too few', 'a2,A,1.00'],
    ['a character that is not UTF-8', 'a2,A\u{fffd},1.00,1.00,2.00,2'],
  ])('compares nothing across a row with %s, and all else', async (_fault, broken) => {
    const found = await continuityOf([
      'a1,A,1.00,0.00,1.00,1',
      'b1,B,1.00,0.00,1.00,1',
      'b2,B,1.00,5.00,6.00,1', // a gap before the row
      broken,
      'a3,A,1.00,2.00,3.00,3', // the gap that the row explains
      'a4,A,1.00,7.00,8.00,4', // a gap after it
    ])

    expect(found).toEqual(['a4', 'b2'])
  })

  it('counts a row that repeats another word for word once, and exits with 0', async () => {
    const rows = ['a1,A,1.00,0.00,1.00,1', 'a2,A,1.00,1.00,2.00,2']
    // More than is read at once, so that some repetitions are in memory together and some are not.
    const others = Array.from({ length: 1_200 }, (_, at) => `b${at},${'B'.repeat(250)},0,1,1,1`)
    await writeRows('day.csv', [...rows, ...rows, ...others, ...rows], header)
    await writeFile(join(folder, 'mapping.json'), JSON.stringify(mapping))

    const { code, stdout } = await audit(['day.csv', '--mapping', 'mapping.json'])

    expect(code).toBe(0)
    expect(stdout).toMatch(/repeated word for word +4\n/)
    expect(stdout).toMatch(/balance.continuity +0 +1,200 +2 +first-of-account 2\n/)
  })
})

describe('a file with a sequence of its own', () => {
  it('compares nothing when a row falls apart, because nobody knows its place', async () => {
    await writeRows('day.csv', [
      ...CLEAN,
      'no,te,tx-9,card-1,-1.00,15.50,14.50,4,EUR,completed,2026-06-19T12:07:00Z',
      'tx-10,card-1,-1.00,14.50,13.50,5,EUR,completed,2026-06-19T12:08:00Z',
    ])

    const { stdout } = await audit(['day.csv'])

    expect(stdout).toMatch(/balance.continuity +0 +0 +4 +.*row-unreadable 2/)
  })
})

describe('an audit that fails', () => {
  it('leaves the files of an earlier run as they were, and nothing of its own', async () => {
    await writeRows('day.csv', [...CLEAN, 'malformed'])
    await writeFile(join(folder, 'out'), 'earlier findings')
    await writeFile(join(folder, 'rejects'), 'earlier rejects')
    const reason = new CannotRunError('AUDIT_INTERRUPTED', 'The audit was interrupted.')
    const controller = new AbortController()

    const args = ['day.csv', '--out', 'out', '--rejects', 'rejects']
    for (const file of ['no.csv', 'day.csv']) {
      const result = audit([file, ...args.slice(1)], {
        signal: controller.signal,
        // After the rows are stored, when there is a row in the rejects.
        openDatabase: async () => {
          const database = await openShared()
          return { ...database, client: abortWhenRead(database.client) }
        },
      })
      await expect(result).rejects.toThrow(CannotRunError)
    }

    expect(controller.signal.aborted).toBe(true)
    expect(await readdir(folder)).toEqual(['day.csv', 'out', 'rejects'])
    expect(await read('out')).toBe('earlier findings')
    expect(await read('rejects')).toBe('earlier rejects')

    function abortWhenRead(client: Awaited<ReturnType<typeof openShared>>['client']) {
      let transactions = 0
      return {
        ...client,
        transaction: ((work) => {
          transactions += 1
          if (transactions === 2) controller.abort(reason)
          return client.transaction(work)
        }) as typeof client.transaction,
      }
    }
  })

  it('replaces a file only when it is done, and keeps it as private as it was', async () => {
    await writeRows('day.csv', CLEAN)
    await writeFile(join(folder, 'out'), 'earlier findings')
    await chmod(join(folder, 'out'), 0o600)
    let during = ''

    await audit(['day.csv', '--out', 'out'], {
      openDatabase: async () => {
        during = await read('out')
        return openShared()
      },
    })

    expect(during).toBe('earlier findings')
    expect(await read('out')).toMatch(/^\{"summary":/)
    expect((await stat(join(folder, 'out'))).mode & 0o777).toBe(0o600)
  })
})

describePostgres('the database of a URL', (database) => {
  it('gets a schema for each audit, which is gone afterwards', async () => {
    await writeRows('day.csv', CLEAN)
    const env = { ASSAY_DATABASE_URL: database().url }

    const results = await Promise.all(
      ['one', 'two'].map((out) =>
        runProgram('audit.ts', { args: ['day.csv', '--out', out], cwd: folder, env }),
      ),
    )

    expect(results.map(({ code }) => code)).toEqual([0, 0])
    const { rows } = await database().pool.query(
      `select nspname from pg_namespace where nspname like 'assay%'`,
    )
    expect(rows).toEqual([])
  })
})

const data = existsSync(PAYSIM) ? PAYSIM.pathname : null
describe(`PaySim${data === null ? `, skipped: there is no ${PAYSIM.pathname}` : ''}`, () => {
  it.skipIf(data === null)('has 224 malformed rows and 9,049 that do not add up', async () => {
    const { code, stdout } = await audit([data ?? '', '--mapping', 'paysim', '--out', 'f.jsonl'])

    expect(code).toBe(2)
    expect(stdout).toMatch(/rows +19,999\n/)
    expect(stdout).toMatch(/scientific notation +224\n/)
    expect(stdout).toMatch(/balance.continuity +0 +0 +19,775 +first-of-account 19,775\n/)
    expect(stdout).toMatch(/balance.reconciliation +0 +0 +19,775/)
    const findings = linesOf(await read('f.jsonl'))
    expect(findings).toHaveLength(9_050)
    expect(JSON.parse(findings.at(-1) ?? '')).toEqual({
      summary: {
        rows: 19_999,
        rejected: 224,
        findings: {
          'balance.arithmetic': 9_049,
          'balance.continuity': 0,
          'balance.reconciliation': 0,
          'balance.negative': 0,
        },
      },
    })
    const rejects = linesOf(await read('paysim_first20k.csv.gz.rejects.jsonl'))
    expect(rejects.filter((line) => line.includes('"scientific notation: '))).toHaveLength(224)
  })
})
