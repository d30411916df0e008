import { createDetectorRunner, type AccountEvent } from '@assay/detectors'

import { atMost, type Figure } from '../figure.ts'
import { createFourDetectors, payments } from './detector-peers.ts'

const rows = 1_000_000
const cards = 100_000
const page = 1_000
const allowedLatenessMs = 10_000

export const figure: Figure = {
  id: 'runner.rss',
  targets: [atMost(256, 'MB')],
  // V8 lets its heap grow as far as the machine has memory, unless it is told what there is. What the
  // heap may take, and what node takes beside it, together stay below the target.
  nodeFlags: ['--max-old-space-size=144', '--max-semi-space-size=4'],
  // The whole process, after a day of rows that nobody keeps has gone through all four detectors.
  async measure() {
    const runner = createDetectorRunner(createFourDetectors(), undefined)
    let peak = 0
    for (const events of pages(payments(rows, cards))) {
      runner.take(events, events.at(-1)!.eventTime - allowedLatenessMs)
      peak = Math.max(peak, process.memoryUsage.rss())
    }
    if (runner.size !== cards) throw new Error('Cards are missing.')
    globalThis.gc?.()
    const heap = process.memoryUsage().heapUsed
    return { value: peak / 1e6, unit: 'MB', peers: { 'heap at the end': heap / 1e6 }, n: cards }
  },
}

function* pages(events: Iterable<AccountEvent>): Generator<AccountEvent[]> {
  let batch: AccountEvent[] = []
  for (const event of events) {
    batch.push(event)
    if (batch.length === page) {
      yield batch
      batch = []
    }
  }
}
