import { detectBalanceDiscrepancies } from '../../balance-discrepancies/detect-balance-discrepancies.ts'
import type { AccountBalance } from '../../ledger/ledger-entry.ts'
import { createMemoryLedgerRepository } from '../../ledger/memory-ledger-repository.ts'
import { createMemoryMonitorStore } from '../../monitor/memory-monitor-store.ts'
import type { DetectorGroup } from '../../monitor/monitor-detectors.ts'
import type { MonitorCoverage } from '../../monitor/monitor-metrics.ts'
import type { MonitorStore, PartitionLease } from '../../monitor/monitor-store.ts'
import { createPageSize } from '../../monitor/page-size.ts'
import { createPartitionRun, type PartitionRun } from '../../monitor/partition-run.ts'
import type { SimulatedDay } from '../festival/festival-simulation.ts'
import type { SimulatedTransaction } from '../festival/visit.ts'
import { createDayEventSource, type DayEventSource } from './day-event-source.ts'
import { createRaisedFindings, type RaisedFindings } from './raised-findings.ts'

/** How a day is watched. */
export interface MonitorDayOptions {
  /** Who judges: the passes of a monitor. */
  readonly groups: readonly DetectorGroup[]
  /** How often rows are read, in milliseconds. */
  readonly pollEveryMs: number
  readonly allowedLatenessMs: number
  /** After how many polls the process dies and another one takes over. */
  readonly restartEveryPolls: number
  /** Whether the day's ledger is audited in the end. */
  readonly isReconciled: boolean
}

/** What came of a day. */
export interface MonitoredDay {
  readonly raised: RaisedFindings
  /** How often each rule gave a verdict, without those that were given anew. */
  readonly evaluated: Readonly<Record<string, number>>
  readonly transactions: number
  readonly scans: number
  /** Rows that came a second time. */
  readonly redelivered: number
  /** Rows that came later than allowed; each pass has its own. */
  readonly late: number
  readonly accounts: number
}

/**
 * Watches a day as a monitor does, page by page with the same watermark, states, and judgement of what
 * comes late; and audits the ledger when the day is over, for the reconciliation.
 */
export async function monitorDay(
  day: SimulatedDay,
  options: MonitorDayOptions,
): Promise<MonitoredDay> {
  const source = createDayEventSource()
  const raised = createRaisedFindings()
  const counts = { scans: 0, redelivered: 0, late: 0 }
  const evaluated: Record<string, number> = {}
  /** The ledger as a table holds it: one row a transaction, with its last status. */
  const ledger = new Map<string, SimulatedTransaction>()
  const seen = new Set<string>()
  const passes = await createPasses(source, raised, { evaluated, counts }, options)
  let polledAt = day.opensAt

  for (const { deliveredAt, row } of day.deliveries()) {
    while (deliveredAt > polledAt) {
      await passes.poll(polledAt)
      polledAt += options.pollEveryMs
    }
    source.add(row)
    const name = row.kind === 'scan' ? row.scanId : `${row.transactionId} ${row.status}`
    if (seen.has(name)) counts.redelivered += 1
    else if (row.kind === 'scan') counts.scans += 1
    // What was decided stays so, though the request may arrive after its decision.
    if (
      row.kind === 'transaction' &&
      (row.status !== 'pending' || !ledger.has(row.transactionId))
    ) {
      ledger.set(row.transactionId, row)
    }
    seen.add(name)
  }
  // Long after the last row, so that nothing waits any more.
  for (const afterMs of [0, MINUTE_MS, HOUR_MS]) await passes.poll(polledAt + afterMs)

  const balances = day.balances()
  if (options.isReconciled) await audit(balances, ledger.values(), raised, evaluated)
  return { raised, evaluated, transactions: ledger.size, accounts: balances.length, ...counts }
}

/** The rule that the audit judges. */
export const RECONCILIATION_RULE_ID = 'balance.reconciliation'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const PAGE_ROWS = 1_000
const OWNER = 'accuracy'

interface Passes {
  /** Reads and judges all that has arrived. */
  poll(now: number): Promise<void>
}

interface Totals {
  readonly evaluated: Record<string, number>
  readonly counts: { late: number }
}

async function createPasses(
  source: DayEventSource,
  raised: RaisedFindings,
  totals: Totals,
  { groups, allowedLatenessMs, restartEveryPolls }: MonitorDayOptions,
): Promise<Passes> {
  const memory = createMemoryMonitorStore()
  const store: MonitorStore = {
    ...memory,
    commit(commit) {
      raised.commit(commit)
      return memory.commit(commit)
    },
  }
  const coverage = createCoverage(totals)
  const create = ({ detector }: DetectorGroup, lease: PartitionLease): PartitionRun =>
    createPartitionRun(
      {
        lease,
        detector,
        source,
        store,
        coverage,
        allowedLatenessMs,
        partitions: 1,
        futureToleranceMs: MINUTE_MS,
        rejudgedMax: 10_000,
        tenant: null,
        cachedKeysMax: 100_000,
        guard: (read) => read(),
      },
      createPageSize(PAGE_ROWS),
    )
  const leased: { group: DetectorGroup; lease: PartitionLease }[] = []
  for (const group of groups) {
    const { id: pass, version } = group.detector
    const [lease] = await store.lease({
      pass,
      version,
      partitions: 1,
      owner: OWNER,
      now: 0,
      leaseMs: Number.MAX_SAFE_INTEGER,
    })
    leased.push({ group, lease: lease! })
  }
  const begin = (): PartitionRun[] => leased.map(({ group, lease }) => create(group, lease))
  let runs = begin()
  let polls = 0
  const { signal } = new AbortController()

  return {
    async poll(now) {
      polls += 1
      if (polls % restartEveryPolls === 0) runs = begin()
      for (const run of runs) while ((await run.advance(now, signal)) === 'more');
    },
  }
}

function createCoverage({ evaluated, counts }: Totals): MonitorCoverage {
  return {
    judged(_rows, step) {
      counts.late += step.late.length
      for (const [ruleId, count] of Object.entries(step.evaluated)) {
        evaluated[ruleId] = (evaluated[ruleId] ?? 0) + count
      }
    },
    reconciled() {},
    committed() {},
    notRejudged() {},
    lag() {},
    cycle() {},
  }
}

async function audit(
  balances: readonly AccountBalance[],
  transactions: Iterable<SimulatedTransaction>,
  raised: RaisedFindings,
  evaluated: Record<string, number>,
): Promise<void> {
  const ruleId = RECONCILIATION_RULE_ID
  const ledger = createMemoryLedgerRepository({ transactions, balances })
  const { summary } = await detectBalanceDiscrepancies(
    { ledger },
    {
      findingsMax: 0,
      onFinding(finding) {
        // The rules on rows were judged as they came.
        if (finding.ruleId === ruleId) raised.commit({ rejudged: [], findings: [finding] })
      },
    },
  )
  evaluated[ruleId] = (evaluated[ruleId] ?? 0) + summary.rules[ruleId].evaluated
}
