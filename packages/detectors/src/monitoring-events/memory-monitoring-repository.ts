import { assertWholeNumber, type Clock, InvalidOptionError, systemClock } from '@assay/core'

import {
  createMemoryMonitorStore,
  type MemoryMonitorStore,
} from '../monitor/memory-monitor-store.ts'
import { DAY_MS, HOUR_MS } from './durations.ts'
import type { MonitoringEvent } from './monitoring-event.ts'
import type {
  EventCount,
  EventFigures,
  MonitoringDashboard,
  MonitoringEventFilter,
  MonitoringEventPage,
  MonitoringRepository,
} from './monitoring-repository.ts'
import type { SystemHealthSnapshot } from './system-health-snapshot.ts'

/** Options of {@link createMemoryMonitoringRepository}. */
export interface MemoryMonitoringRepositoryOptions {
  /** Tells what the last day is. Default {@link systemClock}. */
  readonly clock?: Clock | undefined
}

/**
 * What people read of a monitor in this process. The dashboard is always of this moment.
 *
 * @param store the monitor's store
 * @param options.clock tells what the last day is
 *
 * @example
 * ```ts
 * import { createMemoryMonitoringRepository, createMemoryMonitorStore } from '@assay/detectors'
 *
 * const repository = createMemoryMonitoringRepository(createMemoryMonitorStore())
 * console.log(await repository.listEvents({ status: 'open', limit: 50 })) // { events: [], next: null }
 * ```
 */
export function createMemoryMonitoringRepository(
  store: MemoryMonitorStore = createMemoryMonitorStore(),
  { clock = systemClock }: MemoryMonitoringRepositoryOptions = {},
): MonitoringRepository {
  const snapshots: SystemHealthSnapshot[] = []

  return {
    listEvents: async (filter) => listEvents(store.events(), filter),
    async getEvent(eventId) {
      return store.events().find((event) => event.eventId === eventId) ?? null
    },
    updateEvent: async (update) => store.updateEvent(update),
    readCounts: async ({ since, until }) =>
      countByHour(
        store.events().filter(({ detectedAt }) => since <= detectedAt && detectedAt < until),
      ),
    readEventFigures: async (now) => countEvents(store.events(), now),
    readDashboard: async () => summarise(store.events(), clock.now()),
    async listHealth(limit) {
      assertWholeNumber('listHealth', 'limit', limit, { min: 1 })
      return snapshots
        .toReversed()
        .toSorted((left, right) => right.takenAt - left.takenAt)
        .slice(0, limit)
    },
    async saveHealth(snapshot) {
      snapshots.push(snapshot)
    },
  }
}

function listEvents(
  all: readonly MonitoringEvent[],
  filter: MonitoringEventFilter,
): MonitoringEventPage {
  assertWholeNumber('listEvents', 'limit', filter.limit, { min: 1 })
  const after = filter.after === undefined ? undefined : parseCursor(filter.after)
  const rest = all
    .filter((event) => fits(event, filter))
    .toSorted(newestFirst)
    .filter((event) => after === undefined || newestFirst(after, event) < 0)
  const events = rest.slice(0, filter.limit)
  const last = events.at(-1)
  const hasMore = rest.length > events.length && last !== undefined
  return { events, next: hasMore ? `${last.detectedAt}.${last.eventId}` : null }
}

type Place = Pick<MonitoringEvent, 'detectedAt' | 'eventId'>

function parseCursor(cursor: string): Place {
  const [, detectedAt, eventId] = /^(-?\d{1,16})\.(\d{1,16})$/.exec(cursor) ?? []
  if (detectedAt !== undefined && eventId !== undefined) {
    return { detectedAt: Number(detectedAt), eventId }
  }
  throw new InvalidOptionError('listEvents', 'after', 'the `next` of a page')
}

function newestFirst(left: Place, right: Place): number {
  return right.detectedAt - left.detectedAt || Number(right.eventId) - Number(left.eventId)
}

function fits(
  event: MonitoringEvent,
  { status, severity, type, cardId, since, until }: MonitoringEventFilter,
): boolean {
  return (
    (status === undefined || event.status === status) &&
    (severity === undefined || event.severity === severity) &&
    (type === undefined || event.type === type) &&
    (cardId === undefined || event.cardId === cardId) &&
    (since === undefined || event.detectedAt >= since) &&
    (until === undefined || event.detectedAt < until)
  )
}

function countByHour(events: readonly MonitoringEvent[]): EventCount[] {
  const groups = Map.groupBy(
    events,
    ({ detectedAt, type, severity }) => `${Math.floor(detectedAt / HOUR_MS)} ${type} ${severity}`,
  )
  return [...groups.values()]
    .map((group) => {
      const { detectedAt, type, severity } = group[0]!
      const hour = Math.floor(detectedAt / HOUR_MS) * HOUR_MS
      return { hour, type, severity, count: group.length }
    })
    .toSorted(
      (left, right) =>
        left.hour - right.hour ||
        compareTexts(left.type, right.type) ||
        compareTexts(left.severity, right.severity),
    )
}

function countEvents(events: readonly MonitoringEvent[], now: number): EventFigures {
  const before = events.filter(({ detectedAt }) => detectedAt < now)
  return {
    openEvents: before.filter(({ status }) => status === 'open').length,
    criticalEventsLastHour: before.filter(
      ({ severity, detectedAt }) => severity === 'critical' && detectedAt >= now - HOUR_MS,
    ).length,
  }
}

function summarise(events: readonly MonitoringEvent[], now: number): MonitoringDashboard {
  const open = { critical: 0, high: 0, medium: 0, low: 0 }
  const byType = new Map<string, number>()
  for (const { status, severity, type } of events) {
    if (status !== 'open') continue
    open[severity] += 1
    byType.set(type, (byType.get(type) ?? 0) + 1)
  }
  const dayAgo = now - DAY_MS
  return {
    refreshedAt: now,
    open,
    acknowledged: events.filter(({ status }) => status === 'acknowledged').length,
    resolvedLastDay: events.filter(({ resolvedAt }) => resolvedAt !== null && resolvedAt > dayAgo)
      .length,
    detectedLastDay: events.filter(({ detectedAt }) => detectedAt > dayAgo).length,
    openByType: [...byType]
      .map(([type, count]) => ({ type, count }))
      .toSorted((left, right) => right.count - left.count || compareTexts(left.type, right.type)),
  }
}

/** By UTF-16 code units, as types are ASCII. */
function compareTexts(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}
