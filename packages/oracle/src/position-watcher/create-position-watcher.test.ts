import { AssayError } from '@assay/core'
import type { EvmClient } from '@assay/core/evm'
import { createTestClock } from '@assay/core/testing'
import { type Anvil, ANVIL_KEYS, describeAnvil, startAnvil } from '@assay/test-servers'
import { type Address, createWalletClient, http, publicActions } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { foundry } from 'viem/chains'
import { afterEach, beforeEach, expect, test } from 'vitest'

import type { OracleIntent } from '../client/oracle-client.ts'
import { marketOracleAbi, marketOracleBytecode } from '../solidity/market-oracle.ts'
import { createPositionWatcher, type PositionWatcherOptions } from './create-position-watcher.ts'
import { createMemoryPositionCursorStore } from './position-cursor-store.ts'
import type { ToIntents } from './position-watcher.ts'

const MARKET: Address = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8'
const PLAYERS = ['alice', 'bob']

describeAnvil('createPositionWatcher, on a real node', () => {
  let anvil: Anvil
  let contract: Address
  let taken: OracleIntent[]
  let cursors: ReturnType<typeof createMemoryPositionCursorStore>

  const node = () =>
    createWalletClient({
      account: privateKeyToAccount(ANVIL_KEYS[0]),
      chain: foundry,
      transport: http(anvil.url),
      pollingInterval: 20,
    }).extend(publicActions)

  beforeEach(async () => {
    anvil = await startAnvil()
    taken = []
    cursors = createMemoryPositionCursorStore()
    const owner = node()
    const hash = await owner.deployContract({
      abi: marketOracleAbi,
      bytecode: marketOracleBytecode,
    })
    contract = (await owner.waitForTransactionReceipt({ hash })).contractAddress!
  })
  afterEach(() => anvil.close())

  /** A position changes: here an update of the contract stands for it. */
  async function change(bps: number): Promise<void> {
    const hash = await node().writeContract({
      address: contract,
      abi: marketOracleAbi,
      functionName: 'updateRaffleProbability',
      args: [MARKET, BigInt(bps)],
    })
    await node().waitForTransactionReceipt({ hash })
  }
  const mine = (blocks: number) => anvil.request('anvil_mine', [`0x${blocks.toString(16)}`])

  /** One change is a new probability for every player. */
  const toIntents: ToIntents = ({ key, args, sequence, observedAt }) =>
    PLAYERS.map((player) => ({
      idempotencyKey: `${key}/${player}`,
      market: String(args['fpmm']),
      functionName: 'updateRaffleProbability',
      args: [args['fpmm'], args['bps']],
      observedAt,
      sequence,
      player,
    }))

  const watcherOf = (options: Partial<PositionWatcherOptions> = {}) =>
    createPositionWatcher({
      name: 'positions',
      chainId: anvil.chainId,
      endpoints: [{ name: 'anvil', client: node() }],
      watch: { addresses: [contract], abi: marketOracleAbi },
      toIntents,
      oracle: {
        submitMany: async (intents) => {
          taken.push(...intents)
          return []
        },
      },
      cursors,
      fromBlock: 0n,
      clock: createTestClock(),
      ...options,
    })
  const values = () => taken.map(({ args, player }) => `${player} ${Number(args[1])}`)

  test('makes of one change a value for every participant, once its block is final', async () => {
    const watcher = watcherOf({ finality: { depth: 2 } })
    await change(5_000)
    expect(await watcher.look()).toMatchObject({ events: 0 })
    await mine(2)
    expect(await watcher.look()).toMatchObject({ events: 1, submitted: 2, refused: 0 })
    expect(values()).toEqual(['alice 5000', 'bob 5000'])
    expect(await watcher.look()).toMatchObject({ events: 0 })
    const { timestamp } = await node().getBlock({ blockNumber: 2n })
    expect(taken[0]?.observedAt).toBe(Number(timestamp) * 1_000)
  })

  test('goes on after downtime where it stopped, some blocks at a time', async () => {
    await change(1)
    const before = watcherOf({ finality: { depth: 0 } })
    await before.look()
    await before.close()
    for (const bps of [2, 3, 4]) await change(bps)
    const after = watcherOf({ finality: { depth: 0 }, blocksMax: 2 })
    expect(await after.look()).toMatchObject({ events: 2, hasMore: true })
    expect(await after.look()).toMatchObject({ events: 1, hasMore: false })
    expect(values().filter((value) => value.startsWith('alice'))).toEqual(
      [1, 2, 3, 4].map((bps) => `alice ${bps}`),
    )
    const sequences = taken.map(({ sequence }) => sequence)
    expect(sequences).toEqual(sequences.toSorted((one, other) => (one < other ? -1 : 1)))
  })

  test('reads again what the chain has taken back though it was final', async () => {
    await change(1)
    await change(2)
    const watcher = watcherOf({ finality: { depth: 0 } })
    await watcher.look()
    await anvil.request('anvil_reorg', [1, []])
    await mine(1)
    await change(3)
    await watcher.look()
    expect(values()).toContain('alice 3')
    // What is read again comes under the same keys, so that the oracle knows it.
    const firsts = taken.filter(({ args }) => Number(args[1]) === 1)
    expect(new Set(firsts.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(PLAYERS.length)
  })

  test('hands on each value by itself where the oracle refuses one, and counts it', async () => {
    await change(1)
    const submitMany = async (intents: readonly OracleIntent[]) => {
      if (intents.some(({ player }) => player === 'alice')) {
        throw new AssayError('ORACLE_SEQUENCE_STALE', { message: 'Stale.', retry: 'never' })
      }
      taken.push(...intents)
      return []
    }
    const watcher = watcherOf({ finality: { depth: 0 }, oracle: { submitMany } })
    expect(await watcher.look()).toMatchObject({ events: 1, submitted: 1, refused: 1 })
    expect(values()).toEqual(['bob 1'])
  })

  test('reads the same blocks again when the oracle could not take what follows', async () => {
    await change(1)
    let isDown = true
    const submitMany = async (intents: readonly OracleIntent[]) => {
      if (isDown) throw new Error('The database is down.')
      taken.push(...intents)
      return []
    }
    const watcher = watcherOf({ finality: { depth: 0 }, oracle: { submitMany } })
    await expect(watcher.look()).rejects.toThrow('down')
    isDown = false
    expect(await watcher.look()).toMatchObject({ events: 1, submitted: 2 })
  })

  test('asks for fewer blocks where the endpoint gives no more at once', async () => {
    for (const bps of [1, 2, 3, 4, 5]) await change(bps)
    const real = node()
    const client: EvmClient = {
      async request({ method, params }) {
        const [{ fromBlock, toBlock } = { fromBlock: '0x0', toBlock: '0x0' }] = params as {
          fromBlock: string
          toBlock: string
        }[]
        if (method === 'eth_getLogs' && Number(toBlock) - Number(fromBlock) > 1) {
          throw new Error('range is too large')
        }
        return (real as EvmClient).request({ method, params })
      },
    }
    const endpoints = [{ name: 'strict', client }]
    const watcher = watcherOf({ finality: { depth: 0 }, blocksMax: 8, endpoints })
    for (let looks = 1; looks <= 12 && values().length < 10; looks += 1) {
      await watcher.look().catch(() => {})
    }
    expect(values().filter((value) => value.startsWith('bob'))).toEqual(
      [1, 2, 3, 4, 5].map((bps) => `bob ${bps}`),
    )
  })
})
