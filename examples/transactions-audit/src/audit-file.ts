import { systemClock } from '@assay/core'
import { detectBalanceDiscrepancies, type Finding } from '@assay/detectors'
import { createPostgresLedgerRepository } from '@assay/detectors/postgres'

import { createLostRows, withLostRows } from './database/lost-rows.ts'
import { openDatabase } from './database/open-database.ts'
import { storeRows } from './database/store-rows.ts'
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
  /** Of a PostgreSQL; default: an embedded database. */
  readonly databaseUrl: string | undefined
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
  { path, named, databaseUrl, onFinding, signal }: AuditFileOptions,
  progress: Progress,
  rejects: RejectLog,
): Promise<FileAudit> {
  const lost = createLostRows()
  let repeated = 0
  const onReject = async (reject: Reject): Promise<void> => {
    lost.add(reject.accountId, reject.sequence)
    await rejects.add(reject)
  }
  const file = await openTransactions({ path, named, onReject })

  progress.show('opening the database', null)
  const database = await openDatabase(databaseUrl)
  try {
    const ledger = createPostgresLedgerRepository(database.client)
    for await (const batch of file.batches()) {
      signal.throwIfAborted()
      repeated += await storeRows(ledger, batch, onReject)
      progress.show(`read ${formatCount(file.rows())} rows`, file.share())
    }
    // Without statistics PostgreSQL sorts the whole table anew for every batch that is read.
    await database.client.query('analyze ledger_transactions')

    const rows = file.rows()
    const rejected = rejects.count()
    const { summary } = await detectBalanceDiscrepancies(
      { ledger: withLostRows(ledger, lost) },
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
