import type { LedgerRepository } from '../ledger/ledger-repository.ts'
import type { MonitorJob } from '../monitor/monitor-options.ts'
import type { MonitorStore } from '../monitor/monitor-store.ts'
import {
  measureSystemHealth,
  type MeasureSystemHealthOptions,
} from '../system-health/measure-system-health.ts'
import type { SystemHealth } from '../system-health/system-health.ts'
import { HOUR_MS } from './durations.ts'
import { findHealthEpisode } from './find-health-episode.ts'
import type { EventFigures, MonitoringRepository } from './monitoring-repository.ts'
import type { SystemHealthSnapshot } from './system-health-snapshot.ts'

/** Options of {@link createSystemHealthJob}. */
export interface SystemHealthJobOptions extends Omit<
  MeasureSystemHealthOptions,
  'fromMs' | 'toMs' | 'openFinding' | 'signal'
> {
  readonly ledger: LedgerRepository
  readonly repository: Pick<
    MonitoringRepository,
    'saveHealth' | 'listHealth' | 'listEvents' | 'readEventFigures'
  >
  /** Where the finding `system.health` is noted. */
  readonly store: Pick<MonitorStore, 'note'>
  /** How often it is measured, in milliseconds. Default: as the monitor's schedule says, 5 minutes. */
  readonly everyMs?: MonitorJob['everyMs'] | undefined
}

/**
 * A job for a monitor that measures the last hour, keeps the figures as a snapshot, and notes a finding
 * while the system is degraded: one for each episode, whichever process measures.
 *
 * @param options where it reads and writes, how it judges, and how often
 *
 * @example
 * ```ts
 * import {
 *   createMemoryLedgerRepository,
 *   createMemoryMonitoringRepository,
 *   createMemoryMonitorStore,
 *   createSystemHealthJob,
 * } from '@assay/detectors'
 *
 * const store = createMemoryMonitorStore()
 * const repository = createMemoryMonitoringRepository(store)
 * const job = createSystemHealthJob({ ledger: createMemoryLedgerRepository(), repository, store })
 * await job.run({ signal: new AbortController().signal, now: 1_749_895_200_000 })
 * console.log((await repository.listHealth(1))[0]?.status) // unknown
 * ```
 */
export function createSystemHealthJob({
  ledger,
  repository,
  store,
  everyMs = 'systemHealth',
  ...options
}: SystemHealthJobOptions): MonitorJob {
  return {
    name: 'system-health',
    everyMs,
    async run({ signal, now }) {
      const window = { fromMs: now - HOUR_MS, toMs: now }
      const openFinding = await findHealthEpisode(repository)
      const health = await measureSystemHealth(
        { ledger },
        { ...options, ...window, openFinding, signal },
      )
      await repository.saveHealth({
        ...snapshotOf(health, now),
        ...(await repository.readEventFigures(now)),
      })
      // What cannot be told neither begins nor ends anything.
      if (health.status === 'unknown') return
      const { finding } = health
      const isOpen = finding !== null && finding.action !== 'resolve'
      // Whatever else is open of it has ended.
      const fingerprints = isOpen ? [finding.fingerprint] : []
      const rejudged = [{ subject: SUBJECT, ruleIds: ['system.health'], fingerprints }]
      await store.note({ findings: finding === null ? [] : [finding], rejudged, now })
    },
  }
}

/** What findings about the health of the whole are about. */
const SUBJECT = 'system'

function snapshotOf(
  health: SystemHealth,
  takenAt: number,
): Omit<SystemHealthSnapshot, keyof EventFigures> {
  const { transactions, successRate, processing, accounts, status } = health
  return {
    takenAt,
    status,
    totalTransactionsLastHour: transactions.total,
    successfulTransactionsLastHour: transactions.completed,
    failedTransactionsLastHour: transactions.failed,
    successRateBps: successRate === null ? null : Math.floor(successRate * 10_000),
    processingP50Ms: processing?.p50Ms ?? null,
    processingP95Ms: processing?.p95Ms ?? null,
    processingP99Ms: processing?.p99Ms ?? null,
    totalBalanceMinor: Object.fromEntries(
      accounts.held.map(({ currency, amountMinor }) => [currency, amountMinor]),
    ),
    negativeBalances: accounts.negative,
  }
}
