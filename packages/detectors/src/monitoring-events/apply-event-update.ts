import type { MonitoringEvent } from './monitoring-event.ts'
import type { MonitoringEventUpdate } from './monitoring-repository.ts'

/**
 * The event once a person has spoken: the same in every repository. Whoever takes it on last has it;
 * notes of one
 * step stay until others of that step come.
 *
 * @returns `conflict` when it has ended
 */
export function applyEventUpdate(
  event: MonitoringEvent,
  { status, by, notes, now }: MonitoringEventUpdate,
): MonitoringEvent | 'conflict' {
  if (event.status === 'resolved') return 'conflict'
  return {
    ...event,
    status,
    updatedAt: now,
    ...(status === 'acknowledged'
      ? {
          acknowledgedBy: by,
          acknowledgedAt: now,
          acknowledgementNotes: notes ?? event.acknowledgementNotes,
        }
      : { resolvedBy: by, resolvedAt: now, resolutionNotes: notes ?? event.resolutionNotes }),
  }
}
