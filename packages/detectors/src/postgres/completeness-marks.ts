/**
 * Tells up to when a log is complete. Every transaction that has begun to write has a number below the
 * next one, and once each lower number has ended, all that they wrote can be read.
 */
export interface CompletenessMarks {
  /**
   * Notes what a reader saw.
   *
   * @returns the latest noted moment such that all transactions that began before it had ended by now;
   *   0 when there is none yet
   */
  note(seen: SeenTransactions): number
}

/** What a reader saw of the transactions of the server. */
export interface SeenTransactions {
  /** A moment before it looked, in epoch milliseconds. */
  readonly now: number
  /** Every transaction with a lower number had ended. */
  readonly endedBelow: bigint
  /** Every transaction that had begun had a lower number. */
  readonly begunBelow: bigint
}

/** One long transaction may stay open over any number of reads. Beyond this, marks are thinned out. */
const MARKS_MAX = 256

type Mark = Pick<SeenTransactions, 'now' | 'begunBelow'>

/** Makes marks that know of no reader yet. */
export function createCompletenessMarks(): CompletenessMarks {
  /** Ascending by both. */
  let marks: readonly Mark[] = []

  function add(mark: Mark): void {
    const saysNoMore = marks.some(
      ({ now, begunBelow }) => now >= mark.now && begunBelow <= mark.begunBelow,
    )
    if (saysNoMore) return
    marks = [
      ...marks.filter((each) => each.now < mark.now && each.begunBelow < mark.begunBelow),
      mark,
      ...marks.filter((each) => each.now > mark.now && each.begunBelow > mark.begunBelow),
    ]
    if (marks.length > MARKS_MAX) marks = withoutMostNeedless(marks)
  }

  return {
    note({ now, endedBelow, begunBelow }) {
      add({ now, begunBelow })
      const reached = marks.findLastIndex((mark) => mark.begunBelow <= endedBelow)
      if (reached === -1) return 0
      marks = marks.slice(reached)
      return marks[0]!.now
    },
  }
}

/** Leaves out the mark between the two others that lie closest together. */
function withoutMostNeedless(marks: readonly Mark[]): readonly Mark[] {
  let needless = 1
  let closestMs = Infinity
  for (let index = 1; index < marks.length - 1; index += 1) {
    const apartMs = marks[index + 1]!.now - marks[index - 1]!.now
    if (apartMs < closestMs) [needless, closestMs] = [index, apartMs]
  }
  return marks.toSpliced(needless, 1)
}
