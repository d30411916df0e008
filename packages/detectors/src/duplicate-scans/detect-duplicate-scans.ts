import type { AccountEvent } from '../detector/account-event.ts'
import { configureDetector } from '../detector/combine-detectors.ts'
import {
  detectOverAccounts,
  type DetectionOptions,
  type DetectionReport,
} from '../detector/detect-over-accounts.ts'
import type { ParseRowResult } from '../ledger/ledger-entry.ts'
import type { ScanRepository } from '../scans/scan-repository.ts'
import { parseScan } from '../scans/scan.ts'
import { type DuplicateScanOptions, readDuplicateScanConfig } from './duplicate-scan-config.ts'
import { duplicateScanDetector } from './duplicate-scan-detector.ts'
import { DUPLICATE_SCAN_RULE_IDS, type DuplicateScanRuleId } from './duplicate-scan-rule.ts'

/** How {@link detectDuplicateScans} judges, reads and reports. */
export interface DetectDuplicateScansOptions
  extends
    DetectionOptions<DuplicateScanRuleId>,
    Omit<DuplicateScanOptions, keyof DetectionOptions> {}

/** What a run returns. */
export type DuplicateScanReport = DetectionReport<DuplicateScanRuleId, 'repeated'>

/**
 * Finds cards that were read again so soon that nobody can have meant it: scans of one card, each at
 * most `windowMs` after the one before, are one burst, however long it grows.
 *
 * @param repositories.scans where scans are read
 * @param options durations in milliseconds, bounds in rows, and who hears of what
 * @returns the first findings: one that opens with the second scan, and an update for each further one
 * @throws `INVALID_OPTION` for an option that is out of range
 * @throws what the repository or a callback threw, and the signal's reason
 *
 * @example
 * ```ts
 * import { createMemoryScanRepository, detectDuplicateScans } from '@assay/detectors'
 *
 * const scans = createMemoryScanRepository([
 *   { scanId: 's-1', accountId: 'card-7', eventTime: 1_749_895_200_000 },
 *   { scanId: 's-2', accountId: 'card-7', eventTime: 1_749_895_203_000 },
 * ])
 * const { findings } = await detectDuplicateScans({ scans })
 * console.log(findings[0]?.transactionIds) // [ 's-1', 's-2' ]
 * ```
 */
export async function detectDuplicateScans(
  { scans }: { readonly scans: ScanRepository },
  options: DetectDuplicateScansOptions = {},
): Promise<DuplicateScanReport> {
  const config = readDuplicateScanConfig(options)
  return detectOverAccounts(
    {
      name: 'detectDuplicateScans',
      detectors: [configureDetector(duplicateScanDetector, config)],
      ruleIds: DUPLICATE_SCAN_RULE_IDS,
      read: (work, { batchSize }) =>
        scans.readSnapshot(work, {
          batchSize,
          candidates: { kind: 'neighbours', withinMs: config.reachMs },
        }),
      parse: parseScanEvent,
    },
    options,
  )
}

function parseScanEvent(row: unknown): ParseRowResult<AccountEvent> {
  const parsed = parseScan(row)
  return parsed.ok ? { ok: true, row: { kind: 'scan', ...parsed.row } } : parsed
}
