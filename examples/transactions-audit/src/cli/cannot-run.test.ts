import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { openDatabase } from '../database/open-database.ts'
import { runAudit } from '../testing/run-audit.ts'
import { runProgram } from '../testing/run-program.ts'
import { CannotRunError } from './cannot-run-error.ts'

const HEADER =
  'transaction_id,card_id,amount,balance_before,balance_after,sequence,currency,status,booked_at'
const ROW = 'tx-1,card-1,20.00,0.00,20.00,1,EUR,completed,2026-06-19T12:00:00Z'
const MAPPING = {
  columns: { accountId: 'card_id', amount: 'amount' },
  sign: { by: 'amount' },
  currency: { constant: 'EUR' },
  status: { constant: 'completed' },
  time: { format: 'iso', column: 'booked_at' },
}
const FILES = {
  'day.csv': `${HEADER}\n${ROW}\n`,
  'damaged.gz': Buffer.from('1f8b0800deadbeef', 'hex'),
  'empty.csv': '',
  'twice.csv': 'card_id,amount,amount,booked_at\n',
  'other.csv': 'a,\u{1b}[31mb\n1,2\n',
  'good.json': JSON.stringify(MAPPING),
  'bad.json': JSON.stringify({ ...MAPPING, columns: { accountId: 'card_id', amount: 7 } }),
  'zzz.json': JSON.stringify({ ...MAPPING, currency: { constant: 'ZZZ' } }),
}
const SECRET = 'correct-horse'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assay-audit-test-'))
  for (const [name, content] of Object.entries(FILES)) await writeFile(join(folder, name), content)
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('an audit that cannot run', () => {
  const cases: readonly {
    readonly title: string
    readonly args: readonly string[]
    /** In the environment. */
    readonly url?: string
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
      title: 'a password on the command line',
      args: ['day.csv', '--database-url', `postgres://me:${SECRET}@127.0.0.1:1/db`],
      says: 'A command line is no place for a password, so put the URL into the variable ASSAY_DATABASE_URL: see --help. [AUDIT_ARGUMENTS_INVALID]',
    },
    {
      title: 'a password in a parameter of the URL',
      args: ['day.csv', '--database-url', `postgres://127.0.0.1:1/db?password=${SECRET}`],
      says: 'A command line is no place for a password, so put the URL into the variable ASSAY_DATABASE_URL: see --help. [AUDIT_ARGUMENTS_INVALID]',
    },
    {
      title: 'a password in a URL that is none',
      args: ['day.csv', '--database-url', `postgres://me:${SECRET}@127.0.0.1:port/db`],
      says: 'A command line is no place for a password, so put the URL into the variable ASSAY_DATABASE_URL: see --help. [AUDIT_ARGUMENTS_INVALID]',
    },
    {
      title: 'a database that is not there',
      args: ['day.csv', '--database-url', 'postgres://me@127.0.0.1:1/db'],
      says: 'The PostgreSQL of the database URL cannot be used: ECONNREFUSED. [AUDIT_DATABASE_FAILED]',
    },
    {
      title: 'a database that is not there, by the environment',
      args: ['day.csv'],
      url: `postgres://me:${SECRET}@127.0.0.1:1/db`,
      says: 'The PostgreSQL of the database URL cannot be used: ECONNREFUSED. [AUDIT_DATABASE_FAILED]',
    },
    {
      title: 'a URL that is none, by the environment',
      args: ['day.csv'],
      url: `postgres://me:${SECRET}@127.0.0.1:port/db`,
      says: 'The PostgreSQL of the database URL cannot be used: ERR_INVALID_URL. [AUDIT_DATABASE_FAILED]',
    },
  ]

  it.each(cases)('says one sentence on $title', async ({ args, says, url = '' }) => {
    vi.stubEnv('ASSAY_DATABASE_URL', url)

    const error = await runAudit({ args, cwd: folder, openDatabase }).catch((thrown) => thrown)

    expect(error).toBeInstanceOf(CannotRunError)
    const sentence = `${error.message} [${error.code}]`
    expect(sentence).toBe(says.replace('FOLDER', basename(folder)))
    expect((await readdir(folder)).toSorted()).toEqual(Object.keys(FILES).toSorted())
  })

  it('exits with 1, the sentence on standard error, and no secret', async () => {
    const ASSAY_DATABASE_URL = `postgres://me:${SECRET}@127.0.0.1:1/db`
    const args = ['day.csv']
    const env = { ASSAY_DATABASE_URL }

    expect(await runProgram('audit.ts', { args, cwd: folder, env })).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'opening the database\nThe PostgreSQL of the database URL cannot be used: ECONNREFUSED. [AUDIT_DATABASE_FAILED]\n',
    })
  })
})
