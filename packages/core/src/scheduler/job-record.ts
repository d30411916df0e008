import { isAssayError } from '../errors/assay-error.ts'
import { tellQuietly } from '../errors/tell-quietly.ts'
import type { Logger } from '../logger/logger.ts'
import type { Clock } from '../runtime/clock.ts'
import type { CountedSkip, JobTally } from './scheduler-metrics.ts'
import type { JobFailure, JobResult, JobStatus } from './scheduler.ts'

/** What is known of a job's runs, and where it is told. */
export interface JobRecord {
  began(): void
  ended(result: Exclude<JobResult, { outcome: 'skipped' }>): void
  /** Nothing of the run is left. */
  settled(): void
  skipped(reason: CountedSkip, count?: number): void
  /** The lease store failed. */
  leaseFailed(error: unknown): void
  readonly facts: Omit<JobStatus, 'name' | 'nextAt' | 'lease'>
}

/** Where a record tells what it is told. */
export interface JobRecordParts {
  readonly job: string
  readonly tally: JobTally
  readonly clock: Clock
  readonly logger: Logger
  readonly onError: ((failure: JobFailure) => void) | undefined
}

/** Makes the record of one job. */
export function createJobRecord({ job, tally, clock, logger, onError }: JobRecordParts): JobRecord {
  let facts: JobRecord['facts'] = {
    runningSince: null,
    lastStartedAt: null,
    lastOutcome: null,
    lastDurationMs: null,
    lastSuccessAt: null,
    consecutiveFailures: 0,
  }

  /** Whether the last run met an open circuit: that it did is worth a line once, and not at each run. */
  let hasMetOpenCircuit = false

  function levelOf<Level extends string>(level: Level, isOpenCircuit: boolean): Level | 'debug' {
    const isKnown = isOpenCircuit && hasMetOpenCircuit
    hasMetOpenCircuit = isOpenCircuit
    return isKnown ? 'debug' : level
  }

  function tellFailure({ reason, error }: Omit<JobFailure, 'job'>, message: string): void {
    const level = levelOf('error', isAssayError(error, 'CIRCUIT_OPEN'))
    tellQuietly(() => logger[level]({ job, reason, err: error }, message))
    tellQuietly(() => onError?.({ job, reason, error }))
  }

  return {
    began() {
      const now = clock.now()
      facts = { ...facts, runningSince: now, lastStartedAt: now }
      tally.began()
    },
    ended(result) {
      const { outcome, durationMs } = result
      facts = { ...facts, lastOutcome: outcome, lastDurationMs: durationMs }
      tally.ended(outcome, durationMs)
      if (outcome === 'success') {
        facts = { ...facts, lastSuccessAt: clock.now(), consecutiveFailures: 0 }
        tally.succeededAt(clock.now())
        hasMetOpenCircuit = false
      } else if (outcome !== 'aborted') {
        facts = { ...facts, consecutiveFailures: facts.consecutiveFailures + 1 }
        tellFailure({ reason: outcome, error: result.error }, 'A job failed.')
      }
    },
    settled() {
      facts = { ...facts, runningSince: null }
      tally.settled()
    },
    skipped(reason, count = 1) {
      tally.skipped(reason, count)
      // Standing by is what all processes but one do all the time.
      const level = reason === 'standby' ? 'debug' : levelOf('warn', reason === 'circuit-open')
      tellQuietly(() => logger[level]({ job, reason, count }, 'A job was due and was not run.'))
    },
    leaseFailed: (error) =>
      tellFailure({ reason: 'lease-error', error }, 'The lease of a job could not be asked for.'),
    get facts() {
      return facts
    },
  }
}
