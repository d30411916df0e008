import { inBatches } from '../ledger/in-batches.ts'
import { accountIdOf } from '../ledger/ledger-entry.ts'
import type { ScanRepository } from './scan-repository.ts'
import type { ScanInput } from './scan.ts'

/**
 * Scans in memory: for tests, and for files that fit. Rows are kept as they are, so a malformed or
 * repeated one reaches the reader and is counted there.
 *
 * @param scans the rows; they are read at once, and later changes of the list have no effect
 *
 * @example
 * ```ts
 * import { createMemoryScanRepository } from '@assay/detectors'
 *
 * const scans = createMemoryScanRepository([
 *   { scanId: 's-1', accountId: 'card-7', eventTime: 1_749_895_200_000 },
 *   { scanId: 's-2', accountId: 'card-7', eventTime: 1_749_895_203_000 },
 * ])
 * const sizes = await scans.readSnapshot(
 *   async (batches) => {
 *     const read: number[] = []
 *     for await (const batch of batches) read.push(batch.length)
 *     return read
 *   },
 *   { batchSize: 1_000 },
 * )
 * console.log(sizes) // [ 2 ]
 * ```
 */
export function createMemoryScanRepository(scans: Iterable<ScanInput> = []): ScanRepository {
  const grouped = [...Map.groupBy(scans, accountIdOf).values()].flat()

  return {
    // Preselecting would cost what it spares here, so the hint is not taken.
    readSnapshot: (work, { batchSize }) => work(inBatches(grouped, batchSize)),
  }
}
