/** Which keys have something to do without an event, and when. */
export interface WakeSlots {
  has(key: string): boolean
  /** When a key wakes; infinite for never. */
  at(key: string): number
  /** Sees to it that a key wakes at a moment, and at no other; infinite for never. */
  set(key: string, at: number): void
  /** When the first of them wakes; infinite for never. */
  readonly earliest: number
  /** Takes out those that wake up to a moment. */
  takeDue(upTo: number): readonly string[]
}

/** When a key wakes, and the second in which it is listed to be looked at. */
interface Wake {
  at: number
  slot: number
}

/** Keys that wake in the same second are looked at together. */
const SLOT_MS = 1_000

/** Makes a list on which nobody is. Of a key that never wakes it holds nothing. */
export function createWakeSlots(): WakeSlots {
  const wakes = new Map<string, Wake>()
  /** Who may wake when, by second: also keys that wake later by now, or not at all. */
  const slots = new Map<number, string[]>()

  function set(key: string, at: number): void {
    if (at === Infinity) {
      wakes.delete(key)
      return
    }
    const slot = Math.floor(at / SLOT_MS)
    const wake = wakes.get(key)
    // One that is listed in an earlier second is moved on when that one is looked at.
    if (wake !== undefined && wake.slot <= slot) {
      wake.at = at
      return
    }
    wakes.set(key, { at, slot })
    const listed = slots.get(slot)
    if (listed === undefined) slots.set(slot, [key])
    else listed.push(key)
  }

  return {
    has: (key) => wakes.has(key),
    at: (key) => wakes.get(key)?.at ?? Infinity,
    set,
    get earliest() {
      let earliest = Infinity
      for (const slot of [...slots.keys()].toSorted((a, b) => a - b)) {
        // Nobody wakes before its slot, but some wake after it, and are moved on when it is looked at.
        if (earliest < slot * SLOT_MS) break
        for (const key of slots.get(slot)!) {
          earliest = Math.min(earliest, wakes.get(key)?.at ?? Infinity)
        }
      }
      return earliest
    },
    takeDue(upTo) {
      const taken: string[] = []
      // Taken first: one that wakes later within its second goes back into the slot.
      const due = [...slots].filter(([slot]) => slot * SLOT_MS <= upTo)
      for (const [slot, keys] of due) {
        slots.delete(slot)
        for (const key of keys) {
          const wake = wakes.get(key)
          if (wake === undefined || wake.slot !== slot) continue
          wakes.delete(key)
          if (wake.at <= upTo) taken.push(key)
          else set(key, wake.at)
        }
      }
      return taken
    },
  }
}
