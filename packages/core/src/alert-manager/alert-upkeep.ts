import { tellQuietly } from '../errors/tell-quietly.ts'
import type { Logger } from '../logger/logger.ts'
import type { Clock } from '../runtime/clock.ts'
import type { AlertManagerTally } from './alert-manager-metrics.ts'

/** Something that a manager does from time to time, beside telling people. */
export interface UpkeepStep {
  /** What the log and `alert_manager_errors_total` call it. */
  readonly name: string
  /** From one begin to the next, in milliseconds; 0 for as often as the manager looks. */
  readonly everyMs: number
  /** `unfinished` where it stopped at a bound of its own: it is then due again at the next look. */
  run(occasion: UpkeepOccasion): Promise<void | 'unfinished'>
}

/** When a step is done. */
interface UpkeepOccasion {
  /** In epoch milliseconds. */
  readonly now: number
  /** Aborts when the manager is closed, which waits for the step. */
  readonly signal: AbortSignal
}

/** Steps that know nothing of each other: one that fails or never ends stops none of the others. */
export interface AlertUpkeep {
  /**
   * Begins the steps that are due and not under way, all at once.
   *
   * @returns how many of them failed, once they have ended; never a rejection
   */
  begin(): Promise<number>
  /** Waits for the steps that are under way. */
  drain(): Promise<void>
}

/** What the upkeep of one manager needs. */
export interface AlertUpkeepSettings {
  readonly clock: Clock
  readonly tally: AlertManagerTally
  readonly logger: Logger
  /** Aborts when the manager is closed. */
  readonly signal: AbortSignal
}

/** A step that fails is tried again after so long, then after ever longer, up to its `everyMs`. */
const RETRY_BASE_MS = 60_000

/** Makes the upkeep of one manager. */
export function createAlertUpkeep(
  steps: readonly UpkeepStep[],
  settings: AlertUpkeepSettings,
): AlertUpkeep {
  const tasks = steps.map((step) => createTask(step, settings))
  return {
    async begin() {
      const failures = await Promise.all(tasks.map(async (task) => task.begin()))
      return failures.filter((isFailure) => isFailure).length
    },
    async drain() {
      await Promise.all(tasks.map(async (task) => task.drain()))
    },
  }
}

interface UpkeepTask {
  /** @returns whether it was begun and has failed */
  begin(): Promise<boolean>
  drain(): Promise<void>
}

function createTask(
  step: UpkeepStep,
  { clock, tally, logger, signal }: AlertUpkeepSettings,
): UpkeepTask {
  let dueAt = Number.NEGATIVE_INFINITY
  let failureCount = 0
  let underWay: Promise<boolean> | undefined

  async function attempt(): Promise<boolean> {
    const beganAt = clock.monotonic()
    try {
      const outcome = await step.run({ now: clock.now(), signal })
      failureCount = 0
      dueAt = outcome === 'unfinished' ? beganAt : beganAt + step.everyMs
      return false
    } catch (error) {
      const delayMs = Math.min(step.everyMs, RETRY_BASE_MS * 2 ** failureCount)
      failureCount += 1
      dueAt = clock.monotonic() + delayMs
      tally.error(step.name)
      const facts = { step: step.name, err: error }
      tellQuietly(() => logger.error(facts, 'A step of the upkeep failed, and is tried again.'))
      return true
    } finally {
      underWay = undefined
    }
  }

  return {
    async begin() {
      if (underWay !== undefined || clock.monotonic() < dueAt) return false
      underWay = attempt()
      return underWay
    },
    async drain() {
      await underWay
    },
  }
}
