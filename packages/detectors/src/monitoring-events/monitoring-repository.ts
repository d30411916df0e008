import type { Severity } from '@assay/core'

import type { MonitoringEvent, MonitoringEventStatus } from './monitoring-event.ts'
import type { SystemHealthSnapshot } from './system-health-snapshot.ts'

/** What people and their tools read of a monitor's findings, and write about them. */
export interface MonitoringRepository {
  /** The events that fit, newest first. */
  listEvents(filter: MonitoringEventFilter): Promise<MonitoringEventPage>
  /** `null` when there is none of this id. */
  getEvent(eventId: string): Promise<MonitoringEvent | null>
  /**
   * Takes an event on, or ends it.
   *
   * @returns the event as it is now; `unknown` when there is none; `conflict` when it has ended
   */
  updateEvent(update: MonitoringEventUpdate): Promise<MonitoringEvent | 'unknown' | 'conflict'>
  /** How many events there were, by hour. */
  readCounts(range: {
    readonly since: number
    readonly until: number
  }): Promise<readonly EventCount[]>
  /**
   * Events as a health snapshot has them, both figures of one moment: every critical event of the last
   * hour that is open is in both.
   *
   * @param now events that were detected at this moment or later are left out
   */
  readEventFigures(now: number): Promise<EventFigures>
  /** A summary that is refreshed now and then, and when. */
  readDashboard(): Promise<MonitoringDashboard>
  /** The newest snapshots of the system's health, newest first. */
  listHealth(limit: number): Promise<readonly SystemHealthSnapshot[]>
  saveHealth(snapshot: SystemHealthSnapshot): Promise<void>
}

/** Which events are wanted; what is left out does not matter. */
export interface MonitoringEventFilter {
  readonly status?: MonitoringEventStatus | undefined
  readonly severity?: Severity | undefined
  readonly type?: string | undefined
  readonly cardId?: string | undefined
  /** Detected at this moment or later, in epoch milliseconds. */
  readonly since?: number | undefined
  /** Detected before this moment. */
  readonly until?: number | undefined
  /** The `next` of the page before. */
  readonly after?: string | undefined
  /** At least 1. */
  readonly limit: number
}

/** Some events, and where the next ones begin. */
export interface MonitoringEventPage {
  readonly events: readonly MonitoringEvent[]
  /** `null` on the last page. */
  readonly next: string | null
}

/** What a person says of an event. */
export interface MonitoringEventUpdate {
  readonly eventId: string
  readonly status: 'acknowledged' | 'resolved'
  readonly by: string
  readonly notes: string | null
  readonly now: number
}

/** Events of one type and severity that were detected in one hour. */
export interface EventCount {
  /** The hour's beginning in UTC, in epoch milliseconds. */
  readonly hour: number
  readonly type: string
  readonly severity: Severity
  readonly count: number
}

/** What a health snapshot says of events. */
export interface EventFigures {
  /** Those that nobody has taken on yet, of whatever age. */
  readonly openEvents: number
  /** Those that were detected in the hour before, whatever became of them. */
  readonly criticalEventsLastHour: number
}

/** The state of things at a glance. */
export interface MonitoringDashboard {
  readonly refreshedAt: number
  readonly open: Readonly<Record<Severity, number>>
  readonly acknowledged: number
  readonly resolvedLastDay: number
  readonly detectedLastDay: number
  /** The types with most open events, the most first. */
  readonly openByType: readonly { readonly type: string; readonly count: number }[]
}
