import { fork } from 'node:child_process'
import { join } from 'node:path'

import { createMonitor, type MonitorStore } from '@assay/detectors'
import {
  createPostgresEventSource,
  createPostgresMonitorStore,
  listenOnPgPool,
  migrations,
} from '@assay/detectors/postgres'

import { createBenchDatabase } from '../bench-database.ts'
import { atLeast, atMostOfPeer, type Figure } from '../figure.ts'

const ratePerSecond = 12_000
const seconds = 30
const cards = 100_000
/** What is still missing this long after the last row was committed is not found in time. */
const graceMs = 30_000

export const figure: Figure = {
  id: 'monitor.stream',
  targets: [atLeast(10_000, 'rows/s'), atMostOfPeer(2_000, 'p99 ms')],
  // Another process commits 12,000 payments a second, twenty of them charged on a failure; the
  // monitor reads them in continuous mode, and a finding counts when its commit is through.
  async measure() {
    const database = await createBenchDatabase(migrations)
    const committedAt = new Map<string, number>()
    const foundAt = new Map<string, number>()
    const stopping = new AbortController()
    const source = createPostgresEventSource(database.client, {
      listen: listenOnPgPool(database.pool),
    })
    const monitor = createMonitor({
      sources: [source],
      store: noting(createPostgresMonitorStore(database.client), foundAt),
      mode: 'continuous',
      batchSize: 2_000,
    })
    const running = monitor.run({ signal: stopping.signal })
    try {
      const insertedMs = await insert(database.url, committedAt)
      const endsAt = Date.now() + graceMs
      while (foundAt.size < committedAt.size && Date.now() < endsAt) await pause(100)
      const latencies = [...committedAt]
        .map(([id, at]) => (foundAt.get(id) ?? Number.POSITIVE_INFINITY) - at)
        .toSorted((a, b) => a - b)
      const rows = ratePerSecond * seconds
      const lastFoundMs = Math.max(...foundAt.values()) - Math.max(...committedAt.values())
      return {
        // The time from the first commit to the last finding.
        value: (rows / (insertedMs + Math.max(0, lastFoundMs - LATENESS_MS))) * 1_000,
        unit: 'rows/s',
        peers: {
          'p50 ms': latencies[Math.floor(latencies.length * 0.5)] ?? Number.NaN,
          'p99 ms': latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN,
          'missing findings': committedAt.size - foundAt.size,
          'RSS MB': process.memoryUsage.rss() / 1e6,
        },
        n: rows,
      }
    } finally {
      stopping.abort()
      await running
      await monitor.close()
      await database.drop()
    }
  },
}

/** What every finding waits for in continuous mode, so that an event may overtake another. */
const LATENESS_MS = 1_000

function noting(store: MonitorStore, foundAt: Map<string, number>): MonitorStore {
  return {
    ...store,
    async commit(commit) {
      const outcome = await store.commit(commit)
      for (const { ruleId, transactionIds } of outcome === 'committed' ? commit.findings : []) {
        const [id] = transactionIds
        if (ruleId === 'transactions.charged-on-failure' && id !== undefined) {
          if (!foundAt.has(id)) foundAt.set(id, Date.now())
        }
      }
      return outcome
    },
  }
}

interface Message {
  readonly planted?: string
  readonly committedAt?: number
  readonly insertedMs?: number
}

function insert(url: string, committedAt: Map<string, number>): Promise<number> {
  return new Promise((resolve, reject) => {
    let insertedMs = Number.NaN
    const args = [url, ratePerSecond, seconds, cards].map(String)
    const child = fork(join(import.meta.dirname, 'insert-rows-peers.ts'), args)
    child.on('message', (message: Message) => {
      insertedMs = message.insertedMs ?? insertedMs
      if (message.planted !== undefined) {
        committedAt.set(message.planted, message.committedAt ?? Number.NaN)
      }
    })
    child.on('error', reject)
    child.on('exit', (code) => {
      if (code === 0) resolve(insertedMs)
      else reject(new Error(`The process that inserts rows ended with ${code}.`))
    })
  })
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms))
}
