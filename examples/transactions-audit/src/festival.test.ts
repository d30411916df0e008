import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { parseFestivalArguments } from './cli/parse-festival-arguments.ts'
import { festival } from './mapping/festival.ts'
import { openTransactions } from './read-transactions.ts'
import { runProgram } from './testing/run-program.ts'

// Each starts a database of its own, which takes its time on a machine that is busy.
vi.setConfig({ testTimeout: 120_000 })

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assay-audit-test-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('npm start', () => {
  it('finds what was planted on any day, and writes the day as a file that the audit reads', async () => {
    const args = ['--seed', '7', '--csv', 'day.csv']
    const { code, stdout } = await runProgram('festival.ts', { args, cwd: folder })

    expect(stdout).toMatch(/balance.arithmetic +(\d+) +\1 +0 +0\n/)
    expect(stdout).toMatch(/balance.continuity +(\d+) +\1 +0 +0\n/)
    expect(stdout).toMatch(/balance.reconciliation +(\d+) +\1 +0 +0\n/)
    expect(stdout).toMatch(/balance.negative +(\d+) +\1 +0 +0\n/)
    expect(stdout).toContain('planted faults were found, and nothing else.')
    expect(code).toBe(0)

    const path = join(folder, 'day.csv')
    const refuse = (): never => {
      throw new Error('The day has no malformed row.')
    }
    const file = await openTransactions({
      path,
      named: null,
      onReject: refuse,
    })
    let read = 0
    for await (const batch of file.batches()) read += batch.length
    expect(read).toBe(20_000)
    expect(file.named.mapping).toBe(festival)
    expect((await readFile(path, 'utf8')).split('\n')).toHaveLength(20_002)
  })

  it('refuses a seed that is no whole number', () => {
    expect(() => parseFestivalArguments(['--seed', '1e3'])).toThrow(
      'The seed is no whole number: see --help.',
    )
  })
})
