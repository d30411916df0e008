import type { Clock, Timer } from '../runtime/clock.ts'
import type { Random } from '../runtime/random.ts'

/** When one job is due. */
export interface JobTimetable {
  /** Plans the first run, counted from now. */
  start(): void
  /** Plans no more. */
  stop(): void
  /** In how many milliseconds the next run is planned, jitter left out; `undefined` where none is. */
  nextInMs(): number | undefined
  /** Makes the job due in so many milliseconds as well, unless the plan comes first. */
  tryAgainIn(ms: number): void
}

/** What a timetable is made of. */
export interface JobTimetableOptions {
  readonly intervalMs: number
  readonly offsetMs: number
  readonly jitterMs: number
  readonly clock: Clock
  readonly random: Random
  readonly onDue: () => void
  /** Told how many planned runs are skipped because their moments passed while no timer fired. */
  readonly onMissed: (count: number) => void
}

/**
 * Makes the timetable of one job. The plan is `offsetMs + n · intervalMs` after the start and nothing
 * else, so that neither late timers nor long runs ever add up.
 */
export function createJobTimetable({
  intervalMs,
  offsetMs,
  jitterMs,
  clock,
  random,
  onDue,
  onMissed,
}: JobTimetableOptions): JobTimetable {
  let plan: { readonly firstAt: number; run: number } | undefined
  let planned: Timer | undefined
  let again: Timer | undefined

  function nextInMs(): number | undefined {
    if (plan === undefined) return undefined
    return plan.firstAt + plan.run * intervalMs - clock.monotonic()
  }

  function setPlanned(): void {
    planned = clock.setTimer(onPlanned, Math.max(0, (nextInMs() ?? 0) + random() * jitterMs))
  }

  function onPlanned(): void {
    if (plan === undefined) return
    // A timer may fire a little early: the run is the planned one all the same.
    const passed = Math.floor((clock.monotonic() - plan.firstAt) / intervalMs)
    const missed = Math.max(0, passed - plan.run)
    plan.run += missed + 1
    setPlanned()
    if (missed > 0) onMissed(missed)
    onDue()
  }

  return {
    start() {
      if (plan !== undefined) return
      plan = { firstAt: clock.monotonic() + offsetMs, run: 0 }
      setPlanned()
    },
    stop() {
      plan = undefined
      planned?.cancel()
      again?.cancel()
    },
    nextInMs,
    tryAgainIn(ms) {
      const plannedInMs = nextInMs()
      if (plannedInMs === undefined || plannedInMs <= ms) return
      again?.cancel()
      again = clock.setTimer(onDue, ms)
    },
  }
}
