import { createDetectorRunner } from '@assay/detectors'

import { atLeast, type Figure, timesMoreThan } from '../figure.ts'
import { interleave } from '../interleave.ts'
import { createFourDetectors, payments } from './detector-peers.ts'
import { createStatelessRules } from './json-rules-peers.ts'

const rows = 1_000_000
const cards = 100_000
/** As many as take the peer about as long as our detectors take for all. */
const rowsOfPeer = 2_000
const page = 1_000

export const figure: Figure = {
  id: 'pass.rows',
  targets: [atLeast(2_000_000, 'rows/s'), timesMoreThan(80, 'json-rules-engine')],
  // All four detectors judge every row, account by account, as `detectX` delivers a repository's rows.
  async measure() {
    const detector = createFourDetectors()
    const inOrder = [...payments(rows, cards)]
    const byAccount = [...Map.groupBy(inOrder, ({ accountId }) => accountId)]
    const judgeByRules = createStatelessRules()
    const some = inOrder.slice(0, rowsOfPeer)

    const { accounts, arrival, rules } = await interleave(
      {
        accounts: () => {
          const context = { watermark: Number.POSITIVE_INFINITY, config: undefined }
          let found = 0
          for (const [key, events] of byAccount) {
            found += detector.step(detector.init(key), events, context).findings.length
          }
          if (found > 0) throw new Error('Something was found where nothing is.')
        },
        arrival: () => {
          const runner = createDetectorRunner(detector, undefined)
          for (let from = 0; from < rows; from += page) {
            const events = inOrder.slice(from, from + page)
            runner.take(events, events.at(-1)!.eventTime - 1)
          }
          if (runner.size !== cards) throw new Error('Cards are missing.')
        },
        rules: async () => {
          for (const event of some) await judgeByRules(event)
        },
      },
      { operations: rows, rounds: 9 },
    )
    return {
      value: 1e9 / accounts,
      unit: 'rows/s',
      peers: {
        'in order of arrival': 1e9 / arrival,
        'json-rules-engine': (1e9 / rules) * (rowsOfPeer / rows),
      },
      n: rows,
    }
  },
}
