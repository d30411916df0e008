import { atLeast, type Figure, timesMoreThan } from '../figure.ts'
import { startOracleBench } from './market-peers.ts'
import { measureRounds } from './measure-rounds-peers.ts'

export const figure: Figure = {
  id: 'write.batched',
  targets: [atLeast(900, 'updates/s'), timesMoreThan(4, 'viem')],
  // Up to 200 updates in a transaction; the peer knows no batches and sends one for each.
  async measure() {
    const bench = await startOracleBench({ isBatched: true })
    try {
      return await measureRounds(bench, { ours: 2_000, viem: 500 })
    } finally {
      await bench.close()
    }
  },
}
