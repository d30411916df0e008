import type { NeighbourCandidates } from '../ledger/account-candidates.ts'
import type { ScanInput } from './scan.ts'

/**
 * Where the detectors read scans. Implement it over your own tables, or use
 * `createMemoryScanRepository` or `createPostgresScanRepository` of `@assay/detectors/postgres`.
 */
export interface ScanRepository {
  /**
   * Runs `work` over the scans as they stood at one moment. Those of an account stand together; the
   * order of accounts, and of the scans of one, does not matter. Rows are parsed by the reader, so one
   * may be handed out as it is: if it does not parse, it is set aside and counted.
   *
   * @param work reads the batches once, from first to last
   * @param options which scans, and how many at a time
   * @returns what `work` returned
   */
  readSnapshot<Result>(
    work: (batches: AsyncIterable<readonly ScanInput[]>) => Promise<Result>,
    options: ReadScans,
  ): Promise<Result>
}

/** What is to be read of the scans. */
export interface ReadScans {
  /** The most scans in a batch, at least 1. */
  readonly batchSize: number
  /** A hint: other accounts may be left out. Default: all are read. */
  readonly candidates?: NeighbourCandidates | undefined
}
