import type { Alert, CircuitBreaker, Clock, Logger, Metrics } from '@assay/core'

import type { Finding } from '../detector/finding.ts'
import type { EventSource } from './event-source.ts'
import type { MonitoredDetector } from './monitor-detectors.ts'
import type { MonitorSchedule } from './monitor-schedule.ts'
import type { MonitorStore } from './monitor-store.ts'
import type { ReconciliationOptions } from './reconciliation-run.ts'
import type { FindingAlerts } from './tell-findings.ts'

/** What a monitor watches, with what, and who hears of it. */
export interface MonitorOptions {
  /** Where events are read; each has an id of its own. */
  readonly sources: readonly EventSource[]
  readonly store: MonitorStore
  /**
   * How often each detector runs, accounts are reconciled and health is measured. Where `detectors` are
   * given, it says nothing about those: they keep their own cadences. Default
   * {@link defaultMonitorSchedule}; `readMonitorSchedule` reads it from the environment.
   */
  readonly schedule?: MonitorSchedule | undefined
  /**
   * Who judges the events. Each brings its own cadence, which goes before `schedule`. Without any, there
   * must be a `reconciliation`. Default `createMonitoredDetectors({ schedule })`.
   */
  readonly detectors?: readonly MonitoredDetector[] | undefined
  /**
   * Reconciles every account with its balance when something happens on it, and at no other time. Without
   * it balances are only compared within and between transactions. Default cadence: that of the
   * balances in `schedule`.
   */
  readonly reconciliation?:
    | (ReconciliationOptions & { readonly everyMs?: number | undefined })
    | undefined
  /**
   * `polled`: each pass runs at its detectors' cadence. `continuous`: those that judge accounts also run
   * as soon as a source has news. Default `polled`.
   */
  readonly mode?: 'polled' | 'continuous' | undefined
  /** What else runs at a cadence, once among all monitors of the store: health, maintenance. */
  readonly jobs?: readonly MonitorJob[] | undefined
  /** Who hears of findings. Without it they are only stored. */
  readonly alerts?: FindingAlerts | undefined
  /** The alert of a finding. Default {@link alertOfFinding}. */
  readonly toAlert?: ((finding: Finding) => Alert) | undefined
  /** Guards a source. Default: opens after 5 failures for 60 seconds, as the festival's did. */
  readonly breaker?: ((source: EventSource) => CircuitBreaker) | undefined
  /** Whose data it is, where findings of several tenants meet. Part of every fingerprint. */
  readonly tenant?: string | undefined
  /** The most events on a page, each of which is judged and committed as a whole. Default 1,000. */
  readonly batchSize?: number | undefined
  /**
   * How late an event may come, in milliseconds from its event time to its commit, and still be judged
   * in its place. Findings wait that long. One that comes later is judged with its account's whole
   * history. Default 10,000; in continuous mode 1,000.
   */
  readonly allowedLatenessMs?: number | undefined
  /** How far ahead of this process' clock an event's time may be. Default 60,000. */
  readonly futureToleranceMs?: number | undefined
  /** How many parts the accounts are shared in among monitors. Default 4. */
  readonly partitions?: number | undefined
  /** After which another monitor takes over the work of one that died. Default 30,000. */
  readonly leaseMs?: number | undefined
  /** How long a cycle may take before it is aborted; what it has committed stays. Default 30,000. */
  readonly timeoutMs?: number | undefined
  /**
   * After how long without an event a source is silent, in milliseconds; one that never spoke, from
   * when it was first watched. Default an hour.
   */
  readonly silenceAfterMs?: number | undefined
  /** The most events of an account with which a late one is judged. Default 10,000. */
  readonly rejudgedMax?: number | undefined
  /** The most accounts a partition whose states are kept in memory. Default 100,000. */
  readonly cachedKeysMax?: number | undefined
  /** Names this monitor among those of the store. Default: a new id. */
  readonly owner?: string | undefined
  readonly clock?: Clock | undefined
  readonly random?: (() => number) | undefined
  readonly metrics?: Metrics | undefined
  readonly logger?: Logger | undefined
}

/** Something that one of the monitors does at a cadence. */
export interface MonitorJob {
  /**
   * A letter, then letters, digits and `_ . : / -`, at most 100; each name once, other than
   * `source-watch`, and not the id of a source and a slash.
   */
  readonly name: string
  /** In milliseconds, or as often as the monitor's schedule says under this name. */
  readonly everyMs: number | keyof MonitorSchedule
  /**
   * No other monitor begins it meanwhile. The signal aborts after `timeoutMs`; it must have ended
   * `leaseMs` later.
   */
  run(context: { readonly signal: AbortSignal; readonly now: number }): Promise<void>
}
