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
import { assertSourceId } from './source-id.ts'
import { SOURCE_WATCH_JOB } from './source-watch.ts'
import { alertOfFinding, type FindingAlerts } from './tell-findings.ts'

/** The options of a monitor with every default filled in. */
export interface MonitorSettings {
  readonly sources: readonly { readonly source: EventSource; readonly breaker: CircuitBreaker }[]
  readonly store: MonitorStore
  readonly detectors: readonly MonitoredDetector[]
  readonly reconciliation:
    | (ReconciliationOptions & { readonly tenant: string | undefined; readonly everyMs: number })
    | undefined
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
  assertMode(mode)
  assertWatching(detectors, reconciliation)
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
      tenant: reconciliation.tenant ?? tenant,
      everyMs: cadence(
        'reconciliation.everyMs',
        reconciliation.everyMs ?? schedule.balanceDiscrepancies,
      ),
    },
    mode,
    jobs: parseJobs(jobs, { schedule, sources: options.sources }),
    alerts: options.alerts,
    toAlert: options.toAlert ?? alertOfFinding,
    tenant: tenant ?? null,
    batchSize: wholeNumber(options, 'batchSize', 1_000),
    allowedLatenessMs: wholeNumber(options, 'allowedLatenessMs', allowedLatenessMs, 0),
    futureToleranceMs: wholeNumber(options, 'futureToleranceMs', 60_000, 0),
    partitions: wholeNumber(options, 'partitions', 4),
    leaseMs: duration(options, 'leaseMs', 30_000, 1),
    timeoutMs,
    silenceAfterMs: duration(options, 'silenceAfterMs', 3_600_000),
    rejudgedMax: wholeNumber(options, 'rejudgedMax', 10_000),
    cachedKeysMax: wholeNumber(options, 'cachedKeysMax', 100_000),
    owner: ownerOf(options),
    clock,
    random: options.random ?? systemRandom,
    metrics,
    logger,
  }
}

function assertSources(sources: readonly EventSource[]): void {
  const ids = sources.map(({ id }) => id)
  if (ids.length === 0 || new Set(ids).size < ids.length) {
    throw new InvalidOptionError(
      FACTORY,
      'sources',
      'at least one source, each with an id of its own',
    )
  }
  for (const id of ids) assertSourceId(FACTORY, 'sources', id)
}

function assertSchedule(schedule: MonitorSchedule): void {
  for (const name of Object.keys(defaultMonitorSchedule) as (keyof MonitorSchedule)[]) {
    assertDurationMs(FACTORY, `schedule.${name}`, schedule[name], { min: 1 })
  }
}

function assertMode(mode: MonitorSettings['mode']): void {
  if (mode === 'polled' || mode === 'continuous') return
  throw new InvalidOptionError(FACTORY, 'mode', '`polled` or `continuous`')
}

function assertWatching(
  detectors: readonly MonitoredDetector[],
  reconciliation: MonitorOptions['reconciliation'],
): void {
  if (detectors.length === 0 && reconciliation === undefined) {
    throw new InvalidOptionError(FACTORY, 'detectors', 'at least one, where nothing is reconciled')
  }
  for (const { everyMs } of detectors) cadence('everyMs of a detector', everyMs)
}

function cadence(option: string, everyMs: number): number {
  assertDurationMs(FACTORY, option, everyMs, { min: 1 })
  return everyMs
}

function ownerOf({ owner = systemCreateId() }: MonitorOptions): string {
  if (owner !== '') return owner
  throw new InvalidOptionError(FACTORY, 'owner', 'a text that is not empty')
}

/** Here rather than by the scheduler, which is made only once the monitor runs. */
function parseJobs(
  jobs: readonly MonitorJob[],
  { schedule, sources }: { schedule: MonitorSchedule; sources: readonly EventSource[] },
): MonitorSettings['jobs'] {
  const names = new Set<string>([SOURCE_WATCH_JOB])
  return jobs.map((job) => {
    const { name } = job
    const isOfSource = sources.some(({ id }) => name.startsWith(`${id}/`))
    if (!JOB_NAME.test(name) || isOfSource || names.has(name)) {
      throw new InvalidOptionError(FACTORY, 'name of a job', WHAT_A_JOB_IS_NAMED)
    }
    names.add(name)
    const everyMs = typeof job.everyMs === 'number' ? job.everyMs : schedule[job.everyMs]
    return {
      name,
      everyMs: cadence(`everyMs of ${name}`, everyMs),
      run: (context) => job.run(context),
    }
  })
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
/** As the scheduler takes them. */
const JOB_NAME = /^[a-z][\w.:/-]{0,99}$/i
const WHAT_A_JOB_IS_NAMED = `a letter, then letters, digits and \`_ . : / -\`, at most 100 in all; each name once, other than \`${SOURCE_WATCH_JOB}\`, and not the id of a source and a slash`

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
