import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

import { describePostgres } from '@assay/test-servers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { type ProgramResult, runProgram, startProgram } from './testing/run-program.ts'

const PAYSIM = new URL('../../../../shared/data/paysim/paysim_first20k.csv.gz', import.meta.url)

const HEADER =
  'transaction_id,card_id,amount,balance_before,balance_after,sequence,currency,status,booked_at'
const CLEAN = [
  'tx-1,card-1,20.00,0.00,20.00,1,EUR,completed,2026-06-19T12:00:00Z',
  'tx-2,card-1,-4.50,20.00,15.50,2,EUR,completed,2026-06-19T12:05:00Z',
  'tx-3,card-1,-3.00,15.50,15.50,3,EUR,failed,2026-06-19T12:06:00Z',
]

// Each starts a database of its own, which takes its time on a machine that is busy.
vi.setConfig({ testTimeout: 120_000 })

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assay-audit-test-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function audit(...args: string[]): Promise<ProgramResult> {
  return runProgram('audit.ts', { args, cwd: folder })
}

async function writeRows(name: string, rows: readonly string[], header = HEADER): Promise<void> {
  const text = `${[header, ...rows].join('\n')}\n`
  await writeFile(join(folder, name), name.endsWith('.gz') ? gzipSync(text) : text)
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}

describe('a clean file', () => {
  it('exits with 0 and leaves nothing but what was asked for, read from where the user stands', async () => {
    await mkdir(join(folder, 'books'))
    await writeRows('books/day.csv', CLEAN)

    const result = await runProgram('audit.ts', {
      args: ['day.csv', '--out', 'day.jsonl'],
      cwd: folder,
      env: { ASSAY_CWD: join(folder, 'books') },
    })

    expect(result.code).toBe(0)
    expect(result.stderr).not.toContain('line')
    expect(result.stdout).toContain('balance.arithmetic')
    expect(await readdir(join(folder, 'books'))).toEqual(['day.csv', 'day.jsonl'])
    expect(await readdir(folder)).toEqual(['books'])
    expect(await readFile(join(folder, 'books/day.jsonl'), 'utf8')).toBe(
      '{"summary":{"rows":3,"rejected":0,"findings":{"balance.arithmetic":0,"balance.continuity":0,"balance.reconciliation":0,"balance.negative":0}}}\n',
    )
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
      'tx-9,card-2',
      'tx-10,card-2,1.00,0.00,1.00,4,EUR,settled,2026-06-19T12:10:00Z',
      'tx-11,card-2,1.00,0.00,1.00,5,EUR,completed,yesterday',
      'tx-12,card-2,1.00,0.00,1.00,6,ZZZ,completed,2026-06-19T12:10:00Z',
      'tx-13,\u{1b}[31mcard,1.00,0.00,1.00,7,EUR,completed,2026-06-19T12:10:00Z',
      'tx-14,"card,1.00,0.00,1.00,8,EUR,completed,2026-06-19T12:10:00Z',
      `tx-15,card-2,${'9'.repeat(10_000_000)},0.00,1.00,9,EUR,completed,2026-06-19T12:10:00Z`,
      'tx-1,card-1,20.00,0.00,20.00,1,EUR,completed,2026-06-19T12:00:00Z', // word for word
      'tx-1,card-1,25.00,0.00,25.00,1,EUR,completed,2026-06-19T12:00:00Z', // says otherwise
      'tx-20,card-4,20.00,0.00,20.00,1,EUR,completed,2026-06-19T12:00:00Z',
      'tx-21,card-4,1.5E+01,20.00,35.00,2,EUR,completed,2026-06-19T12:01:00Z',
      'tx-22,card-4,-5.00,35.00,30.00,3,EUR,completed,2026-06-19T12:02:00Z', // no gap but that row
      '=1+1,card-3,1.00,0.00,5.00,1,EUR,completed,2026-06-19T12:00:00Z', // a formula is a name
    ])

    const result = await audit('day.csv.gz', '--json')

    expect(result.code).toBe(2)
    const printed = linesOf(result.stdout).map((line) => JSON.parse(line))
    expect(printed.at(-1)).toEqual({
      summary: {
        rows: 21,
        rejected: 11,
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

    const rejects = linesOf(await readFile(join(folder, 'day.csv.gz.rejects.jsonl'), 'utf8'))
      .map((line) => JSON.parse(line) as { line: number; reason: string; row: string })
      .toSorted((a, b) => a.line - b.line)
    expect(rejects.map(({ line, reason }) => `${line} ${reason}`)).toEqual([
      '8 scientific notation: the digits of amount are lost',
      '9 not a plain decimal: amount',
      '10 wrong number of cells: 2 where the header has 9',
      '11 unknown status: status',
      '12 unreadable time: booked_at',
      '13 unknown currency: currency',
      '14 unusable value: accountId: must be 1 to 255 characters, none of them a control character',
      '15 malformed quotes: a quote is never closed, or stands within a cell without being doubled',
      '16 too long: more than 65536 characters',
      '18 conflicting duplicate: an earlier row has its id and says otherwise',
      '20 scientific notation: the digits of amount are lost',
    ])
    expect(rejects[2]?.row).toBe('tx-9,card-2')
    expect(Math.max(...rejects.map(({ row }) => row.length))).toBe(2_000)
  })
})

describe('the command', () => {
  it('cleans up when it is interrupted', async () => {
    await writeRows('day.csv', [...CLEAN, 'malformed'])
    const { child, ended } = startProgram('audit.ts', {
      args: ['day.csv', '--out', 'f'],
      cwd: folder,
    })
    child.stderr?.once('data', () => child.kill('SIGINT'))

    const result = await ended

    expect(result.code).toBe(1)
    expect(linesOf(result.stderr).at(-1)).toBe('The audit was interrupted. [AUDIT_INTERRUPTED]')
    expect(await readdir(folder)).toEqual(['day.csv'])
  })

  it('prints how it is used when asked for help', async () => {
    expect(await audit('--help')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Usage:'),
    })
  })
})

describePostgres('--database-url', (database) => {
  it('audits in a schema of its own, which is gone afterwards', async () => {
    await writeRows('day.csv', CLEAN)

    const results = await Promise.all(
      [1, 2].map(() => audit('day.csv', '--database-url', database().url, '--json')),
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
    const result = await audit(data ?? '', '--mapping', 'paysim', '--out', 'findings.jsonl')

    expect(result.code).toBe(2)
    expect(result.stdout).toMatch(/rows +19,999\n/)
    expect(result.stdout).toMatch(/scientific notation +224\n/)
    expect(result.stdout).toMatch(/balance.continuity +0 +0 +19,775 +first-of-account 19,775\n/)
    expect(result.stdout).toMatch(/balance.reconciliation +0 +0 +19,775/)
    const findings = linesOf(await readFile(join(folder, 'findings.jsonl'), 'utf8'))
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
    const rejects = await readFile(join(folder, 'paysim_first20k.csv.gz.rejects.jsonl'), 'utf8')
    expect(linesOf(rejects).filter((line) => line.includes('"scientific notation: '))).toHaveLength(
      224,
    )
  })
})
