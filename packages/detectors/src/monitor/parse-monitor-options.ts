import {
  type Alert,
  assertDurationMs,
  assertWholeNumber,
  type CircuitBreaker,
  type Clock,
  createCircuitBreaker,
  InvalidOptionError,
  type Logger,
  type Metrics,
  noMetrics,
  silentLogger,
  systemClock,
  systemCreateId,
  systemRandom,
} from '@assay/core'

import type { Finding } from '../detector/finding.ts'
import { createMonitoredDetectors } from './create-monitored-detectors.ts'
import type { EventSource } from './event-source.ts'
import type { MonitoredDetector } from './monitor-detectors.ts'
import type { MonitorJob, MonitorOptions } from './monitor-options.ts'
import { defaultMonitorSchedule, type MonitorSchedule } from './monitor-schedule.ts'
import type { MonitorStore } from './monitor-store.ts'
import type { ReconciliationOptions } from './reconciliation-run.ts'
import { alertOfFinding, type FindingAlerts } from './tell-findings.ts'

/** The options of a monitor with every default filled in. */
export interface MonitorSettings {
  readonly sources: readonly { readonly source: EventSource; readonly breaker: CircuitBreaker }[]
  readonly store: MonitorStore
  readonly detectors: readonly MonitoredDetector[]
  readonly reconciliation: (ReconciliationOptions & { readonly everyMs: number }) | undefined
  readonly mode: 'polled' | 'continuous'
  readonly jobs: readonly (MonitorJob & { readonly everyMs: number })[]
  readonly alerts: FindingAlerts | undefined
  readonly toAlert: (finding: Finding) => Alert
  readonly tenant: string | null
  readonly batchSize: number
  readonly allowedLatenessMs: number
  readonly futureToleranceMs: number
  readonly partitions: number
  readonly leaseMs: number
  readonly timeoutMs: number
  readonly silenceAfterMs: number
  readonly rejudgedMax: number
  readonly cachedKeysMax: number
  readonly owner: string
  readonly clock: Clock
  readonly random: () => number
  readonly metrics: Metrics
  readonly logger: Logger
}

/** Checks the options of a monitor, and fills in the defaults. */
export function parseMonitorOptions(options: MonitorOptions): MonitorSettings {
  const {
    clock = systemClock,
    metrics = noMetrics,
    logger = silentLogger,
    mode = 'polled',
    tenant,
    schedule = defaultMonitorSchedule,
    detectors = createMonitoredDetectors({ tenant, schedule }),
    reconciliation,
    jobs = [],
  } = options
  assertSources(options.sources)
  assertSchedule(schedule)
  const timeoutMs = duration(options, 'timeoutMs', 30_000, 1)
  const breakerOf =
    options.breaker ?? ((source) => breakerFor(source, { timeoutMs, clock, metrics, logger }))
  const allowedLatenessMs = mode === 'polled' ? 10_000 : 1_000
  return {
    sources: options.sources.map((source) => ({ source, breaker: breakerOf(source) })),
    store: options.store,
    detectors,
    reconciliation: reconciliation && {
      ...reconciliation,
      everyMs: reconciliation.everyMs ?? schedule.balanceDiscrepancies,
    },
    mode,
    jobs: jobs.map((job) => ({
      name: job.name,
      everyMs: typeof job.everyMs === 'number' ? job.everyMs : schedule[job.everyMs],
      run: (context) => job.run(context),
    })),
    alerts: options.alerts,
    toAlert: options.toAlert ?? alertOfFinding,
    tenant: tenant ?? null,
    batchSize: wholeNumber(options, 'batchSize', 1_000),
    allowedLatenessMs: wholeNumber(options, 'allowedLatenessMs', allowedLatenessMs, 0),
    futureToleranceMs: wholeNumber(options, 'futureToleranceMs', 60_000, 0),
    partitions: wholeNumber(options, 'partitions', 4),
    leaseMs: duration(options, 'leaseMs', 30_000),
    timeoutMs,
    silenceAfterMs: duration(options, 'silenceAfterMs', 3_600_000),
    rejudgedMax: wholeNumber(options, 'rejudgedMax', 10_000),
    cachedKeysMax: wholeNumber(options, 'cachedKeysMax', 100_000),
    owner: options.owner ?? systemCreateId(),
    clock,
    random: options.random ?? systemRandom,
    metrics,
    logger,
  }
}

function assertSources(sources: readonly EventSource[]): void {
  const ids = sources.map(({ id }) => id)
  if (ids.length > 0 && new Set(ids).size === ids.length && ids.every((id) => ID.test(id))) return
  throw new InvalidOptionError(
    FACTORY,
    'sources',
    'at least one source, each with an id of its own: a letter, then at most 49 letters, digits and `_.-`',
  )
}

function assertSchedule(schedule: MonitorSchedule): void {
  for (const name of Object.keys(defaultMonitorSchedule) as (keyof MonitorSchedule)[]) {
    assertDurationMs(FACTORY, `schedule.${name}`, schedule[name], { min: 1 })
  }
}

function breakerFor(
  { id }: EventSource,
  { timeoutMs, ...shared }: Pick<MonitorSettings, 'timeoutMs' | 'clock' | 'metrics' | 'logger'>,
): CircuitBreaker {
  return createCircuitBreaker({
    name: `source-${id}`,
    failureThreshold: 5,
    // One that does not answer within a cycle fails too, also where it heeds no signal.
    callTimeoutMs: timeoutMs,
    resetTimeoutMs: 60_000,
    halfOpenMaxCalls: 2,
    ...shared,
  })
}

const FACTORY = 'createMonitor'
const ID = /^[A-Za-z][\w.-]{0,49}$/

type NumberOption = {
  [Name in keyof MonitorOptions]-?: MonitorOptions[Name] extends number | undefined ? Name : never
}[keyof MonitorOptions]

function wholeNumber(
  options: MonitorOptions,
  name: NumberOption,
  fallback: number,
  min = 1,
): number {
  const value = options[name] ?? fallback
  assertWholeNumber(FACTORY, name, value, { min })
  return value
}

function duration(options: MonitorOptions, name: NumberOption, fallback: number, min = 0): number {
  const value = options[name] ?? fallback
  assertDurationMs(FACTORY, name, value, { min })
  return value
}
