/** When each tick was, in epoch milliseconds, ascending. Ticks are numbered from 0. */
export interface TickTimes {
  /** Number of the oldest tick that is remembered. */
  readonly start: number
  /** Number of the next tick. */
  readonly end: number
  at(tick: number): number
  append(time: number): void
  /** Forgets what was before `time`. */
  forgetBefore(time: number): void
  /** Number of the first tick at `time` or later. */
  firstFrom(time: number): number
  /** Number of the first tick later than `time`. */
  firstAfter(time: number): number
}

export function createTickTimes(): TickTimes {
  let times = new Float64Array(64)
  let start = 0
  let end = 0

  const at = (tick: number): number => times[tick & (times.length - 1)]!

  function first(isReached: (tickTime: number) => boolean): number {
    let low = start
    let high = end
    while (low < high) {
      const middle = (low + high) >>> 1
      if (isReached(at(middle))) high = middle
      else low = middle + 1
    }
    return low
  }

  return {
    get start() {
      return start
    },
    get end() {
      return end
    },
    at,
    append(time) {
      if (end - start === times.length) {
        const grown = new Float64Array(times.length * 2)
        for (let tick = start; tick < end; tick += 1) grown[tick & (grown.length - 1)] = at(tick)
        times = grown
      }
      times[end & (times.length - 1)] = time
      end += 1
    },
    forgetBefore(time) {
      while (start < end && at(start) < time) start += 1
    },
    firstFrom: (time) => first((tickTime) => tickTime >= time),
    firstAfter: (time) => first((tickTime) => tickTime > time),
  }
}
