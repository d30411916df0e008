import { createMonitor } from '@assay/detectors'
import {
  createPostgresEventSource,
  createPostgresLedgerRepository,
  createPostgresMonitorStore,
  migrations,
} from '@assay/detectors/postgres'

import { createBenchDatabase } from '../bench-database.ts'
import { atMost, atMostOfPeer, type Figure } from '../figure.ts'
import { payments } from './detector-peers.ts'

const rowsADay = 6_000
const seconds = 60

export const figure: Figure = {
  id: 'monitor.idle',
  targets: [atMost(1, '% CPU'), atMostOfPeer(256, 'RSS MB')],
  // A festival's day of rows is there already, and goes on at its pace; the monitor polls as by default
  // and reconciles every account on which something happens.
  async measure() {
    const database = await createBenchDatabase(migrations)
    const ledger = createPostgresLedgerRepository(database.client)
    const monitor = createMonitor({
      sources: [createPostgresEventSource(database.client)],
      store: createPostgresMonitorStore(database.client),
      reconciliation: { ledger },
    })
    const stopping = new AbortController()
    try {
      const all = [...payments(rowsADay + 100, 2_000)].flatMap((event) =>
        event.kind === 'transaction' ? [event] : [],
      )
      await ledger.addTransactions(all.slice(0, rowsADay))
      await monitor.cycle()
      const running = monitor.run({ signal: stopping.signal })
      await pause(5_000)

      const cpuBefore = process.cpuUsage()
      const startedAt = performance.now()
      const everyMs = 86_400_000 / rowsADay
      for (let row = 0; row * everyMs < seconds * 1_000; row += 1) {
        await ledger.addTransactions([{ ...all[rowsADay + row]!, eventTime: Date.now() }])
        await pause(Math.min(everyMs, seconds * 1_000 - row * everyMs))
      }
      const { user, system } = process.cpuUsage(cpuBefore)
      const elapsedMs = performance.now() - startedAt
      stopping.abort()
      await running
      return {
        value: ((user + system) / 1_000 / elapsedMs) * 100,
        unit: '% CPU',
        peers: { 'RSS MB': process.memoryUsage.rss() / 1e6 },
        n: rowsADay,
      }
    } finally {
      stopping.abort()
      await monitor.close()
      await database.drop()
    }
  },
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms))
}
