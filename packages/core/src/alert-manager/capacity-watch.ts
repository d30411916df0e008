import type { Alert } from '../alerts/alert.ts'

/** The name of the alert by which a manager says that it had no room for others. */
export const ALERT_MANAGER_AT_CAPACITY = 'AlertManagerAtCapacity'

/** The alert ends when nothing was dropped for so long. */
export const CAPACITY_ALERT_MS = 900_000

/** One for each limit that refuses alerts; they are kept beyond the limits. */
export const CAPACITY_ALERTS_MAX = 3

/** Remembers what was dropped until it has been announced. */
export interface CapacityWatch {
  /** Notes that so many alerts had no room, at a moment in epoch milliseconds. */
  dropped(limit: string, count: number, at: number): void
  /**
   * Hands on the alerts that say what was dropped since the last announcement, if anything was. What
   * `put` rejects is announced the next time.
   */
  announce(put: (alerts: readonly Alert[]) => Promise<void>): Promise<void>
}

/** From the first drop at a limit to the end of the alert that says so. */
interface Episode {
  readonly since: number
  readonly total: number
  readonly lastAt: number
  /** How much of `total` has been announced. */
  readonly announced: number
}

/** Makes the watch of one manager. */
export function createCapacityWatch(): CapacityWatch {
  const episodes = new Map<string, Episode>()
  return {
    dropped(limit, count, at) {
      const current = episodes.get(limit)
      const { since, total, announced } = hasEnded(current, at)
        ? { since: at, total: 0, announced: 0 }
        : current
      episodes.set(limit, { since, total: total + count, lastAt: at, announced })
    },
    async announce(put) {
      const news = [...episodes].filter(([, { total, announced }]) => total > announced)
      if (news.length === 0) return
      await put(news.map(([limit, episode]) => capacityAlert(limit, episode)))
      for (const [limit, { since, total }] of news) {
        const current = episodes.get(limit)
        // More may have been dropped meanwhile, and is announced the next time.
        if (current?.since === since) episodes.set(limit, { ...current, announced: total })
      }
    },
  }
}

/** What nobody has been told of yet goes on, however long ago it was. */
function hasEnded(episode: Episode | undefined, at: number): episode is undefined {
  if (episode === undefined) return true
  return episode.total === episode.announced && at - episode.lastAt >= CAPACITY_ALERT_MS
}

function capacityAlert(limit: string, { total, since }: Episode): Alert {
  const alerts = total === 1 ? '1 alert' : `${total} alerts`
  return {
    name: ALERT_MANAGER_AT_CAPACITY,
    severity: 'critical',
    labels: { limit },
    summary: `The alert manager reached its limit of ${limit}: ${alerts} had no room.`,
    description: `People were not told of these alerts. Resolve what is over, or raise \`limits.${limit}\`.`,
    value: total,
    startsAt: since,
    source: '@assay/core',
  }
}
