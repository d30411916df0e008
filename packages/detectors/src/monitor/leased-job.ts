import type { ScheduledJob } from '@assay/core'

import type { MonitorSettings } from './parse-monitor-options.ts'
import { takeSoleRight } from './sole-right.ts'

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
      const token = await takeSoleRight(store, {
        right: `job ${name}`,
        owner,
        now,
        // Held from one run to the next, so that two processes do not take turns; and for as long as a
        // run may take, with some time to end once it is aborted, so that it need not be renewed.
        leaseMs: Math.max(2 * everyMs, timeoutMs + leaseMs),
      })
      // Where the store took longer than a run may, another monitor may have it by now.
      signal.throwIfAborted()
      if (token !== null) await job.run({ signal, now })
    },
  }
}
