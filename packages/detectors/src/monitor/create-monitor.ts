import { createScheduler, type Scheduler, type ScheduledJob } from '@assay/core'

import { createFindingTeller } from './finding-teller.ts'
import { leasedJob } from './leased-job.ts'
import type { MonitorOptions } from './monitor-options.ts'
import { createMonitorPasses, type ScheduledPass } from './monitor-passes.ts'
import type { Monitor, MonitorStatus } from './monitor.ts'
import { parseMonitorOptions } from './parse-monitor-options.ts'
import { type PromptedPasses, promptPasses } from './prompt-passes.ts'
import { createSourceWatch } from './source-watch.ts'
import { untilAborted } from './until-aborted.ts'

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
  const { store, sources, owner, clock } = settings
  const passes = createMonitorPasses(settings)
  const teller = createFindingTeller(settings)
  const watch = createSourceWatch({
    ...settings,
    sources: sources.map(({ source, breaker }) => ({
      id: source.id,
      breaker,
      passes: passes.filter(({ sourceId }) => sourceId === source.id).map(({ name }) => name),
    })),
  })
  const closing = new AbortController()
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

  async function watchSources(signal: AbortSignal): Promise<void> {
    const note = await untilAborted(signal, watch.look(clock.now()))
    try {
      await untilAborted(signal, store.note(note))
    } catch (error) {
      // The database that cannot be read may be the store's too, and then this is how one hears of it.
      await teller.tellAtOnce(note.findings)
      throw error
    }
    await untilAborted(signal, teller.tell())
  }

  function jobs(prompted: PromptedPasses): ScheduledJob[] {
    const { timeoutMs } = settings
    const ofPasses = passes.map((pass, index): ScheduledJob => ({
      name: pass.job,
      intervalMs: pass.everyMs,
      // Staggered, so that passes of one cadence do not all begin at once.
      offsetMs: Math.floor((pass.everyMs * index) / passes.length),
      timeoutMs,
      run: ({ signal }) => prompted.run(pass, signal),
    }))
    const watching: ScheduledJob = {
      name: 'source-watch',
      intervalMs: WATCH_EVERY_MS,
      timeoutMs,
      run: ({ signal }) => watchSources(signal),
    }
    return [...ofPasses, watching, ...settings.jobs.map((job) => leasedJob(job, settings))]
  }

  async function cycle(signal: AbortSignal): Promise<void> {
    const settled = await Promise.allSettled(passes.map((pass) => runPass(pass, signal)))
    await watchSources(signal)
    const failed = settled.find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
  }

  async function status(): Promise<MonitorStatus> {
    const partitions = await store.listPositions()
    return {
      owner,
      sources: sources.map(({ source, breaker }) => ({ id: source.id, circuit: breaker.state })),
      partitions,
    }
  }

  async function close(): Promise<void> {
    closing.abort()
    await scheduler?.close()
    await store.release(owner)
  }

  const monitor: Monitor = {
    async run({ signal } = {}) {
      const stop = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal])
      const beginRun = ({ job }: ScheduledPass): void => void scheduler?.runNow(job)
      const prompted = promptPasses({ passes, settings, work: runPass, beginRun })
      scheduler = createScheduler({ ...settings, jobs: jobs(prompted) })
      const end = prompted.begin()
      try {
        await scheduler.run({ signal: stop })
      } finally {
        await end()
      }
    },
    cycle: ({ signal = closing.signal } = {}) => cycle(signal),
    status,
    async close() {
      closed ??= close()
      await closed
    },
    [Symbol.asyncDispose]: () => monitor.close(),
  }
  return monitor
}

const WATCH_EVERY_MS = 60_000
