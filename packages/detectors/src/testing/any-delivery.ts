import fc from 'fast-check'

import type { Delivery } from './deliver-events.ts'

/** Draws how up to so many events are delivered. */
export function anyDelivery(eventsMax: number): fc.Arbitrary<Delivery> {
  const ofEach = { minLength: eventsMax, maxLength: eventsMax }
  return fc.record({
    lateByMs: fc.constantFrom(0, 5, 50, 1_000),
    delays: fc.array(fc.nat({ max: 1_000 }), ofEach),
    again: fc.array(fc.boolean(), ofEach),
    pageSizes: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 10 }),
    lagsMs: fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 10 }),
  })
}
