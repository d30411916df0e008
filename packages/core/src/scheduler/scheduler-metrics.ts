import { tellQuietly } from '../errors/tell-quietly.ts'
import type { CounterSeries, GaugeSeries, HistogramSeries, Metrics } from '../metrics/metrics.ts'
import type { JobOutcome, JobSkipReason } from './scheduler.ts'

/** Counter by `job` and `outcome` (see {@link JobOutcome}): runs that ended. */
export const SCHEDULER_RUNS_TOTAL = 'scheduler_runs_total'
/** Counter by `job` and `reason`: times that a job was due and was not run. */
export const SCHEDULER_SKIPS_TOTAL = 'scheduler_skips_total'
/** Histogram by `job`: from the beginning of a run to its outcome. */
export const SCHEDULER_RUN_DURATION_SECONDS = 'scheduler_run_duration_seconds'
/** Gauge by `job`: when a run last succeeded; there is none before. */
export const SCHEDULER_LAST_SUCCESS_TIMESTAMP_SECONDS = 'scheduler_last_success_timestamp_seconds'
/** Gauge by `job`: 1 while a run has not settled, and else 0. */
export const SCHEDULER_RUNNING = 'scheduler_running'

/** A job may take far longer than a call over a network. */
const DURATION_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300]

/** A skip as it is counted: `missed` is a plan whose moment passed while nothing in the process ran. */
export type CountedSkip = Exclude<JobSkipReason, 'closed'> | 'missed'

/** What is counted of one job. A registry that throws costs nobody a run. */
export interface JobTally {
  began(): void
  ended(outcome: JobOutcome, durationMs: number): void
  succeededAt(epochMs: number): void
  settled(): void
  skipped(reason: CountedSkip, count: number): void
}

/** @throws {MetricConflictError} `METRIC_CONFLICT` when a name stands for something else */
export function createJobTally(metrics: Metrics, job: string): JobTally {
  const { runs, skips, duration, running, lastSuccess } = createJobSeries(metrics, job)
  return {
    began: () => tellQuietly(() => running.set(1)),
    ended: (outcome, durationMs) =>
      tellQuietly(() => {
        runs[outcome].inc()
        duration.observe(durationMs / 1_000)
      }),
    succeededAt: (epochMs) => tellQuietly(() => lastSuccess().set(epochMs / 1_000)),
    settled: () => tellQuietly(() => running.set(0)),
    skipped: (reason, count) => tellQuietly(() => skips[reason].inc(count)),
  }
}

interface JobSeries {
  readonly runs: Readonly<Record<JobOutcome, CounterSeries>>
  readonly skips: Readonly<Record<CountedSkip, CounterSeries>>
  readonly duration: HistogramSeries
  readonly running: GaugeSeries
  /** A series that is there has a value, so it is not looked up before there is one. */
  readonly lastSuccess: () => GaugeSeries
}

function createJobSeries(metrics: Metrics, job: string): JobSeries {
  const runs = metrics.counter({
    name: SCHEDULER_RUNS_TOTAL,
    help: 'Runs of jobs that ended, by outcome.',
    labelNames: ['job', 'outcome'],
  })
  const skips = metrics.counter({
    name: SCHEDULER_SKIPS_TOTAL,
    help: 'Times that a job was due and was not run, by reason.',
    labelNames: ['job', 'reason'],
  })
  const lastSuccess = metrics.gauge({
    name: SCHEDULER_LAST_SUCCESS_TIMESTAMP_SECONDS,
    help: 'When a run of the job last succeeded.',
    labelNames: ['job'],
  })
  const runsWith = (outcome: JobOutcome): CounterSeries => runs.labels({ job, outcome })
  const skipsFor = (reason: CountedSkip): CounterSeries => skips.labels({ job, reason })
  const running = metrics
    .gauge({
      name: SCHEDULER_RUNNING,
      help: 'Whether a run of the job has not settled.',
      labelNames: ['job'],
    })
    .labels({ job })
  tellQuietly(() => running.set(0))

  return {
    runs: {
      success: runsWith('success'),
      failure: runsWith('failure'),
      timeout: runsWith('timeout'),
      'lease-lost': runsWith('lease-lost'),
      aborted: runsWith('aborted'),
    },
    skips: {
      overlap: skipsFor('overlap'),
      missed: skipsFor('missed'),
      standby: skipsFor('standby'),
      'lease-error': skipsFor('lease-error'),
      'circuit-open': skipsFor('circuit-open'),
    },
    duration: metrics
      .histogram({
        name: SCHEDULER_RUN_DURATION_SECONDS,
        help: 'How long runs of the job took until their outcome.',
        labelNames: ['job'],
        buckets: DURATION_BUCKETS,
      })
      .labels({ job }),
    running,
    lastSuccess: () => lastSuccess.labels({ job }),
  }
}
