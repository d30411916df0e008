import { detectBalanceDiscrepancies } from '../balance-discrepancies/detect-balance-discrepancies.ts'
import { parseAccountEvent } from '../detector/account-event.ts'
import type { Finding } from '../detector/finding.ts'
import type { LedgerRepository } from '../ledger/ledger-repository.ts'
import type { EventPage } from './event-source.ts'
import type { MonitorCommit, RejudgedSubject } from './monitor-store.ts'
import type { PartitionRun, PartitionRunOptions } from './partition-run.ts'

/** What accounts are reconciled with. */
export interface ReconciliationOptions {
  readonly ledger: LedgerRepository
  readonly toleranceMinor?: bigint | undefined
  readonly tenant?: string | undefined
}

/** Grows when the same ledger is reconciled otherwise. */
export const RECONCILIATION_VERSION = 1

const RULE = 'balance.reconciliation'

/**
 * Reconciles the accounts on which something has happened, a page of events at a time: each page's
 * accounts are read from one consistent snapshot, balances and log together, so that what is written
 * meanwhile raises no discrepancy.
 */
export function createReconciliationRun(
  {
    lease,
    source,
    store,
    partitions,
    batchSize,
    guard,
    coverage,
  }: Omit<PartitionRunOptions, 'detector'>,
  { ledger, toleranceMinor, tenant }: ReconciliationOptions,
): PartitionRun {
  let position: { cursor: string | null; readAt: number | null } | null = null

  async function reconcile(
    accountIds: readonly string[],
    signal: AbortSignal,
  ): Promise<{ readonly findings: readonly Finding[]; readonly isWhole: boolean }> {
    const ofAccounts: LedgerRepository = {
      ...ledger,
      readSnapshot: (work, options) => ledger.readSnapshot(work, { ...options, accountIds }),
    }
    const { findings, summary } = await guard(() =>
      detectBalanceDiscrepancies(
        { ledger: ofAccounts },
        { toleranceMinor, tenant, findingsMax: Number.MAX_SAFE_INTEGER, signal },
      ),
    )
    return {
      // The other rules judge rows, which the passes over events do sooner.
      findings: findings.filter(({ ruleId }) => ruleId === RULE),
      isWhole: summary.rules[RULE].evaluated === accountIds.length,
    }
  }

  async function judge(
    at: { cursor: string | null; readAt: number | null },
    page: EventPage,
    now: number,
    signal: AbortSignal,
  ): Promise<MonitorCommit> {
    const accountIds = accountsOf(page.rows)
    const { findings, isWhole } =
      accountIds.length === 0 ? NOTHING : await reconcile(accountIds, signal)
    return {
      lease,
      cursorBefore: at.cursor,
      cursor: page.cursor,
      watermark: now,
      readAt: now,
      now,
      states: [],
      findings,
      // Where one account could not be reconciled, none is taken to be put right: what cannot be told
      // ends nothing, and the others' next events will tell.
      rejudged: isWhole ? accountIds.map((subject) => rejudgedOf(subject, findings)) : [],
      setAside: [],
      // Whoever told of the event: it is the ledger that was judged.
      source: null,
    }
  }

  return {
    wakeAt: Infinity,
    watermark: null,
    async advance(now, signal) {
      const at = position ?? (await store.open(lease))
      position = null
      const { partition } = lease
      const request = { partition, partitions, after: at.cursor, limit: batchSize, now, signal }
      const page = await guard(() => source.read(request))
      signal.throwIfAborted()
      if (page.rows.length === 0 && page.isLast) {
        position = at
        return 'caught-up'
      }
      const commit = await judge(at, page, now, signal)
      if ((await store.commit(commit)) === 'lost') return 'lost'
      coverage.committed(commit)
      position = { cursor: commit.cursor, readAt: commit.readAt }
      return page.isLast ? 'caught-up' : 'more'
    },
  }
}

const NOTHING = { findings: [], isWhole: true }

function rejudgedOf(subject: string, findings: readonly Finding[]): RejudgedSubject {
  const ofSubject = findings.filter((finding) => finding.subject === subject)
  return {
    subject,
    ruleIds: [RULE],
    fingerprints: ofSubject.map(({ fingerprint }) => fingerprint),
  }
}

/** The accounts of a page on which money may have moved. */
function accountsOf(rows: readonly unknown[]): string[] {
  const accounts = new Set<string>()
  for (const row of rows) {
    const parsed = parseAccountEvent(row)
    // What does not parse is set aside by the passes over events.
    if (parsed.ok && parsed.row.kind === 'transaction') accounts.add(parsed.row.accountId)
  }
  return [...accounts]
}
