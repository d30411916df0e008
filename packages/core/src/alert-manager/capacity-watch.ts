import type { Alert } from '../alerts/alert.ts'

/** The name of the alert by which a manager says that it had no room for others. */
export const ALERT_MANAGER_AT_CAPACITY = 'AlertManagerAtCapacity'

/** The alert ends when nothing was dropped for so long. */
export const CAPACITY_ALERT_MS = 900_000

/** One for each limit that refuses alerts; they are kept beyond the limits. */
export const CAPACITY_ALERTS_MAX = 3

/** Remembers what was dropped until it has been announced. */
export interface CapacityWatch {
  dropped(limit: string, count: number): void
  /** The alerts that say what was dropped since they were asked for last. */
  takeAlerts(now: number): Alert[]
}

/** Makes the watch of one manager. */
export function createCapacityWatch(): CapacityWatch {
  const droppedBy = new Map<string, { total: number; since: number | null; isNew: boolean }>()
  return {
    dropped(limit, count) {
      const known = droppedBy.get(limit) ?? { total: 0, since: null, isNew: true }
      droppedBy.set(limit, { ...known, total: known.total + count, isNew: true })
    },
    takeAlerts(now) {
      return [...droppedBy].flatMap(([limit, dropped]) => {
        if (!dropped.isNew) return []
        dropped.isNew = false
        dropped.since ??= now
        return [capacityAlert(limit, dropped.total, dropped.since)]
      })
    },
  }
}

function capacityAlert(limit: string, total: number, startsAt: number): Alert {
  return {
    name: ALERT_MANAGER_AT_CAPACITY,
    severity: 'critical',
    labels: { limit },
    summary: `The alert manager reached its limit of ${limit}: ${total} alerts had no room.`,
    description: `People were not told of these alerts. Resolve what is over, or raise \`limits.${limit}\`.`,
    value: total,
    startsAt,
    source: '@assay/core',
  }
}
