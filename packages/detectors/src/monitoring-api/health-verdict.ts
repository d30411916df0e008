import type { HealthReport } from '@assay/core'

import type { MonitorStatus } from '../monitor/monitor.ts'
import type { SystemHealthSnapshot } from '../monitoring-events/system-health-snapshot.ts'

/** What is known of the health; `null` where it could not be read. */
export interface HealthReadings {
  /** `none` before the first snapshot. */
  readonly snapshot: SystemHealthSnapshot | 'none' | null
  readonly monitor: MonitorStatus | null
  /** `undefined` where the host has no checks of its own. */
  readonly checks: HealthReport | null | undefined
}

/** Why the health is what it is. */
export type HealthReason =
  | 'repository-unreadable'
  | 'monitor-unreadable'
  | 'circuit-open'
  | 'checks-failed'
  | 'circuit-half-open'
  | 'checks-warn'
  | 'system-degraded'
  | 'no-snapshot'
  | 'snapshot-too-old'
  | 'no-traffic'

/** How monitoring stands, and the system that it watches. */
export interface HealthVerdict {
  /**
   * `unhealthy` when the monitoring itself cannot do its work. Payments that fail make it `degraded`:
   * the monitoring works, for it says so.
   */
  readonly status: 'healthy' | 'degraded' | 'unknown' | 'unhealthy'
  /** The most grave first; none when all is well. */
  readonly reasons: readonly HealthReason[]
}

/** The gravest kind first. */
const STATUS_OF: Readonly<Record<HealthReason, HealthVerdict['status']>> = {
  'repository-unreadable': 'unhealthy',
  'monitor-unreadable': 'unhealthy',
  'circuit-open': 'unhealthy',
  'checks-failed': 'unhealthy',
  'circuit-half-open': 'degraded',
  'checks-warn': 'degraded',
  'system-degraded': 'degraded',
  'no-snapshot': 'unknown',
  'snapshot-too-old': 'unknown',
  'no-traffic': 'unknown',
}

/** Judges what was read. */
export function judgeMonitoringHealth(
  readings: HealthReadings,
  { now, ageMaxMs }: { readonly now: number; readonly ageMaxMs: number },
): HealthVerdict {
  const found = new Set<HealthReason | null>([
    reasonOfSnapshot(readings.snapshot, now - ageMaxMs),
    reasonOfMonitor(readings.monitor),
    reasonOfChecks(readings.checks),
  ])
  const reasons = REASONS.filter((reason) => found.has(reason))
  const [gravest] = reasons
  return { status: gravest === undefined ? 'healthy' : STATUS_OF[gravest], reasons }
}

const REASONS = Object.keys(STATUS_OF) as readonly HealthReason[]

function reasonOfSnapshot(
  snapshot: HealthReadings['snapshot'],
  oldest: number,
): HealthReason | null {
  if (snapshot === null) return 'repository-unreadable'
  if (snapshot === 'none') return 'no-snapshot'
  if (snapshot.takenAt < oldest) return 'snapshot-too-old'
  if (snapshot.status === 'degraded') return 'system-degraded'
  return snapshot.status === 'unknown' ? 'no-traffic' : null
}

function reasonOfMonitor(monitor: MonitorStatus | null): HealthReason | null {
  if (monitor === null) return 'monitor-unreadable'
  const circuits = new Set(monitor.sources.map(({ circuit }) => circuit))
  if (circuits.has('open')) return 'circuit-open'
  return circuits.has('half-open') ? 'circuit-half-open' : null
}

function reasonOfChecks(checks: HealthReadings['checks']): HealthReason | null {
  if (checks === undefined || checks?.status === 'pass') return null
  return checks?.status === 'warn' ? 'checks-warn' : 'checks-failed'
}
