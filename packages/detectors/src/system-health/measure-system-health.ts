import { assertWholeNumber } from '@assay/core'

import type { RejectedRow } from '../detector/detect-over-accounts.ts'
import { parseLedgerEntry } from '../ledger/ledger-entry.ts'
import type { LedgerRepository } from '../ledger/ledger-repository.ts'
import { addToHealth, createHealthTally } from './health-tally.ts'
import { judgeHealth } from './judge-health.ts'
import { readSystemHealthConfig, type SystemHealthOptions } from './system-health-config.ts'
import type { SystemHealth } from './system-health.ts'

/** Which window {@link measureSystemHealth} measures, and how it judges and reads. */
export interface MeasureSystemHealthOptions extends SystemHealthOptions {
  /** The most rows that are read at once. Default 1,000. */
  readonly batchSize?: number | undefined
  /** Sees every row that did not parse. What it throws ends the measurement. */
  readonly onRejected?: ((rejected: RejectedRow) => void | Promise<void>) | undefined
  /** Ends the measurement between two batches. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Measures how a system fares: how many transactions of a window completed and failed and how long they
 * took, what they moved, and what accounts hold. Where too little happened to tell, the status is
 * `unknown`.
 *
 * The balances of the ledger and the transactions since `fromMs` are read, one batch at a time, and each
 * transaction counts once.
 *
 * @param repositories.ledger where accounts and transactions are read
 * @param options the window in epoch milliseconds, thresholds, and bounds in rows
 * @returns the figures, the status and why it is that, and a finding when the system is degraded
 * @throws `INVALID_OPTION` for an option that is out of range
 * @throws what the repository or a callback threw, and the signal's reason
 *
 * @example
 * ```ts
 * import { createMemoryLedgerRepository, measureSystemHealth } from '@assay/detectors'
 *
 * const ledger = createMemoryLedgerRepository({
 *   transactions: [
 *     {
 *       transactionId: 'tx-1',
 *       accountId: 'card-7',
 *       status: 'completed',
 *       amountMinor: -450n,
 *       currency: 'EUR',
 *       eventTime: 1_749_895_200_000,
 *       processingMs: 120,
 *     },
 *   ],
 * })
 * const hour = { fromMs: 1_749_891_600_000, toMs: 1_749_895_200_000 }
 * const { status, processing } = await measureSystemHealth({ ledger }, hour)
 * console.log(status, processing?.p95Ms) // healthy 120
 * ```
 */
export async function measureSystemHealth(
  { ledger }: { readonly ledger: LedgerRepository },
  options: MeasureSystemHealthOptions,
): Promise<SystemHealth> {
  const { batchSize = 1_000, onRejected, signal } = options
  const config = readSystemHealthConfig(options)
  assertWholeNumber('measureSystemHealth', 'batchSize', batchSize, { min: 1 })
  signal?.throwIfAborted()

  return ledger.readSnapshot(
    async (batches) => {
      // Made here, so that a repository may begin its snapshot anew.
      const tally = createHealthTally(config, ledger.hasUniqueIds === true)
      let rejected = 0
      for await (const batch of batches) {
        signal?.throwIfAborted()
        for (const row of batch) {
          const parsed = parseLedgerEntry(row)
          if (parsed.ok) {
            addToHealth(tally, parsed.row, config)
          } else {
            rejected += 1
            await onRejected?.({ row, reason: parsed.reason })
          }
        }
      }
      return judgeHealth(tally, rejected, config)
    },
    { batchSize, sinceMs: config.fromMs },
  )
}
