import type { AccountEvent } from './account-event.ts'
import type { DetectorStep, NotEvaluable } from './detector.ts'
import type { Finding } from './finding.ts'
import { type OrderedDetector, type OrderedState, zeroVerdicts } from './in-event-order.ts'

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
   */
  take(events: readonly AccountEvent[], watermark: number): RunnerStep
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

interface Entry<State> {
  readonly key: string
  state: State
  /** Events that wait for the step under way. */
  batch: AccountEvent[]
  /** The slot in which it waits to be woken; none is after all of them. */
  slot: number
}

/** Keys that wake in the same second are looked at together. */
const SLOT_MS = 1_000
/** Shared by all that wait for nothing; never added to. */
const NO_EVENTS: AccountEvent[] = []
/** No second of any event; an infinity would take a box of its own in each entry. */
const NO_SLOT = -(2 ** 31)

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
  const entries = new Map<string, Entry<OrderedState<State>>>()
  const zeroes = zeroVerdicts(detector.rules)
  /** When each key wakes that waits for time to pass. Most wait for none, and carry no moment. */
  const wakes = new Map<string, number>()
  /** Who wakes when: by second, those that may. */
  const slots = new Map<number, Entry<OrderedState<State>>[]>()

  function entryOf(key: string): Entry<OrderedState<State>> {
    let entry = entries.get(key)
    if (entry === undefined) {
      entry = { key, state: detector.init(key), batch: NO_EVENTS, slot: NO_SLOT }
      entries.set(key, entry)
    }
    return entry
  }

  /** Sees to it that an entry is looked at when its time has come. */
  function setWake(entry: Entry<OrderedState<State>>, wakeAt: number): void {
    if (wakeAt === Infinity) {
      wakes.delete(entry.key)
      return
    }
    wakes.set(entry.key, wakeAt)
    const slot = Math.floor(wakeAt / SLOT_MS)
    // One that waits in an earlier slot is moved on when that one is looked at.
    if (entry.slot !== NO_SLOT && entry.slot <= slot) return
    entry.slot = slot
    const waiting = slots.get(slot)
    if (waiting === undefined) slots.set(slot, [entry])
    else waiting.push(entry)
  }

  function addAwake(touched: Entry<OrderedState<State>>[], watermark: number): void {
    // Taken first: one that wakes later within its second goes back into the slot.
    const due = [...slots].filter(([slot]) => slot * SLOT_MS <= watermark)
    for (const [slot, waiting] of due) {
      slots.delete(slot)
      for (const entry of waiting) {
        if (entry.slot !== slot) continue
        entry.slot = NO_SLOT
        if (entries.get(entry.key) !== entry || entry.batch.length > 0) continue
        const wakeAt = wakes.get(entry.key) ?? Infinity
        if (wakeAt <= watermark) touched.push(entry)
        else setWake(entry, wakeAt)
      }
    }
  }

  return {
    get size() {
      return entries.size
    },
    has: (key) => entries.has(key),
    stateOf(key) {
      const entry = entries.get(key)
      return entry && { state: entry.state, wakeAt: wakes.get(key) ?? Infinity }
    },
    restore(key, state, wakeAt) {
      const entry: Entry<OrderedState<State>> = {
        key,
        state,
        batch: NO_EVENTS,
        slot: NO_SLOT,
      }
      entries.set(key, entry)
      setWake(entry, wakeAt)
    },
    get wakeAt() {
      let earliest = Infinity
      for (const slot of [...slots.keys()].toSorted((a, b) => a - b)) {
        // Nobody wakes before its slot, but some wake after it, and are moved on when it is looked at.
        if (earliest < slot * SLOT_MS) break
        for (const { key } of slots.get(slot)!) {
          earliest = Math.min(earliest, wakes.get(key) ?? Infinity)
        }
      }
      return earliest
    },
    evict(max) {
      if (entries.size <= max) return
      for (const key of entries.keys()) {
        if (wakes.has(key)) continue
        entries.delete(key)
        if (entries.size <= max) return
      }
    },
    take(events, watermark) {
      const touched: Entry<OrderedState<State>>[] = []
      for (const event of events) {
        const entry = entryOf(detector.key(event))
        if (entry.batch.length > 0) {
          entry.batch.push(event)
        } else {
          entry.batch = [event]
          touched.push(entry)
        }
      }
      addAwake(touched, watermark)

      const all = createRunnerStep(zeroes)
      const context = { watermark, config, evaluated: all.evaluated }
      for (const entry of touched) {
        const step = detector.step(entry.state, entry.batch, context)
        entry.state = step.state
        entry.batch = NO_EVENTS
        setWake(entry, step.wakeAt ?? Infinity)
        addStep(all, step)
        all.touched.push(entry.key)
      }
      return all
    },
  }
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
