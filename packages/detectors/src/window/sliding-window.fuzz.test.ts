import fc from 'fast-check'
import { expect, test } from 'vitest'

import { decodeState, encodeState } from '../monitor/state-codec.ts'
import {
  createSlidingWindow,
  enterWindow,
  leaveWindow,
  nextLeaveAt,
  resolutionMsOf,
  type SlidingWindow,
} from './sliding-window.ts'

const KINDS = 3
const events = fc
  .array(fc.record({ gapMs: fc.nat({ max: 20 }), kind: fc.nat({ max: KINDS - 1 }) }), {
    maxLength: 300,
    size: 'max',
  })
  .map((gaps) => {
    let at = 0
    return gaps.map(({ gapMs, kind }) => ({ at: (at += gapMs), kind }))
  })
const reaches = fc.nat({ max: 100 })

test('a window counts what lies within its reach, whatever left in between and wherever it restarts', () => {
  fc.assert(
    fc.property(events, reaches, fc.array(fc.boolean()), (events, reachMs, restarts) => {
      let window = createSlidingWindow(KINDS)
      for (const [index, { at, kind }] of events.entries()) {
        if (restarts[index] === true) {
          const leavesAt = nextLeaveAt(window, reachMs)
          if (leavesAt <= at) leaveWindow(window, leavesAt, reachMs)
          window = decodeState(encodeState(window)) as SlidingWindow
        }
        leaveWindow(window, at, reachMs)
        enterWindow(window, at, kind)

        const within = events.slice(0, index + 1).filter((event) => at - event.at <= reachMs)
        expect(window.totals).toEqual(countByKind(within))
        expect(nextLeaveAt(window, reachMs)).toBe(within[0]!.at + reachMs + 1)
      }
    }),
  )
})

test('a window that ran out of places counts nothing twice, loses nothing, and is late by its resolution at most', () => {
  const spread = events.map((events) => events.map(({ at, kind }) => ({ at: at * 97, kind })))
  fc.assert(
    fc.property(spread, fc.integer({ min: 2, max: 40 }), (events, momentsMax) => {
      const reachMs = 5_000
      const window = createSlidingWindow(KINDS, momentsMax)
      for (const [index, { at, kind }] of events.entries()) {
        leaveWindow(window, at, reachMs)
        enterWindow(window, at, kind)
        expect(window.moments.length - window.first).toBeLessThanOrEqual(momentsMax)

        const [total, exact, atMost] = [
          window.totals.reduce((sum, count) => sum + count, 0),
          countWithin(events, index, reachMs),
          countWithin(events, index, reachMs + resolutionMsOf(window) - 1),
        ]
        expect(total).toBeGreaterThanOrEqual(exact)
        expect(total).toBeLessThanOrEqual(atMost)
      }
    }),
  )
})

interface Event {
  readonly at: number
  readonly kind: number
}

function countWithin(events: readonly Event[], last: number, reachMs: number): number {
  return events.filter(({ at }, index) => index <= last && events[last]!.at - at <= reachMs).length
}

function countByKind(events: readonly Event[]): number[] {
  return [0, 1, 2].map((kind) => events.filter((event) => event.kind === kind).length)
}
