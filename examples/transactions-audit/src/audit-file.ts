import { systemClock } from '@assay/core'
import { detectBalanceDiscrepancies, type Finding } from '@assay/detectors'
import { createPostgresLedgerRepository } from '@assay/detectors/postgres'

import { openDatabase } from './database/open-database.ts'
import { storeRows } from './database/store-rows.ts'
import type { NamedMapping } from './mapping/load-mapping.ts'
import { openTransactions } from './read-transactions.ts'
import { createProgress } from './report/create-progress.ts'
import { createRejectLog } from './report/create-reject-log.ts'
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
  const { signal } = options
  const progress = createProgress(process.stderr, systemClock)
  const rejects = createRejectLog(options.rejectsPath, (text) => progress.note(text))
  let readShare: number | null = null

  try {
    const file = await openTransactions({
      path: options.path,
      named: options.named,
      onProgress: ({ bytes, totalBytes }) => {
        readShare = totalBytes === 0 ? null : Math.min(1, bytes / totalBytes)
      },
      onReject: (reject) => rejects.add(reject),
    })
    progress.show('opening the database', null)
    const database = await openDatabase(options.databaseUrl)
    const ledger = createPostgresLedgerRepository(database.client)
    try {
      for await (const batch of file.batches()) {
        signal.throwIfAborted()
        await storeRows(ledger, batch, rejects)
        progress.show(`read ${formatCount(file.rows())} rows`, readShare)
      }
      // Without statistics PostgreSQL sorts the whole table anew for every batch that is read.
      await database.client.query('analyze ledger_transactions')
      const stored = file.rows() - rejects.count()
      const { summary } = await detectBalanceDiscrepancies(
        { ledger },
        {
          orderProven: file.named.mapping.orderProven,
          onFinding: options.onFinding,
          onProgress: ({ transactions }) =>
            progress.show(`audited ${formatCount(transactions)} rows`, transactions / stored),
          findingsMax: 0,
          signal,
        },
      )
      await rejects.close()
      return {
        named: file.named,
        summary: {
          rows: file.rows(),
          rejected: rejects.count(),
          rejectedByKind: rejects.byKind(),
          rules: summary.rules,
        },
      }
    } finally {
      await database.close()
    }
  } catch (error) {
    await rejects.discard()
    throw error
  } finally {
    progress.end()
  }
}
