import type { Alert } from '../alerts/alert.ts'
import type { AlertManagerStore } from './alert-manager-store.ts'
import type { UpkeepStep } from './alert-upkeep.ts'
import type { CapacityWatch } from './capacity-watch.ts'

const PRUNE_EVERY_MS = 3_600_000
const PRUNE_MAX = 10_000

/** Ends alerts that should have been fired again by now. */
export function expireAlerts(store: AlertManagerStore): UpkeepStep {
  return {
    name: 'expire',
    everyMs: 0,
    async run({ now }) {
      await store.expireAlerts(now)
    },
  }
}

/** Says, by alerts, what had no room. */
export function announceCapacity(
  capacity: CapacityWatch,
  put: (alerts: readonly Alert[]) => Promise<void>,
): UpkeepStep {
  return { name: 'capacity', everyMs: 0, run: async () => capacity.announce(put) }
}

/** Forgets what nobody needs any more, a bounded part at a time. */
export function pruneStore(store: AlertManagerStore, historyMs: number): UpkeepStep {
  return {
    name: 'prune',
    everyMs: PRUNE_EVERY_MS,
    async run({ now }) {
      const count = await store.prune({ historyBefore: now - historyMs, now, limit: PRUNE_MAX })
      return count < PRUNE_MAX ? undefined : 'unfinished'
    },
  }
}
