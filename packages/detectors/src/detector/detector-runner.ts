import type { AccountEvent } from './account-event.ts'
import type { DetectorStep, NotEvaluable } from './detector.ts'
import type { Finding } from './finding.ts'
import { type OrderedDetector, type OrderedState, zeroVerdicts } from './in-event-order.ts'
import type { LeftOutRow } from './left-out-row.ts'
import { createWakeSlots } from './wake-slots.ts'

/** Runs one detector over the events of many keys, and keeps their states in memory. */
export interface DetectorRunner<State> {
  /** How many keys have a state here. */
  readonly size: number
  has(key: string): boolean
  /** The state of a key, for whoever stores it. */
  stateOf(key: string): StateInRunner<State> | undefined
  /** Puts a stored state in the place of whatever the key had. */
  restore(key: string, state: State, wakeAt: number): void
  /** The watermark from which some key has something to do without an event; infinite for never. */
  readonly wakeAt: number
  /** Lets keys go that wait for nothing, those first that came first, until `max` are left. */
  evict(max: number): void
  /**
   * Takes in events of any keys, in the order of delivery, and then lets time pass up to the
   * watermark, also for keys without an event.
   *
   * @param leftOut rows that were set aside; of a detector that judges by account
   */
  take(
    events: readonly AccountEvent[],
    watermark: number,
    leftOut?: readonly LeftOutRow[],
  ): RunnerStep
}

/** A state with the watermark at which it has something to do. */
export interface StateInRunner<State> {
  readonly state: State
  readonly wakeAt: number
}

/** What events of many keys led to. */
export interface RunnerStep {
  readonly findings: readonly Finding[]
  readonly late: readonly AccountEvent[]
  /** How often each rule gave a verdict. */
  readonly evaluated: Readonly<Record<string, number>>
  readonly notEvaluable: readonly NotEvaluable[]
  /** The keys whose states may have changed. */
  readonly touched: readonly string[]
}

/**
 * Makes a runner.
 *
 * @param detector the reducer
 * @param config what it is set to
 */
export function createDetectorRunner<State, Config>(
  detector: OrderedDetector<State, Config>,
  config: Config,
): DetectorRunner<OrderedState<State>> {
  // Of a key that waits for nothing, which is most of them, nothing is held but its state.
  const states = new Map<string, OrderedState<State>>()
  const wakes = createWakeSlots()
  const zeroes = zeroVerdicts(detector.rules)

  return {
    get size() {
      return states.size
    },
    has: (key) => states.has(key),
    stateOf(key) {
      const state = states.get(key)
      return state && { state, wakeAt: wakes.at(key) }
    },
    restore(key, state, wakeAt) {
      states.set(key, state)
      wakes.set(key, wakeAt)
    },
    get wakeAt() {
      return wakes.earliest
    },
    evict(max) {
      if (states.size <= max) return
      for (const key of states.keys()) {
        if (wakes.has(key)) continue
        states.delete(key)
        if (states.size <= max) return
      }
    },
    take(events, watermark, leftOut = []) {
      const batches = batchesOf(detector, events)
      const leftOutOf = Map.groupBy(leftOut, ({ accountId }) => accountId)
      for (const key of leftOutOf.keys()) if (!batches.has(key)) batches.set(key, [])
      for (const key of wakes.takeDue(watermark)) if (!batches.has(key)) batches.set(key, [])

      const all = createRunnerStep(zeroes)
      const context = { watermark, config, evaluated: all.evaluated }
      for (const [key, batch] of batches) {
        const before = states.get(key)
        const ofKey = leftOutOf.get(key)
        const step = detector.step(
          before ?? detector.init(key),
          batch,
          ofKey === undefined ? context : { ...context, leftOut: ofKey },
        )
        if (step.state !== before) states.set(key, step.state)
        wakes.set(key, step.wakeAt ?? Infinity)
        addStep(all, step)
        all.touched.push(key)
      }
      return all
    },
  }
}

/** The events of each key, in the order of delivery. */
function batchesOf(
  detector: Pick<OrderedDetector<never, never>, 'key'>,
  events: readonly AccountEvent[],
): Map<string, AccountEvent[]> {
  const batches = new Map<string, AccountEvent[]>()
  for (const event of events) {
    const key = detector.key(event)
    const batch = batches.get(key)
    if (batch === undefined) batches.set(key, [event])
    else batch.push(event)
  }
  return batches
}

interface GrowingStep extends RunnerStep {
  readonly findings: Finding[]
  readonly late: AccountEvent[]
  readonly evaluated: Record<string, number>
  readonly notEvaluable: NotEvaluable[]
  readonly touched: string[]
}

function createRunnerStep(zeroes: Readonly<Record<string, number>>): GrowingStep {
  return { findings: [], late: [], evaluated: { ...zeroes }, notEvaluable: [], touched: [] }
}

function addStep(all: GrowingStep, step: DetectorStep<AccountEvent, unknown>): void {
  if (step.findings.length > 0) all.findings.push(...step.findings)
  if (step.late.length > 0) all.late.push(...step.late)
  if (step.notEvaluable.length > 0) all.notEvaluable.push(...step.notEvaluable)
}
