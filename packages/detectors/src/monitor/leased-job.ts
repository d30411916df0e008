import type { ScheduledJob } from '@assay/core'

import type { MonitorSettings } from './parse-monitor-options.ts'

/** A job that one monitor of the store does, and another one when that one is gone. */
export function leasedJob(
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
