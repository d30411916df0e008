/**
 * The backend's own process: it asks for every change, and works until it is stopped or killed. It may be
 * killed at any moment; the next one goes on.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { createTransactionManager } from '@assay/core'
import { createEvmSender } from '@assay/core/evm'
import { createPostgresTransactionStore } from '@assay/core/postgres'
import { createPrometheusMetrics } from '@assay/core/prometheus'
import {
  createOracleClient,
  evmOracleContract,
  readOracleEnvironment,
  statusOfCall,
} from '@assay/oracle'
import { marketOracleAbi } from '@assay/oracle/contracts'
import { createPostgresOracleCallStore } from '@assay/oracle/postgres'
import promClient from 'prom-client'
import { type Address, createPublicClient, http } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'

import { intentOf, MARKETS, positionChanges } from './changes.ts'
import { openDatabase } from './database.ts'
import { UPDATER_KEY } from './deployment.ts'

const [nodeUrl = '', place = '', oracleAddress = '', batcherAddress = '', count = '0'] =
  process.argv.slice(2)

const database = await openDatabase(place)
const registry = new promClient.Registry()
const metrics = createPrometheusMetrics({ registry })

const transactions = createTransactionManager({
  sender: createEvmSender({
    chainId: 31_337,
    endpoints: [
      {
        name: 'anvil',
        client: createPublicClient({ transport: http(nodeUrl, { retryCount: 0 }) }),
      },
    ],
    signers: [privateKeyToAccount(UPDATER_KEY)],
    finality: { depth: 1 },
    metrics,
  }),
  store: createPostgresTransactionStore(database.client),
  // One that was killed holds its lane for as long as the lease lasts: here a second.
  policy: { pollMs: 100, roundTimeoutMs: 1_000, leaseMs: 1_000 },
  metrics,
})
const oracle = createOracleClient({
  transactions,
  store: createPostgresOracleCallStore(database.client),
  contract: evmOracleContract({
    chainId: 31_337,
    address: oracleAddress as Address,
    abi: marketOracleAbi,
    functions: { updateRaffleProbability: {} },
    markets: MARKETS,
    batcher: { address: batcherAddress as Address, updatesMax: 5 },
  }),
  policy: { pollMs: 100, inFlightMax: 1, ...readOracleEnvironment(process.env) },
  metrics,
})

const server = createServer((_request, response) => {
  void registry.metrics().then((text) => response.end(text))
}).listen(0, '127.0.0.1')
await once(server, 'listening')

const stopping = new AbortController()
process.on('SIGTERM', () => stopping.abort())
const { signal } = stopping
const running = Promise.all([transactions.run({ signal }), oracle.run({ signal })])

for (const change of positionChanges(Number(count))) await oracle.submit(intentOf(change))
process.send?.({ metricsPort: (server.address() as AddressInfo).port })
await settle()
const history = (await oracle.history({ limit: 10_000 })).toReversed()
process.send?.({
  history: history.map((call) => ({
    id: String(call.id),
    status: statusOfCall(call),
    transactionHash: call.transactionHash,
    args: call.args,
  })),
})

await running
await oracle.close()
await transactions.close()
server.close()
await database.close()

/** Until every change has come to its end. */
async function settle(): Promise<void> {
  for (const { id } of await oracle.history({ limit: 10_000 })) {
    await oracle.wait(id, 'confirmed', { signal })
  }
}
