import assert from 'node:assert/strict'

import type { ReadScans, ScanRepository } from '../scans/scan-repository.ts'
import { parseScan, type Scan, type ScanInput } from '../scans/scan.ts'

/** Makes a repository that holds these scans and no others. */
export type CreateScanRepository = (scans: readonly Scan[]) => Promise<ScanRepository>

/** One thing that every {@link ScanRepository} does. */
export interface ScanRepositoryContractCase {
  readonly name: string
  /**
   * @param create makes a repository for this case alone; it may be called more than once
   * @throws AssertionError when the repository does not do it
   */
  run(this: void, create: CreateScanRepository): Promise<void>
}

/**
 * What every implementation of `ScanRepository` does, as data: run each case with any test runner.
 *
 * @example
 * ```ts
 * import { createMemoryScanRepository } from '@assay/detectors'
 * import { scanRepositoryContract } from '@assay/detectors/testing'
 *
 * for (const { run } of scanRepositoryContract) {
 *   await run(async (scans) => createMemoryScanRepository(scans))
 * }
 * ```
 */
export const scanRepositoryContract: readonly ScanRepositoryContractCase[] = [
  {
    name: 'hands out no scan when there is none',
    async run(create) {
      assert.deepEqual(await readScans(await create([]), { batchSize: 10 }), [])
    },
  },
  {
    name: 'returns what the work returned, and passes on what it threw',
    async run(create) {
      const scans = await create([scan()])
      const options = { batchSize: 1 }
      assert.equal(await scans.readSnapshot(async () => 'done', options), 'done')
      const broken = scans.readSnapshot(async () => {
        throw new Error('The work broke.')
      }, options)
      await assert.rejects(broken, { message: 'The work broke.' })
      assert.equal((await readScans(scans, options)).length, 1)
    },
  },
  {
    name: 'hands out each field as it came in',
    async run(create) {
      const rows = [
        scan({ scanId: 'a', terminalId: 'bar 3' }),
        scan({ scanId: 'b', terminalId: null, eventTime: -1 }),
        scan({ scanId: `'";--\\ é €😀`, eventTime: 8_640_000_000_000_000 }),
      ]
      const read = await readScans(await create(rows), { batchSize: 10 })
      assert.deepEqual(byName(read), byName(rows))
    },
  },
  {
    name: 'keeps the scans of an account together, in batches of the size that was asked for at most',
    async run(create) {
      const accountIds = ['b', 'a', 'B', 'ä', '😀', '\u{ffee}', '10', '9', 'a b']
      const rows = [1, 2, 3].flatMap((round) =>
        accountIds.map((accountId) => scan({ accountId, scanId: `${round}` })),
      )
      const scans = await create(rows)
      for (const batchSize of [1, 2, 5, 27, 100]) {
        const batches = await readBatches(scans, { batchSize })
        assert.ok(batches.every((batch) => batch.length <= batchSize))
        const read = batches.flat()
        assert.deepEqual(byName(read), byName(rows))
        const runs = read.filter(({ accountId }, index) => accountId !== read[index - 1]?.accountId)
        assert.equal(runs.length, accountIds.length)
      }
    },
  },
  {
    name: 'leaves out no scan of an account of which two are as close as was asked for',
    async run(create) {
      const rows = [
        ['close', [0, 5_000, 90_000]],
        ['far', [0, 5_001, 90_000]],
        ['close across another', [7_000, 0, 3_000]],
        ['at once', [4, 4]],
        ['alone', [0]],
      ] as const
      const scans = rows.flatMap(([accountId, times]) =>
        times.map((eventTime, index) => scan({ accountId, scanId: `${index}`, eventTime })),
      )
      const candidates = { kind: 'neighbours', withinMs: 5_000 } as const
      const read = await readScans(await create(scans), { batchSize: 2, candidates })
      const ids = byName(read).map(nameOf)
      for (const { accountId, scanId } of scans) {
        const isOwed = accountId !== 'far' && accountId !== 'alone'
        if (isOwed) assert.ok(ids.includes(nameOf({ accountId, scanId })))
      }
      assert.equal(new Set(ids).size, ids.length)
    },
  },
]

async function readBatches(scans: ScanRepository, options: ReadScans): Promise<Scan[][]> {
  return scans.readSnapshot(async (batches) => {
    const read: Scan[][] = []
    for await (const batch of batches) read.push(batch.map(parsed))
    return read
  }, options)
}

async function readScans(scans: ScanRepository, options: ReadScans): Promise<Scan[]> {
  return (await readBatches(scans, options)).flat()
}

function scan(fields: Partial<ScanInput> = {}): Scan {
  return parsed({ scanId: 's', accountId: 'account', eventTime: 1_749_895_200_000, ...fields })
}

function parsed(row: unknown): Scan {
  const result = parseScan(row)
  if (result.ok) return result.row
  throw new assert.AssertionError({ message: `A scan does not parse: ${result.reason}` })
}

function nameOf({ accountId, scanId }: Pick<Scan, 'accountId' | 'scanId'>): string {
  return `${accountId} ${scanId}`
}

function byName(scans: readonly Scan[]): Scan[] {
  return scans.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
}
