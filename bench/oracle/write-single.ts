import { atLeast, type Figure, timesMoreThan } from '../figure.ts'
import { startOracleBench } from './market-peers.ts'
import { measureRounds } from './measure-rounds-peers.ts'

/** Of one round: ours and the peer take turns. */
const COUNT = 500

export const figure: Figure = {
  id: 'write.single',
  targets: [atLeast(170, 'updates/s'), timesMoreThan(0.9, 'viem')],
  // One transaction for each update, 50 of them on their way, on a node that mines each at once.
  async measure() {
    const bench = await startOracleBench({ isBatched: false })
    try {
      return await measureRounds(bench, { ours: COUNT, viem: COUNT })
    } finally {
      await bench.close()
    }
  },
}
