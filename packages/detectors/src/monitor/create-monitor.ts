import { createScheduler, type Scheduler } from '@assay/core'

import { createFindingTeller } from './finding-teller.ts'
import { monitorClosedError } from './monitor-closed-error.ts'
import { createMonitorJobs } from './monitor-jobs.ts'
import type { MonitorOptions } from './monitor-options.ts'
import { createMonitorPasses, type ScheduledPass } from './monitor-passes.ts'
import type { Monitor, MonitorStatus } from './monitor.ts'
import { type MonitorSettings, parseMonitorOptions } from './parse-monitor-options.ts'
import { promptPasses } from './prompt-passes.ts'
import { isSoleRight } from './sole-right.ts'
import { createSourceRound } from './source-round.ts'
import { createSourceWatch, type SourceWatch } from './source-watch.ts'
import { untilAborted } from './until-aborted.ts'
import { createUrgentTeller } from './urgent-teller.ts'

/**
 * Makes a monitor: it reads sources page by page, judges every event once with each detector, and
 * commits cursor, states and findings of a page together. Input may come twice; a finding never does.
 * Several monitors over one store share the accounts, and take over from one that dies.
 *
 * @param options what is watched, with what, and who hears of it
 * @throws `INVALID_OPTION` for an option that is out of range
 *
 * @example
 * ```ts
 * import {
 *   createMemoryEventSource,
 *   createMemoryMonitorStore,
 *   createMonitor,
 * } from '@assay/detectors'
 * import { createTestClock } from '@assay/core/testing'
 *
 * const clock = createTestClock({ now: 1_749_895_300_000 })
 * const source = createMemoryEventSource()
 * source.add([
 *   {
 *     kind: 'transaction',
 *     transactionId: 'tx-1',
 *     accountId: 'card-7',
 *     status: 'failed',
 *     amountMinor: -450n,
 *     balanceBeforeMinor: 2_000n,
 *     balanceAfterMinor: 1_550n,
 *     currency: 'EUR',
 *     eventTime: 1_749_895_200_000,
 *   },
 * ])
 * const store = createMemoryMonitorStore()
 * const monitor = createMonitor({ sources: [source], store, clock })
 * await monitor.cycle()
 * console.log(store.findings().map(({ finding }) => finding.ruleId))
 * // [ 'transactions.charged-on-failure' ]
 * ```
 */
export function createMonitor(options: MonitorOptions): Monitor {
  const settings = parseMonitorOptions(options)
  const { store, owner } = settings
  const passes = createMonitorPasses(settings)
  const teller = createFindingTeller(settings)
  const urgent = createUrgentTeller(settings)
  const watch = watchSourcesOf(passes, settings)
  const watchSources = createSourceRound({ ...settings, watch, teller, urgent })
  const closing = new AbortController()
  /** Those that were asked for and have not ended. */
  const cycles = new Set<Promise<void>>()
  let scheduler: Scheduler | undefined
  let closed: Promise<void> | undefined

  async function runPass(
    pass: ScheduledPass,
    signal: AbortSignal,
  ): Promise<{ readonly wakeAt: number }> {
    const ran = await pass.cycle(signal)
    await untilAborted(signal, teller.tell())
    return ran
  }

  async function runAll(signal: AbortSignal): Promise<void> {
    const settled = await Promise.allSettled(passes.map((pass) => runPass(pass, signal)))
    await watchSources(signal)
    const failed = settled.find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
  }

  function untilClosed(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal])
  }

  async function close(): Promise<void> {
    closing.abort(monitorClosedError())
    await Promise.allSettled(cycles)
    await scheduler?.close()
    await store.release(owner)
  }

  const monitor: Monitor = {
    async run({ signal } = {}) {
      const beginRun = ({ job }: ScheduledPass): void => void scheduler?.runNow(job)
      const prompted = promptPasses({ passes, settings, work: runPass, beginRun })
      const jobs = createMonitorJobs({ settings, passes, prompted, watchSources })
      scheduler = createScheduler({ ...settings, jobs })
      const end = prompted.begin()
      try {
        await scheduler.run({ signal: untilClosed(signal) })
      } finally {
        await end()
      }
    },
    async cycle({ signal } = {}) {
      closing.signal.throwIfAborted()
      const running = runAll(untilClosed(signal))
      cycles.add(running)
      await running.finally(() => cycles.delete(running))
    },
    status: () => readStatus(settings),
    async close() {
      closed ??= close()
      await closed
    },
    [Symbol.asyncDispose]: () => monitor.close(),
  }
  return monitor
}

async function readStatus({ store, owner, sources }: MonitorSettings): Promise<MonitorStatus> {
  const positions = await store.listPositions()
  return {
    owner,
    sources: sources.map(({ source, breaker }) => ({ id: source.id, circuit: breaker.state })),
    partitions: positions.filter(({ pass }) => !isSoleRight(pass)),
  }
}

function watchSourcesOf(passes: readonly ScheduledPass[], settings: MonitorSettings): SourceWatch {
  return createSourceWatch({
    ...settings,
    sources: settings.sources.map(({ source, breaker }) => ({
      id: source.id,
      breaker,
      passes: passes.filter(({ sourceId }) => sourceId === source.id).map(({ name }) => name),
    })),
  })
}
