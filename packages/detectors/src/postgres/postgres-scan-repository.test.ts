import { migrate, type SqlClient } from '@assay/core'
import { fromPglite, fromPgPool, migrations as coreMigrations } from '@assay/core/postgres'
import { describeEachDatabase, describePostgres } from '@assay/test-servers'
import { beforeAll, describe, expect, test } from 'vitest'

import type { ReadScans } from '../scans/scan-repository.ts'
import { parseScan, type Scan, type ScanInput } from '../scans/scan.ts'
import { scanRepositoryContract } from '../testing/scan-repository-contract.ts'
import { migrations } from './migrations.ts'
import {
  createPostgresScanRepository,
  type PostgresScanRepository,
} from './postgres-scan-repository.ts'

const adapters = { fromPglite, fromPgPool }

describeEachDatabase<SqlClient>('PostgreSQL scan repository', adapters, (client) => {
  beforeAll(async () => {
    await migrate(client(), [...coreMigrations, ...migrations])
  })

  // Each has a source of its own, so every test also shows that sources do not mix.
  let sources = 0
  const noScans = (): PostgresScanRepository => {
    sources += 1
    return createPostgresScanRepository(client(), { source: `source-${sources}` })
  }

  test.each(scanRepositoryContract)('contract: $name', async ({ run }) => {
    const result = run(async (rows) => {
      const scans = noScans()
      await scans.addScans(rows)
      return scans
    })
    await expect(result).resolves.toBeUndefined()
  })

  test('adds a scan once, however often it is loaded', async () => {
    const scans = noScans()
    const rows = Array.from({ length: 5_001 }, (_, index) => scan({ scanId: `s-${index}` }))
    const first = { added: 5_001, redelivered: 0, conflicting: [] }
    expect(await scans.addScans(rows)).toEqual(first)
    const second = { added: 1, redelivered: 5_001, conflicting: [] }
    expect(await scans.addScans([...rows, scan({ scanId: 'one more' })])).toEqual(second)
    expect(await idsIn(scans)).toHaveLength(5_002)
  })

  test('keeps the first of two scans that claim one id, and names the other', async () => {
    const scans = noScans()
    await scans.addScans([scan({ scanId: 'known' })])
    const outcome = await scans.addScans([
      scan({ scanId: 'new', terminalId: 'a' }),
      scan({ scanId: 'new', terminalId: 'b' }),
      scan({ scanId: 'new', terminalId: 'a' }),
      scan({ scanId: 'known', eventTime: 1 }),
      scan({ scanId: 'known', accountId: 'another account' }),
    ])
    expect(outcome).toEqual({
      added: 2,
      redelivered: 1,
      conflicting: [
        { accountId: 'account', scanId: 'new' },
        { accountId: 'account', scanId: 'known' },
      ],
    })
  })

  test('takes nothing as nothing', async () => {
    const nothing = { added: 0, redelivered: 0, conflicting: [] }
    expect(await noScans().addScans([])).toEqual(nothing)
  })

  test('reads no account without a candidate', async () => {
    const scans = noScans()
    await scans.addScans([
      scan({ accountId: 'close', scanId: '1', eventTime: 60_000 }),
      scan({ accountId: 'far', scanId: '2', eventTime: 0 }),
      scan({ accountId: 'close', scanId: '3', eventTime: 55_000 }),
      scan({ accountId: 'far', scanId: '4', eventTime: 5_001 }),
      scan({ accountId: 'alone', scanId: '5', eventTime: 55_000 }),
    ])
    const candidates = { kind: 'neighbours', withinMs: 5_000 } as const
    expect((await idsIn(scans, { candidates })).toSorted()).toEqual(['1', '3'])
  })
})

describePostgres('loads of scans from two sides', (database) => {
  test('in opposite orders add each once', async () => {
    const client = fromPgPool(database().pool)
    await migrate(client, [...coreMigrations, ...migrations])
    const scans = createPostgresScanRepository(client)
    const rows = Array.from({ length: 4_000 }, (_, index) => scan({ scanId: `s-${index}` }))
    const outcomes = await Promise.all([scans.addScans(rows), scans.addScans(rows.toReversed())])
    expect(outcomes.map(({ added }) => added).toSorted((a, b) => a - b)).toEqual([0, 4_000])
    expect(await idsIn(scans)).toHaveLength(4_000)
  })
})

describe('scans without a source', () => {
  test.each(['', 'x'.repeat(256)])('are refused', (source) => {
    expect(() => createPostgresScanRepository({} as SqlClient, { source })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    )
  })
})

async function idsIn(
  scans: PostgresScanRepository,
  which: Omit<ReadScans, 'batchSize'> = {},
): Promise<string[]> {
  return scans.readSnapshot(
    async (batches) => {
      const ids: string[] = []
      for await (const batch of batches) ids.push(...batch.map(({ scanId }) => scanId))
      return ids
    },
    { ...which, batchSize: 1_000 },
  )
}

function scan(fields: Partial<ScanInput>): Scan {
  const parsed = parseScan({ scanId: 's', accountId: 'account', eventTime: 0, ...fields })
  if (!parsed.ok) throw new Error(parsed.reason)
  return parsed.row
}
