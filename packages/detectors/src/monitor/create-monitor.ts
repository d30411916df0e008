import { createScheduler, type Scheduler, type ScheduledJob } from '@assay/core'

import type { EventSource } from './event-source.ts'
import { createFindingTeller } from './finding-teller.ts'
import type { MonitorOptions } from './monitor-options.ts'
import { createMonitorPasses, type ScheduledPass } from './monitor-passes.ts'
import type { Monitor, MonitorStatus } from './monitor.ts'
import { type MonitorSettings, parseMonitorOptions } from './parse-monitor-options.ts'
import { createSourceWatch } from './source-watch.ts'

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
  /** Passes that are about to run because there is news. */
  const poked = new Set<ScheduledPass>()
  let scheduler: Scheduler | undefined
  let closed: Promise<void> | undefined

  async function runPass(pass: ScheduledPass, signal: AbortSignal): Promise<void> {
    const { isWaiting } = await pass.cycle(signal)
    await teller.tell()
    if (isWaiting && pass.isPrompt && settings.mode === 'continuous') pokeLater(pass)
  }

  async function watchSources(): Promise<void> {
    const positions = await store.listPositions().catch(() => null)
    const note = watch.look(positions, clock.now())
    try {
      await store.note(note)
    } catch (error) {
      // The database that cannot be read may be the store's too, and then this is how one hears of it.
      await teller.tellAtOnce(note.findings)
      throw error
    }
    await teller.tell()
  }

  /** Events that wait for their watermark are judged soon after it. */
  function pokeLater(pass: ScheduledPass): void {
    if (closing.signal.aborted) return
    clock.setTimer(() => poke(pass), Math.max(1, Math.ceil(settings.allowedLatenessMs / 4)))
  }

  /** Runs a pass as soon as its run under way has ended, if there is one. */
  function poke(pass: ScheduledPass): void {
    if (closing.signal.aborted || poked.has(pass) || scheduler === undefined) return
    poked.add(pass)
    void runPoked(pass, scheduler)
  }

  async function runPoked(pass: ScheduledPass, by: Scheduler): Promise<void> {
    const result = await by.runNow(pass.job)
    poked.delete(pass)
    const isBusy = result.outcome === 'skipped' && result.reason === 'overlap'
    if (isBusy) clock.setTimer(() => poke(pass), BUSY_RETRY_MS)
  }

  function jobs(): ScheduledJob[] {
    const ofPasses = passes.map((pass, index) => ({
      name: pass.job,
      intervalMs: pass.everyMs,
      // Staggered, so that passes of one cadence do not all begin at once.
      offsetMs: Math.floor((pass.everyMs * index) / passes.length),
      timeoutMs: settings.timeoutMs,
      run: ({ signal }: { readonly signal: AbortSignal }) => runPass(pass, signal),
    }))
    const watching = {
      name: 'source-watch',
      intervalMs: WATCH_EVERY_MS,
      timeoutMs: settings.timeoutMs,
      run: watchSources,
    }
    return [...ofPasses, watching, ...settings.jobs.map((job) => leasedJob(job, settings))]
  }

  async function watchForNews(): Promise<() => Promise<void>> {
    if (settings.mode !== 'continuous') return async () => {}
    const ends = await Promise.all(sources.map(async ({ source }) => watchOne(source)))
    return async () => {
      await Promise.all(ends.map(async (end) => end?.()))
    }
  }

  async function watchOne(source: EventSource): Promise<(() => Promise<void>) | undefined> {
    const onNews = (): void => {
      for (const pass of passes) if (pass.sourceId === source.id && pass.isPrompt) poke(pass)
    }
    try {
      return await source.watch?.(onNews)
    } catch (error) {
      settings.logger.warn(
        { err: error, source: source.id },
        'A source tells no news; it is polled.',
      )
      return undefined
    }
  }

  async function cycle(signal: AbortSignal): Promise<void> {
    const settled = await Promise.allSettled(passes.map((pass) => runPass(pass, signal)))
    await watchSources()
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
      scheduler = createScheduler({ ...settings, jobs: jobs() })
      const endWatch = await watchForNews()
      try {
        await scheduler.run({ signal: stop })
      } finally {
        await endWatch()
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
const BUSY_RETRY_MS = 25

/** A job that one monitor of the store does, and another one when that one is gone. */
function leasedJob(
  job: MonitorSettings['jobs'][number],
  { store, owner, clock, leaseMs, timeoutMs }: MonitorSettings,
): ScheduledJob {
  const { name, everyMs } = job
  return {
    name,
    intervalMs: everyMs,
    timeoutMs,
    async run({ signal }) {
      const now = clock.now()
      const held = await store.lease({
        pass: `job ${name}`,
        version: 1,
        partitions: 1,
        owner,
        now,
        // Held from one run to the next, so that two processes do not take turns.
        leaseMs: Math.max(leaseMs, 2 * everyMs),
      })
      if (held.length > 0) await job.run({ signal, now })
    },
  }
}
