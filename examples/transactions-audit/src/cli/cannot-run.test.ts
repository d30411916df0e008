import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { runProgram } from '../testing/run-program.ts'

const HEADER =
  'transaction_id,card_id,amount,balance_before,balance_after,sequence,currency,status,booked_at'
const ROW = 'tx-1,card-1,20.00,0.00,20.00,1,EUR,completed,2026-06-19T12:00:00Z'

describe('an audit that cannot run', () => {
  const mapping = {
    columns: { accountId: 'card_id', amount: 'amount' },
    sign: { by: 'amount' },
    currency: { constant: 'EUR' },
    status: { constant: 'completed' },
    time: { format: 'iso', column: 'booked_at' },
  }
  const cases: readonly {
    readonly title: string
    readonly args: readonly string[]
    readonly says: string
  }[] = [
    {
      title: 'no file',
      args: [],
      says: 'No file was given: see --help. [AUDIT_ARGUMENTS_INVALID]',
    },
    {
      title: 'two files',
      args: ['a', 'b'],
      says: 'More than one file was given: see --help. [AUDIT_ARGUMENTS_INVALID]',
    },
    {
      title: 'an unknown flag',
      args: ['day.csv', '--frobnicate'],
      says: "Unknown option '--frobnicate': see --help. [AUDIT_ARGUMENTS_INVALID]",
    },
    {
      title: 'a flag without its value',
      args: ['day.csv', '--out'],
      says: "Option '--out <value>' argument missing: see --help. [AUDIT_ARGUMENTS_INVALID]",
    },
    {
      title: 'its own input as output',
      args: ['day.csv', '--rejects', './day.csv'],
      says: 'The file, --out and --rejects must be different files. [AUDIT_ARGUMENTS_INVALID]',
    },
    {
      title: 'a missing file',
      args: ['no.csv'],
      says: 'The file no.csv cannot be read: there is no such file. [AUDIT_FILE_UNREADABLE]',
    },
    {
      title: 'a folder',
      args: ['.'],
      says: `The file FOLDER cannot be read: it is a folder. [AUDIT_FILE_UNREADABLE]`,
    },
    {
      title: 'damaged gzip',
      args: ['damaged.gz'],
      says: 'The file damaged.gz cannot be read: its gzip data is damaged or cut off. [AUDIT_FILE_UNREADABLE]',
    },
    {
      title: 'an empty file',
      args: ['empty.csv'],
      says: 'The file has no header: it is empty. [AUDIT_FILE_UNREADABLE]',
    },
    {
      title: 'a missing column',
      args: ['day.csv', '--mapping', 'paysim'],
      says: `The file has no column nameOrig; it has ${HEADER.replaceAll(',', ', ')}. [AUDIT_COLUMN_MISSING]`,
    },
    {
      title: 'a column that is there twice',
      args: ['twice.csv', '--mapping', 'good.json'],
      says: 'The file has two columns amount, so neither can be trusted. [AUDIT_COLUMN_MISSING]',
    },
    {
      title: 'columns that no mapping knows',
      args: ['other.csv'],
      says: 'No built-in mapping fits a file with the columns a, \\u{1b}[31mb: give one with --mapping. [AUDIT_MAPPING_INVALID]',
    },
    {
      title: 'an unknown mapping',
      args: ['day.csv', '--mapping', 'stripe'],
      says: 'There is no mapping stripe: give festival, paysim or the path of a JSON file. [AUDIT_MAPPING_INVALID]',
    },
    {
      title: 'a mapping that is no JSON',
      args: ['day.csv', '--mapping', 'day.csv'],
      says: 'The mapping day.csv is not JSON. [AUDIT_MAPPING_INVALID]',
    },
    {
      title: 'a malformed mapping',
      args: ['day.csv', '--mapping', 'bad.json'],
      says: 'The mapping bad.json is malformed: columns.amount: must be the name of a column. [AUDIT_MAPPING_INVALID]',
    },
    {
      title: 'an unknown currency',
      args: ['day.csv', '--mapping', 'zzz.json'],
      says: 'The currency ZZZ of the mapping is unknown: give a code of ISO 4217, or { "code": …, "exponent": … } for an asset of your own. [AUDIT_CURRENCY_UNKNOWN]',
    },
    {
      title: 'an output that cannot be written',
      args: ['day.csv', '--out', 'no/f.jsonl'],
      says: 'The file f.jsonl cannot be written: ENOENT. [AUDIT_OUTPUT_UNWRITABLE]',
    },
    {
      title: 'a database that is not there',
      args: ['day.csv', '--database-url', 'postgres://me:secret@127.0.0.1:1/db'],
      says: 'The PostgreSQL of --database-url cannot be used: ECONNREFUSED. [AUDIT_DATABASE_FAILED]',
    },
  ]

  it.concurrent.each(cases)('exits with 1 and one sentence on $title', async ({ args, says }) => {
    const home = await mkdtemp(join(tmpdir(), 'assay-audit-test-'))
    try {
      const files = {
        'day.csv': `${HEADER}\n${ROW}\n`,
        'damaged.gz': Buffer.from('1f8b0800deadbeef', 'hex'),
        'empty.csv': '',
        'twice.csv': 'card_id,amount,amount,booked_at\n',
        'other.csv': 'a,\u{1b}[31mb\n1,2\n',
        'good.json': JSON.stringify(mapping),
        'bad.json': JSON.stringify({ ...mapping, columns: { accountId: 'card_id', amount: 7 } }),
        'zzz.json': JSON.stringify({ ...mapping, currency: { constant: 'ZZZ' } }),
      }
      for (const [name, content] of Object.entries(files))
        await writeFile(join(home, name), content)

      const result = await runProgram('audit.ts', { args, cwd: home })

      const sentence = result.stderr.replace('opening the database\n', '')
      expect(sentence).toBe(`${says.replace('FOLDER', home.slice(tmpdir().length + 1))}\n`)
      expect(result).toMatchObject({ code: 1, stdout: '' })
      expect((await readdir(home)).toSorted()).toEqual(Object.keys(files).toSorted())
    } finally {
      await rm(home, { recursive: true, force: true })
    }
  })
})
