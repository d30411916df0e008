import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

import { migrate } from '@assay/core'
import { fromPgPool, migrations as coreMigrations } from '@assay/core/postgres'
import { createSeededRandom } from '@assay/core/testing'
import {
  type Anvil,
  ANVIL_KEYS,
  describeAnvil,
  describePostgres,
  startAnvil,
} from '@assay/test-servers'
import { type Address, createWalletClient, http, parseAbiItem, publicActions } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { foundry } from 'viem/chains'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'

import { marketOracleAbi, marketOracleBytecode } from '../solidity/market-oracle.ts'
import { migrations } from './migrations.ts'
import { createPostgresOracleCallStore } from './postgres-oracle-call-store.ts'

const UPDATES = 25
const MARKET: Address = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8'

/** What a process of its own runs: it asks for all updates under their keys, and works until it dies. */
const worker = `
  import { createTransactionManager } from '@assay/core'
  import { createEvmSender } from '@assay/core/evm'
  import { createPostgresTransactionStore, fromPgPool } from '@assay/core/postgres'
  import { createOracleClient, evmOracleContract } from '@assay/oracle'
  import { createPostgresOracleCallStore } from '@assay/oracle/postgres'
  import { marketOracleAbi } from '@assay/oracle/contracts'
  import pg from 'pg'
  import { createPublicClient, http } from 'viem'
  import { privateKeyToAccount } from 'viem/accounts'

  const [databaseUrl, nodeUrl, address, key] = process.argv.slice(1)
  const database = fromPgPool(new pg.Pool({ connectionString: databaseUrl, max: 4 }))
  const client = createPublicClient({ transport: http(nodeUrl, { retryCount: 0 }) })
  const transactions = createTransactionManager({
    sender: createEvmSender({
      chainId: 31337,
      endpoints: [{ name: 'anvil', client }],
      signers: [privateKeyToAccount(key)],
      finality: { depth: 1 },
    }),
    store: createPostgresTransactionStore(database),
    policy: { pollMs: 50, inFlightMax: 4, resendAfterMs: 1_000, roundTimeoutMs: 1_000, leaseMs: 1_000 },
  })
  const market = '${MARKET}'
  const oracle = createOracleClient({
    transactions,
    store: createPostgresOracleCallStore(database),
    contract: evmOracleContract({
      chainId: 31337,
      address,
      abi: marketOracleAbi,
      functions: { updateRaffleProbability: {} },
      markets: [market],
    }),
    policy: { pollMs: 50, inFlightMax: 4 },
  })
  const intents = Array.from({ length: ${UPDATES} }, (_, n) => ({
    idempotencyKey: 'update-' + (n + 1),
    market,
    functionName: 'updateRaffleProbability',
    args: [market, n + 1],
    observedAt: 0,
    sequence: BigInt(n + 1),
    policy: 'every',
  }))
  await oracle.submitMany(intents)
  process.send('working')
  await Promise.all([transactions.run(), oracle.run()])
`

describePostgres('oracle clients in processes of their own', (database) => {
  describeAnvil('on one account of a real node', () => {
    let anvil: Anvil
    let address: Address
    const client = () => fromPgPool(database().pool)
    const node = () =>
      createWalletClient({
        account: privateKeyToAccount(ANVIL_KEYS[0]),
        chain: foundry,
        transport: http(anvil.url),
        pollingInterval: 50,
      }).extend(publicActions)

    beforeEach(async () => {
      await client().query('drop schema public cascade')
      await client().query('create schema public')
      await migrate(client(), coreMigrations)
      await migrate(client(), migrations)
      anvil = await startAnvil({ flags: ['--block-time', '1'] })
      const owner = node()
      const deployed = await owner.deployContract({
        abi: marketOracleAbi,
        bytecode: marketOracleBytecode,
      })
      address = (await owner.waitForTransactionReceipt({ hash: deployed })).contractAddress!
      const args = [privateKeyToAccount(ANVIL_KEYS[1]).address, true] as const
      const allowed = await owner.writeContract({
        address,
        abi: marketOracleAbi,
        functionName: 'setUpdater',
        args,
      })
      await owner.waitForTransactionReceipt({ hash: allowed })
    })
    afterEach(() => anvil.close())

    async function startWorker(): Promise<ChildProcess> {
      const flags = ['--conditions=@assay/source', '--input-type=module', '--eval', worker, '--']
      const child = spawn(
        process.execPath,
        [...flags, database().url, anvil.url, address, ANVIL_KEYS[1]],
        {
          cwd: import.meta.dirname,
          stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        },
      )
      onTestFinished(() => void child.kill('SIGKILL'))
      await once(child, 'message')
      return child
    }

    async function succeededCalls(): Promise<number> {
      return (await createPostgresOracleCallStore(client()).history({ status: 'success' })).length
    }

    async function writes(): Promise<readonly number[]> {
      const event = parseAbiItem(
        'event RaffleProbabilityUpdated(address indexed fpmm, uint256 bps, uint256 at)',
      )
      const logs = await node().getLogs({ address, event, fromBlock: 0n })
      return logs.map(({ args }) => Number(args.bps))
    }

    test('write each of 25 updates once, in order, though they are killed again and again', async () => {
      const random = createSeededRandom(7)
      const workers = [await startWorker(), await startWorker()]
      for (let kills = 0; kills < 6 && (await succeededCalls()) < UPDATES; kills += 1) {
        const victim = workers[kills % workers.length]!
        // A moment that no test chooses: real time passes, and nothing depends on how much.
        await client().query('select pg_sleep($1::float8)', [0.1 + random() * 0.9])
        victim.kill('SIGKILL')
        await once(victim, 'close')
        workers[kills % workers.length] = await startWorker()
      }
      while ((await succeededCalls()) < UPDATES) await client().query('select pg_sleep(0.2)')

      const expected = Array.from({ length: UPDATES }, (_, n) => n + 1)
      expect(await writes()).toEqual(expected)
      const history = await createPostgresOracleCallStore(client()).history({})
      expect(history.map(({ args }) => Number(args[1])).toReversed()).toEqual(expected)
      expect(history.every(({ transactionHash }) => transactionHash !== null)).toBe(true)
    }, 120_000)
  })
})
