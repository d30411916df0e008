import type { BalanceReason } from '../balance-discrepancies/balance-rule.ts'
import { detectBalanceDiscrepancies } from '../balance-discrepancies/detect-balance-discrepancies.ts'
import { parseAccountEvent } from '../detector/account-event.ts'
import type { RuleSummary } from '../detector/detect-over-accounts.ts'
import type { Finding } from '../detector/finding.ts'
import type { LedgerRepository } from '../ledger/ledger-repository.ts'
import type { EventPage } from './event-source.ts'
import type { MonitorCommit, PartitionPosition, RejudgedSubject } from './monitor-store.ts'
import type { PageSize } from './page-size.ts'
import {
  type PartitionRun,
  type PartitionRunOptions,
  readPage,
  shortenWhenAborted,
} from './partition-run.ts'

/** What accounts are reconciled with. */
export interface ReconciliationOptions {
  readonly ledger: LedgerRepository
  readonly toleranceMinor?: bigint | undefined
  /** Whose ledger it is. Default: that of the monitor. */
  readonly tenant?: string | undefined
}

/** Grows when the same ledger is reconciled otherwise. */
export const RECONCILIATION_VERSION = 1

const RULE = 'balance.reconciliation'

/** What one partition is reconciled with. */
export interface ReconciliationRunOptions
  extends
    Pick<PartitionRunOptions, 'lease' | 'source' | 'store' | 'partitions' | 'guard' | 'coverage'>,
    ReconciliationOptions {
  /** All that tell of the accounts of this ledger. */
  readonly sourceIds: readonly string[]
}

type ReconciliationProgress = Pick<PartitionPosition, 'cursor'>

/**
 * Reconciles the accounts on which something has happened, a page of events at a time: each page's
 * accounts are read from one consistent snapshot, balances and log together, so that what is written
 * meanwhile raises no discrepancy.
 *
 * @param options what it is worked on with
 * @param pageSize how much of it is read at once; outlives the lease, which may end with a long page
 */
export function createReconciliationRun(
  options: ReconciliationRunOptions,
  pageSize: PageSize,
): PartitionRun {
  const { lease, store, coverage } = options
  let position: ReconciliationProgress | null = null

  async function advance(now: number, signal: AbortSignal): ReturnType<PartitionRun['advance']> {
    const at = position ?? (await store.open(lease))
    position = null
    const page = await readPage(at.cursor, pageSize.limit, { now, signal }, options)
    if (page.rows.length === 0 && page.isLast) {
      position = at
    } else {
      const accountIds = accountsOf(page.rows)
      const reconciled = await reconcile(accountIds, signal, options)
      const commit = commitOf(at, page, now, { accountIds, ...reconciled }, options)
      if ((await store.commit(commit)) === 'lost') return 'lost'
      coverage.committed(commit)
      coverage.reconciled(page.rows.length, RULE, reconciled.verdicts)
      position = { cursor: commit.cursor }
    }
    // How long the next page takes cannot be told from this one: it is tried.
    pageSize.done({ isLast: page.isLast, isLight: true })
    return page.isLast ? 'caught-up' : 'more'
  }

  return {
    wakeAt: Infinity,
    watermark: null,
    advance: (now, signal) => shortenWhenAborted(pageSize, signal, advance(now, signal)),
  }
}

/** What became of the accounts of a page. */
interface Reconciled {
  readonly findings: readonly Finding[]
  readonly verdicts: Omit<RuleSummary, 'findings'>
}

async function reconcile(
  accountIds: readonly string[],
  signal: AbortSignal,
  { ledger, toleranceMinor, tenant, guard }: ReconciliationRunOptions,
): Promise<Reconciled> {
  if (accountIds.length === 0) return { findings: [], verdicts: { evaluated: 0, notEvaluable: {} } }
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
    verdicts: withMissing(summary.rules[RULE], accountIds.length - summary.accounts),
  }
}

/** Of an account that the ledger does not know at all the audit says nothing. */
function withMissing(
  { evaluated, notEvaluable }: RuleSummary,
  missing: number,
): Reconciled['verdicts'] {
  if (missing <= 0) return { evaluated, notEvaluable }
  const known = notEvaluable[NO_BALANCE] ?? 0
  return { evaluated, notEvaluable: { ...notEvaluable, [NO_BALANCE]: known + missing } }
}

const NO_BALANCE: BalanceReason = 'account-balance-missing'

function commitOf(
  { cursor: cursorBefore }: ReconciliationProgress,
  { cursor }: EventPage,
  now: number,
  { accountIds, findings, verdicts }: Reconciled & { readonly accountIds: readonly string[] },
  { lease, source, sourceIds }: ReconciliationRunOptions,
): MonitorCommit {
  // Where one account could not be reconciled, none is taken to be put right: what cannot be told
  // ends nothing, and the others' next events will tell.
  const isWhole = verdicts.evaluated === accountIds.length
  return {
    lease,
    cursorBefore,
    cursor,
    watermark: now,
    readAt: now,
    now,
    states: [],
    findings,
    rejudged: isWhole ? accountIds.map((subject) => rejudgedOf(subject, findings, sourceIds)) : [],
    setAside: [],
    source: source.id,
  }
}

function rejudgedOf(
  subject: string,
  findings: readonly Finding[],
  // Whoever told of the event: it is the ledger that was judged.
  sources: readonly string[],
): RejudgedSubject {
  const ofSubject = findings.filter((finding) => finding.subject === subject)
  const fingerprints = ofSubject.map(({ fingerprint }) => fingerprint)
  return { subject, ruleIds: [RULE], fingerprints, sources }
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
