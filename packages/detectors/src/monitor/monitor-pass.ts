import { type Clock, isAssayError } from '@assay/core'

import type { MonitorCoverage } from './monitor-metrics.ts'
import type { MonitorStore, PartitionLease } from './monitor-store.ts'
import type { PartitionRun } from './partition-run.ts'
import { settlesWithin, untilAborted } from './until-aborted.ts'

/** What a pass is worked on with. */
export interface MonitorPassOptions {
  /** The store's name of the pass. */
  readonly pass: string
  readonly version: number
  readonly partitions: number
  readonly store: MonitorStore
  readonly owner: string
  readonly leaseMs: number
  readonly clock: Clock
  readonly now: () => number
  readonly coverage: MonitorCoverage
  readonly createRun: (lease: PartitionLease) => PartitionRun
}

/** One detector over one source, as far as its partitions are in this process. */
export interface MonitorPass {
  readonly name: string
  /**
   * Reads and judges all that is there now, page by page, in every partition that this process holds.
   * It waits for a cycle that is under way.
   *
   * @returns from when on there is more to do though no event comes, in epoch milliseconds; infinite for
   *   never
   * @throws what the source or the store threw, and the signal's reason within a second of its abort
   */
  cycle(signal: AbortSignal): Promise<{ readonly wakeAt: number }>
}

/** Makes a pass. It takes no lease before its first cycle. */
export function createMonitorPass(options: MonitorPassOptions): MonitorPass {
  const { pass, version, owner, leaseMs, clock, now, store, partitions, coverage } = options
  /** By lease, so that a partition that went to another monitor and came back begins anew. */
  let runs = new Map<string, PartitionRun>()
  /** Settles when no cycle is under way. */
  let idle: Promise<void> = Promise.resolve()

  async function lease(): Promise<readonly PartitionRun[]> {
    const request = { pass, version, partitions, owner, now: now(), leaseMs }
    const held = await store.lease(request)
    runs = new Map(
      held.map((of) => {
        const name = nameOf(of)
        return [name, runs.get(name) ?? options.createRun(of)]
      }),
    )
    return [...runs.values()]
  }

  async function work(run: PartitionRun, until: number, signal: AbortSignal): Promise<boolean> {
    for (;;) {
      signal.throwIfAborted()
      const outcome = await run.advance(now(), signal)
      if (outcome === 'lost') return false
      // A long backlog is read in portions, so that the lease is renewed in time.
      if (outcome === 'caught-up') return false
      if (now() >= until) return true
    }
  }

  async function workAll(signal: AbortSignal): Promise<{ readonly wakeAt: number }> {
    const startedAt = now()
    let hasMore = true
    while (hasMore) {
      const held = await lease()
      const until = now() + leaseMs / 2
      const worked = await settleAll(held.map((run) => work(run, until, signal)))
      hasMore = worked.includes(true)
    }
    coverage.cycle((now() - startedAt) / 1_000)
    const watermarks = [...runs.values()].flatMap(({ watermark }) => watermark ?? [])
    if (watermarks.length > 0) coverage.lag((now() - Math.min(...watermarks)) / 1_000)
    return { wakeAt: Math.min(...[...runs.values()].map((run) => run.wakeAt)) }
  }

  async function cycle(signal: AbortSignal): Promise<{ readonly wakeAt: number }> {
    await untilAborted(signal, idle)
    const working = workAll(signal)
    try {
      return await untilAborted(signal, working)
    } catch (error) {
      // What hangs is left behind: it can commit nothing any more once its cursor has moved on.
      if (signal.aborted && !(await settlesWithin(ENDING_MS, working, clock))) runs = new Map()
      throw error
    }
  }

  return {
    name: pass,
    cycle(signal) {
      const mine = cycle(signal)
      // Settled with nothing: with what it waited for, each cycle would keep all that came before it.
      idle = Promise.allSettled([idle, mine]).then(() => undefined)
      return mine
    },
  }
}

/** So long what was aborted may take to end, such as a query that cannot be cancelled. */
const ENDING_MS = 1_000

function nameOf({ partition, token }: PartitionLease): string {
  return `${partition} ${token}`
}

/** Waits for all, so that nothing goes on behind the back of a cycle that failed. */
async function settleAll<Result>(work: readonly Promise<Result>[]): Promise<readonly Result[]> {
  const settled = await Promise.allSettled(work)
  const errors = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
  // What failed says more than that the circuit, which it may have opened, turned the others away.
  const isTold = (error: unknown): boolean => !isAssayError(error, 'CIRCUIT_OPEN')
  if (errors.length > 0) throw errors.find(isTold) ?? errors[0]
  return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
}
