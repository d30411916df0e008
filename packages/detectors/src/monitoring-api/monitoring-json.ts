import { formatTimestamp } from '@assay/core'

import type { MonitorStatus } from '../monitor/monitor.ts'
import type { MonitoringEvent } from '../monitoring-events/monitoring-event.ts'
import type { EventCount, MonitoringDashboard } from '../monitoring-events/monitoring-repository.ts'
import type { SystemHealthSnapshot } from '../monitoring-events/system-health-snapshot.ts'

// Field by field, so that what a repository hands out beyond its port stays inside.

/** What JSON holds: amounts are texts of minor units, moments are ISO 8601 in UTC. */
export type Json = Readonly<Record<string, unknown>>

export function eventJson(event: MonitoringEvent): Json {
  return {
    eventId: event.eventId,
    fingerprint: event.fingerprint,
    type: event.type,
    severity: event.severity,
    status: event.status,
    cardId: event.cardId,
    transactionIds: event.transactionIds,
    amountMinor: event.amountMinor === null ? null : String(event.amountMinor),
    currency: event.currency,
    algorithm: event.algorithm,
    confidence: event.confidence,
    eventData: event.eventData,
    eventTime: moment(event.eventTime),
    detectedAt: moment(event.detectedAt),
    updatedAt: moment(event.updatedAt),
    acknowledgedBy: event.acknowledgedBy,
    acknowledgedAt: moment(event.acknowledgedAt),
    acknowledgementNotes: event.acknowledgementNotes,
    resolvedBy: event.resolvedBy,
    resolvedAt: moment(event.resolvedAt),
    resolutionNotes: event.resolutionNotes,
  }
}

export function countJson({ hour, type, severity, count }: EventCount): Json {
  return { hour: moment(hour), type, severity, count }
}

export function dashboardJson(dashboard: MonitoringDashboard): Json {
  const { critical, high, medium, low } = dashboard.open
  return {
    refreshedAt: moment(dashboard.refreshedAt),
    open: { critical, high, medium, low },
    acknowledged: dashboard.acknowledged,
    resolvedLastDay: dashboard.resolvedLastDay,
    detectedLastDay: dashboard.detectedLastDay,
    openByType: dashboard.openByType.map(({ type, count }) => ({ type, count })),
  }
}

export function snapshotJson(snapshot: SystemHealthSnapshot): Json {
  return {
    takenAt: moment(snapshot.takenAt),
    status: snapshot.status,
    totalTransactionsLastHour: snapshot.totalTransactionsLastHour,
    successfulTransactionsLastHour: snapshot.successfulTransactionsLastHour,
    failedTransactionsLastHour: snapshot.failedTransactionsLastHour,
    successRateBps: snapshot.successRateBps,
    processingP50Ms: snapshot.processingP50Ms,
    processingP95Ms: snapshot.processingP95Ms,
    processingP99Ms: snapshot.processingP99Ms,
    totalBalanceMinor: Object.fromEntries(
      Object.entries(snapshot.totalBalanceMinor).map(([code, minor]) => [code, String(minor)]),
    ),
    negativeBalances: snapshot.negativeBalances,
    openEvents: snapshot.openEvents,
    criticalEventsLastHour: snapshot.criticalEventsLastHour,
  }
}

export function sourcesJson({ sources }: MonitorStatus): Json[] {
  return sources.map(({ id, circuit }) => ({ id, circuit }))
}

export function statusJson(status: MonitorStatus): Json {
  return {
    owner: status.owner,
    sources: sourcesJson(status),
    partitions: status.partitions.map(({ pass, partition, owner, watermark, readAt }) => ({
      pass,
      partition,
      owner,
      watermark: moment(watermark),
      readAt: moment(readAt),
    })),
  }
}

/** The last millisecond that JavaScript's calendar knows, and the first one with a minus sign. */
const MOMENT_MAX = 8_640_000_000_000_000

/** A watermark before all time, which says that nothing was read, is no moment. */
export function moment(epochMs: number | null): string | null {
  return epochMs !== null && Math.abs(epochMs) <= MOMENT_MAX ? formatTimestamp(epochMs) : null
}
