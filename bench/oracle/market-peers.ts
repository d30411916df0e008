import { createTransactionManager, type TransactionManager } from '@assay/core'
import { createEvmSender, type EvmPayload } from '@assay/core/evm'
import { createPostgresTransactionStore } from '@assay/core/postgres'
import {
  createOracleClient,
  evmOracleContract,
  type OracleClient,
  type OracleIntent,
} from '@assay/oracle'
import {
  marketOracleAbi,
  marketOracleBytecode,
  oracleBatcherAbi,
  oracleBatcherBytecode,
} from '@assay/oracle/contracts'
import { createPostgresOracleCallStore, migrations } from '@assay/oracle/postgres'
import { type Anvil, ANVIL_KEYS, startAnvil } from '@assay/test-servers/start-anvil'
import {
  type Address,
  createNonceManager,
  createWalletClient,
  getAddress,
  http,
  publicActions,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { foundry } from 'viem/chains'
import { jsonRpc } from 'viem/nonce'

import { type BenchDatabase, createBenchDatabase } from '../bench-database.ts'

/** A node with the contracts, a database, and both ways to write to them. */
export interface OracleBench {
  readonly database: BenchDatabase
  /** Writes so many values by the oracle client, over PostgreSQL. @returns the milliseconds until all are on chain */
  writeDurably(count: number): Promise<number>
  /** The same by viem with its nonce manager, which forgets everything. */
  writeByViem(count: number): Promise<number>
  close(): Promise<void>
}

/** Updates that are on their way at once. */
const PIPELINE = 50

/** Values of different markets, so that none takes the place of another. */
export function intentsOf(count: number, round: number): readonly OracleIntent[] {
  return Array.from({ length: count }, (_, n): OracleIntent => {
    const market = marketOf(n)
    return {
      idempotencyKey: `round-${round}/${n}`,
      market,
      functionName: 'updateRaffleProbability',
      args: [market, (n + round) % 10_000],
      observedAt: round,
      sequence: BigInt(round),
    }
  })
}

export function marketOf(n: number): Address {
  return getAddress(`0x${(n + 0x10_000).toString(16).padStart(40, '0')}`)
}

/** @param options.isBatched whether calls share transactions of a batcher, up to 200 each */
export async function startOracleBench({
  isBatched,
}: {
  readonly isBatched: boolean
}): Promise<OracleBench> {
  const anvil = await startAnvil()
  const database = await createBenchDatabase(migrations)
  const { oracle, batcher } = await deploy(anvil)
  const client = createWalletClient({
    chain: foundry,
    transport: http(anvil.url, { retryCount: 0 }),
  })
  const transactions = createTransactionManager({
    sender: createEvmSender({
      chainId: anvil.chainId,
      endpoints: [{ name: 'anvil', client }],
      signers: [privateKeyToAccount(ANVIL_KEYS[1])],
      finality: { depth: 0 },
      gas: { gasMax: 29_000_000n },
    }),
    store: createPostgresTransactionStore(database.client),
    policy: { pollMs: 5, inFlightMax: PIPELINE },
  })
  const ours = createOracleClient({
    transactions,
    store: createPostgresOracleCallStore(database.client),
    contract: evmOracleContract({
      chainId: anvil.chainId,
      address: oracle,
      abi: marketOracleAbi,
      functions: { updateRaffleProbability: {} },
      markets: () => true,
      ...(isBatched ? { batcher: { address: batcher } } : {}),
    }),
    policy: { pollMs: 5, inFlightMax: isBatched ? 4 : PIPELINE },
  })
  const stopping = new AbortController()
  const running = Promise.all([run(transactions, stopping.signal), run(ours, stopping.signal)])
  const viem = viemWriter(anvil, oracle)
  let round = 0

  return {
    database,
    async writeDurably(count) {
      round += 1
      const begun = performance.now()
      const submitted = await ours.submitMany(intentsOf(count, round))
      await waitForAll(
        ours,
        submitted.map(({ id }) => id),
      )
      return performance.now() - begun
    },
    async writeByViem(count) {
      round += 1
      const begun = performance.now()
      await viem(intentsOf(count, round))
      return performance.now() - begun
    },
    async close() {
      stopping.abort()
      await running
      await ours.close()
      await transactions.close()
      await database.drop()
      await anvil.close()
    },
  }
}

async function run(
  worker: TransactionManager<EvmPayload> | OracleClient,
  signal: AbortSignal,
): Promise<void> {
  await worker.run({ signal })
}

/** Without anybody's help it would be one wait for each. */
async function waitForAll(oracle: OracleClient, ids: readonly bigint[]): Promise<void> {
  for (const id of ids) {
    const call = await oracle.wait(id, 'confirmed')
    if (call.state !== 'succeeded')
      throw new Error(`Call ${id} ${call.state}: ${call.errorMessage}`)
  }
}

/** What one would write with viem alone: send with the nonce manager, wait for the receipt. */
function viemWriter(
  anvil: Anvil,
  address: Address,
): (intents: readonly OracleIntent[]) => Promise<void> {
  const nonceManager = createNonceManager({ source: jsonRpc() })
  const account = privateKeyToAccount(ANVIL_KEYS[2], { nonceManager })
  const client = createWalletClient({
    account,
    chain: foundry,
    transport: http(anvil.url),
    pollingInterval: 5,
  }).extend(publicActions)

  async function write({ args }: OracleIntent): Promise<void> {
    const hash = await client.writeContract({
      address,
      abi: marketOracleAbi,
      functionName: 'updateRaffleProbability',
      args: [args[0] as Address, BigInt(args[1] as number)],
    })
    const { status } = await client.waitForTransactionReceipt({ hash })
    if (status !== 'success') throw new Error('viem: the transaction was reverted.')
  }

  return async (intents) => {
    const waiting = [...intents]
    const worker = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await write(next)
    }
    await Promise.all(Array.from({ length: PIPELINE }, worker))
  }
}

async function deploy(anvil: Anvil): Promise<{ oracle: Address; batcher: Address }> {
  const owner = createWalletClient({
    account: privateKeyToAccount(ANVIL_KEYS[0]),
    chain: foundry,
    transport: http(anvil.url),
    pollingInterval: 5,
  }).extend(publicActions)
  const addressOf = async (hash: `0x${string}`): Promise<Address> =>
    (await owner.waitForTransactionReceipt({ hash })).contractAddress!
  const oracle = await addressOf(
    await owner.deployContract({ abi: marketOracleAbi, bytecode: marketOracleBytecode }),
  )
  const batcher = await addressOf(
    await owner.deployContract({ abi: oracleBatcherAbi, bytecode: oracleBatcherBytecode }),
  )
  const writers = [batcher, ...ANVIL_KEYS.slice(1).map((key) => privateKeyToAccount(key).address)]
  for (const writer of writers) {
    const args = [writer, true] as const
    await owner.writeContract({
      address: oracle,
      abi: marketOracleAbi,
      functionName: 'setUpdater',
      args,
    })
  }
  const args = [privateKeyToAccount(ANVIL_KEYS[1]).address, true] as const
  await owner.writeContract({
    address: batcher,
    abi: oracleBatcherAbi,
    functionName: 'setOperator',
    args,
  })
  return { oracle, batcher }
}
