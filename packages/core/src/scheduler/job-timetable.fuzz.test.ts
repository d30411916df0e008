import fc from 'fast-check'
import { expect, test } from 'vitest'

import type { Clock } from '../runtime/clock.ts'
import { createJobTimetable } from './job-timetable.ts'

/** A clock whose timers fire as late, or as early, as it is told. */
function createUnsteadyClock() {
  let now = 0
  let waiting: { callback: () => void; dueAt: number } | undefined
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    sleep: () => Promise.reject(new Error('A timetable does not sleep.')),
    setTimer(callback, ms) {
      waiting = { callback, dueAt: now + ms }
      return { cancel: () => (waiting = undefined) }
    },
  }
  function fire(latenessMs: number): void {
    if (waiting === undefined) throw new Error('No timer is set.')
    const { callback, dueAt } = waiting
    now = Math.max(now, dueAt + latenessMs)
    callback()
  }
  return { clock, fire }
}

const latenesses = fc.array(
  fc.oneof(
    fc.double({ min: -1, max: 20, noNaN: true }),
    // As after a standstill of the whole process.
    fc.double({ min: 0, max: 5_000, noNaN: true }),
  ),
  { minLength: 1, maxLength: 60 },
)

test('every moment of the plan is run once or counted as missed, however late timers fire', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 5, max: 1_000 }),
      fc.integer({ min: 0, max: 2_000 }),
      fc.double({ min: 0, max: 0.99, noNaN: true }),
      latenesses,
      (intervalMs, offsetMs, draw, lateByMs) => {
        const { clock, fire } = createUnsteadyClock()
        const jitterMs = Math.max(0, intervalMs - 2)
        let ran = 0
        let missed = 0
        const timetable = createJobTimetable({
          intervalMs,
          offsetMs,
          jitterMs,
          clock,
          random: () => draw,
          onDue: () => (ran += 1),
          onMissed: (count) => (missed += count),
        })
        timetable.start()
        for (const latenessMs of lateByMs) {
          fire(latenessMs)
          // The next run is the first of the plan that neither ran nor was missed.
          const nextAt = clock.monotonic() + (timetable.nextInMs() ?? Number.NaN)
          expect(nextAt).toBeCloseTo(offsetMs + (ran + missed) * intervalMs, 6)
          // It is ahead, and no further than a timer that fires early makes it.
          expect(nextAt).toBeGreaterThan(clock.monotonic())
          expect(nextAt).toBeLessThanOrEqual(clock.monotonic() + intervalMs + 1.000_001)
        }
        expect(ran).toBe(lateByMs.length)
      },
    ),
  )
})
