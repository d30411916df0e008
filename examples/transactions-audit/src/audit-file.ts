import { systemClock } from '@assay/core'
import { detectBalanceDiscrepancies, type Finding } from '@assay/detectors'

import { createRowStore } from './database/create-row-store.ts'
import { createLostRows, withLostRows } from './database/lost-rows.ts'
import type { AuditDatabase } from './database/open-database.ts'
import { isOrderedByLine } from './mapping/create-sequence-reader.ts'
import type { NamedMapping } from './mapping/load-mapping.ts'
import { openTransactions } from './read-transactions.ts'
import { createProgress, type Progress } from './report/create-progress.ts'
import { createRejectLog, type Reject, type RejectLog } from './report/create-reject-log.ts'
import type { AuditSummary } from './report/format-summary.ts'
import { formatCount } from './report/format-table.ts'

/** What {@link auditFile} audits, and how. */
export interface AuditFileOptions {
  readonly path: string
  /** Default: the built-in mapping whose columns the file has. */
  readonly named: NamedMapping | null
  readonly rejectsPath: string
  /** Opens the database that the rows go through. */
  readonly openDatabase: () => Promise<AuditDatabase>
  /** Takes each finding; the next one waits for it. */
  readonly onFinding: (finding: Finding) => Promise<void>
  readonly signal: AbortSignal
}

/** What became of the file. */
export interface FileAudit {
  readonly named: NamedMapping
  readonly summary: AuditSummary
}

/**
 * Audits a CSV file: its rows go into a database, and the detector reads them there, account by
 * account. So a file of any size needs the memory of a small one.
 *
 * @throws {@link CannotRunError} when the file or the database cannot be used
 * @throws the signal's reason
 */
export async function auditFile(options: AuditFileOptions): Promise<FileAudit> {
  const progress = createProgress(process.stderr, systemClock)
  const rejects = createRejectLog(options.rejectsPath, (text) => progress.note(text))
  try {
    const audit = await storeAndDetect(options, progress, rejects)
    await rejects.close()
    return audit
  } catch (error) {
    await rejects.discard()
    throw error
  } finally {
    progress.end()
  }
}

async function storeAndDetect(
  { path, named, openDatabase, onFinding, signal }: AuditFileOptions,
  progress: Progress,
  rejects: RejectLog,
): Promise<FileAudit> {
  const lost = createLostRows()
  let repeated = 0
  const onReject = async (reject: Reject): Promise<void> => {
    lost.add(reject.accountId, reject.place)
    await rejects.add(reject)
  }
  const file = await openTransactions({ path, named, onReject })
  const { mapping } = file.named

  progress.show('opening the database', null)
  const database = await openDatabase()
  try {
    const store = createRowStore({
      client: database.client,
      repeatsDifferInPlace: isOrderedByLine(mapping) && mapping.columns.transactionId !== undefined,
      onReject,
    })
    for await (const batch of file.batches()) {
      signal.throwIfAborted()
      repeated += await store.add(batch)
      progress.show(`read ${formatCount(file.rows())} rows`, file.share())
    }

    const rows = file.rows()
    const rejected = rejects.count()
    const { summary } = await detectBalanceDiscrepancies(
      { ledger: withLostRows(store.ledger, lost) },
      {
        findingsMax: 0,
        onFinding,
        onProgress: ({ transactions: done }) =>
          progress.show(`audited ${formatCount(done)} rows`, done / (rows - repeated - rejected)),
        signal,
      },
    )
    const { rules } = summary
    const rejectedByKind = rejects.byKind()
    return { named: file.named, summary: { rows, repeated, rejected, rejectedByKind, rules } }
  } finally {
    await database.close()
  }
}
