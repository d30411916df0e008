/** How far a backlog has come, by the events that were read of it. */
export interface BacklogTime {
  /**
   * Takes in the times of events, in the order in which they were read.
   *
   * @returns the moment that has been reached, in epoch milliseconds; `null` before enough was read
   */
  note(eventTimes: Iterable<number>): number | null
}

/** The most recent events of which the median counts: fewer than half may be wrong. */
const RECENT = 501

/** So many events ahead of what has been reached are not wrong: the log has its times mixed. */
const AHEAD_MAX = 10_000

/**
 * Follows the median event time of the last 501 events, which single events with a wrong time do not
 * move. Where that leaves more than 10,000 events ahead, it goes on to the middle of those, so
 * that no more than that wait for it. It never goes back.
 */
export function createBacklogTime(): BacklogTime {
  const recent = new Float64Array(RECENT)
  let read = 0
  let ahead: number[] = []
  let reached: number | null = null

  function reach(moment: number): void {
    reached = Math.max(reached ?? moment, moment)
    const from = reached
    ahead = ahead.filter((time) => time > from)
  }

  return {
    note(eventTimes) {
      for (const time of eventTimes) {
        recent[read % RECENT] = time
        read += 1
        ahead.push(time)
      }
      if (read < RECENT) return reached
      reach(recent.toSorted()[(RECENT - 1) / 2]!)
      if (ahead.length > AHEAD_MAX) {
        reach(Float64Array.from(ahead).sort()[Math.floor(ahead.length / 2)]!)
      }
      return reached
    },
  }
}
