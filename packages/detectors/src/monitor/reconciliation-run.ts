import { detectBalanceDiscrepancies } from '../balance-discrepancies/detect-balance-discrepancies.ts'
import { parseAccountEvent } from '../detector/account-event.ts'
import type { Finding } from '../detector/finding.ts'
import type { LedgerRepository } from '../ledger/ledger-repository.ts'
import type { EventPage } from './event-source.ts'
import type { MonitorCommit } from './monitor-store.ts'
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
  ): Promise<readonly Finding[]> {
    const found: Finding[] = []
    const ofAccounts: LedgerRepository = {
      ...ledger,
      readSnapshot: (work, options) => ledger.readSnapshot(work, { ...options, accountIds }),
    }
    const onFinding = (finding: Finding): void => {
      // The other rules judge rows, which the passes over events do sooner.
      if (finding.ruleId === RULE) found.push(finding)
    }
    await guard(() =>
      detectBalanceDiscrepancies(
        { ledger: ofAccounts },
        { toleranceMinor, tenant, onFinding, findingsMax: 0, signal },
      ),
    )
    return found
  }

  async function judge(
    at: { cursor: string | null; readAt: number | null },
    page: EventPage,
    now: number,
    signal: AbortSignal,
  ): Promise<MonitorCommit> {
    const accountIds = accountsOf(page.rows)
    const findings = accountIds.length === 0 ? [] : await reconcile(accountIds, signal)
    return {
      lease,
      cursorBefore: at.cursor,
      cursor: page.cursor,
      watermark: now,
      readAt: now,
      now,
      states: [],
      findings,
      rejudged: accountIds.map((subject) => ({
        subject,
        ruleIds: [RULE],
        fingerprints: findings.flatMap((finding) =>
          finding.subject === subject ? [finding.fingerprint] : [],
        ),
      })),
      setAside: [],
    }
  }

  return {
    isWaiting: false,
    watermark: null,
    async advance(now, signal) {
      const at = position ?? (await store.open(lease))
      position = null
      const { partition } = lease
      const request = { partition, partitions, after: at.cursor, limit: batchSize, now, signal }
      const page = await guard(() => source.read(request))
      signal.throwIfAborted()
      if (page.rows.length === 0) {
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
