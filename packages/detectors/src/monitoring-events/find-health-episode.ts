import type { MonitoringEvent } from './monitoring-event.ts'
import type { MonitoringRepository } from './monitoring-repository.ts'

/** How many snapshots tell whether it is still the same episode: those of a day, one every 5 minutes. */
const SNAPSHOTS_MAX = 288

/**
 * Finds the event of the episode in which the system is degraded, whichever process began it. One that
 * a person has ended goes on until a measurement finds the system healthy: nobody wants to hear of it
 * again before that.
 *
 * @param repository what was noted of earlier measurements
 * @returns `null` when the system was not degraded at the last measurement that could tell
 */
export async function findHealthEpisode(
  repository: Pick<MonitoringRepository, 'listEvents' | 'listHealth'>,
): Promise<MonitoringEvent | null> {
  const newest = async (status: MonitoringEvent['status']): Promise<MonitoringEvent | null> => {
    const { events } = await repository.listEvents({ type: 'system.health', status, limit: 1 })
    return events[0] ?? null
  }
  const goesOn = (await newest('open')) ?? (await newest('acknowledged'))
  if (goesOn !== null) return goesOn
  const ended = await newest('resolved')
  if (ended === null || ended.resolvedBy === null) return null
  const snapshots = await repository.listHealth(SNAPSHOTS_MAX)
  const last = snapshots.find(({ status }) => status !== 'unknown')
  return last?.status === 'degraded' ? ended : null
}
