import type { ScheduledJob } from '@assay/core'

import { leasedJob } from './leased-job.ts'
import type { ScheduledPass } from './monitor-passes.ts'
import type { MonitorSettings } from './parse-monitor-options.ts'
import type { PromptedPasses } from './prompt-passes.ts'
import { SOURCE_WATCH_JOB } from './source-watch.ts'

const WATCH_EVERY_MS = 60_000

/** What a monitor does while it runs. */
export interface MonitorJobsOptions {
  readonly settings: MonitorSettings
  readonly passes: readonly ScheduledPass[]
  readonly prompted: Pick<PromptedPasses, 'run'>
  readonly watchSources: (signal: AbortSignal) => Promise<void>
}

/** The jobs of a monitor: its passes, the watch over its sources, and what the host has it do. */
export function createMonitorJobs({
  settings,
  passes,
  prompted,
  watchSources,
}: MonitorJobsOptions): ScheduledJob[] {
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
    name: SOURCE_WATCH_JOB,
    intervalMs: WATCH_EVERY_MS,
    timeoutMs,
    run: ({ signal }) => watchSources(signal),
  }
  return [...ofPasses, watching, ...settings.jobs.map((job) => leasedJob(job, settings))]
}
