import { createMemoryTransactionStore, createTransactionManager } from '@assay/core'
import { createEvmSender } from '@assay/core/evm'
import { createTestClock, type TestClock } from '@assay/core/testing'
import { type Anvil, ANVIL_KEYS, describeAnvil, startAnvil } from '@assay/test-servers'
import { type Address, createWalletClient, getAddress, type Hex, http, publicActions } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { foundry } from 'viem/chains'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { createMemoryOracleCallStore } from '../calls/memory-oracle-call-store.ts'
import { evmOracleContract } from '../evm-contract/evm-oracle-contract.ts'
import { marketOracleAbi, marketOracleBytecode } from '../solidity/market-oracle.ts'
import { oracleBatcherAbi, oracleBatcherBytecode } from '../solidity/oracle-batcher.ts'
import { createOracleClient, type OracleClientOptions } from './create-oracle-client.ts'
import type { OracleIntent } from './oracle-client.ts'

const MARKETS = Array.from({ length: 200 }, (_, n) =>
  getAddress(`0x${(n + 0x1000).toString(16).padStart(40, '0')}`),
)
const signer = privateKeyToAccount(ANVIL_KEYS[1])

describeAnvil('createOracleClient, on a real node', () => {
  let anvil: Anvil
  let clock: TestClock
  let oracle: Address
  let batcher: Address

  const wallet = (key: Hex) =>
    createWalletClient({
      account: privateKeyToAccount(key),
      chain: foundry,
      transport: http(anvil.url),
      pollingInterval: 20,
    }).extend(publicActions)

  beforeEach(async () => {
    anvil = await startAnvil()
    clock = createTestClock({ now: 1_800_000_000_000 })
    const owner = wallet(ANVIL_KEYS[0])
    const deploy = async (abi: typeof marketOracleAbi | typeof oracleBatcherAbi, bytecode: Hex) => {
      const hash = await owner.deployContract({ abi, bytecode })
      return (await owner.waitForTransactionReceipt({ hash })).contractAddress!
    }
    oracle = await deploy(marketOracleAbi, marketOracleBytecode)
    batcher = await deploy(oracleBatcherAbi, oracleBatcherBytecode)
    for (const updater of [batcher, signer.address]) {
      const args = [updater, true] as const
      await owner.writeContract({
        address: oracle,
        abi: marketOracleAbi,
        functionName: 'setUpdater',
        args,
      })
    }
    const args = [signer.address, true] as const
    await owner.writeContract({
      address: batcher,
      abi: oracleBatcherAbi,
      functionName: 'setOperator',
      args,
    })
  })
  afterEach(() => anvil.close())

  function start({ isBatched, ...options }: { isBatched: boolean } & Partial<OracleClientOptions>) {
    const transactions = createTransactionManager({
      sender: createEvmSender({
        chainId: anvil.chainId,
        endpoints: [{ name: 'anvil', client: wallet(ANVIL_KEYS[0]) }],
        signers: [signer],
        finality: { depth: 1 },
        errorsAbi: [...marketOracleAbi, ...oracleBatcherAbi],
        clock,
      }),
      store: createMemoryTransactionStore(),
      clock,
    })
    const client = createOracleClient({
      transactions,
      store: createMemoryOracleCallStore(),
      contract: evmOracleContract({
        chainId: anvil.chainId,
        address: oracle,
        abi: marketOracleAbi,
        functions: { updateRaffleProbability: {}, updateMarketSentiment: {} },
        markets: MARKETS,
        ...(isBatched ? { batcher: { address: batcher } } : {}),
      }),
      clock,
      ...options,
    })
    const settle = async (): Promise<void> => {
      for (let round = 1; round <= 30; round += 1) {
        const { carried, sent } = await client.tick()
        await transactions.tick()
        await anvil.request('anvil_mine', ['0x1'])
        await clock.advance(1_000)
        if (carried === 0 && sent === 0 && round > 8) return
      }
    }
    return { client, transactions, settle }
  }

  const intent = (n: number, changes: Partial<OracleIntent> = {}): OracleIntent => {
    const market = MARKETS[n % MARKETS.length]!
    return {
      idempotencyKey: `intent-${n}`,
      market,
      functionName: 'updateRaffleProbability',
      args: [market, 100 + n],
      observedAt: clock.now(),
      sequence: BigInt(n),
      ...changes,
    }
  }
  const priceOf = async (market: Address): Promise<readonly number[]> => {
    const read = {
      address: oracle,
      abi: marketOracleAbi,
      functionName: 'raffleProbability',
    } as const
    return (await wallet(ANVIL_KEYS[0]).readContract({ ...read, args: [market] })).map(Number)
  }

  test('carries 200 updates in one transaction, each written once', async () => {
    const { client, transactions, settle } = start({ isBatched: true })
    const submitted = await client.submitMany(MARKETS.map((_, n) => intent(n)))
    await settle()
    const calls = await client.history({ status: 'success', limit: 1_000 })
    expect(calls).toHaveLength(200)
    expect(new Set(calls.map(({ transactionHash }) => transactionHash)).size).toBe(1)
    expect(await transactions.list()).toHaveLength(1)
    for (const n of [0, 99, 199]) expect(await priceOf(MARKETS[n]!)).toMatchObject([100 + n, {}, 1])
    expect(submitted[7]?.outcome).toBe('queued')
  })

  test('knows which update of a batch failed inside, and tries only that one again', async () => {
    const { client, settle } = start({ isBatched: true, policy: { attemptsMax: 2 } })
    const owner = wallet(ANVIL_KEYS[0])
    const close = { address: oracle, abi: marketOracleAbi, functionName: 'setClosed' } as const
    await owner.writeContract({ ...close, args: [MARKETS[1]!, true] })
    await client.submitMany([intent(0), intent(1), intent(2)])
    await settle()
    const [third, second, first] = await client.history()
    expect([first?.state, second?.state, third?.state]).toEqual([
      'succeeded',
      'failed',
      'succeeded',
    ])
    expect(second).toMatchObject({ attemptCount: 2, errorCode: 'ORACLE_CALL_REVERTED' })
    expect(second?.errorMessage).toBe(`reverted: MarketClosed(${MARKETS[1]})`)
    expect(await priceOf(MARKETS[0]!)).toMatchObject([100, {}, 1])
    expect(await client.attempts(second!.id)).toHaveLength(2)
  })

  test('writes without a batcher, one transaction for each call, in order', async () => {
    const { client, transactions, settle } = start({ isBatched: false })
    const market = MARKETS[5]!
    const every = [1, 2, 3].map((n) => intent(n, { market, args: [market, n], policy: 'every' }))
    await client.submitMany(every)
    await settle()
    expect(await priceOf(market)).toMatchObject([3, {}, 3])
    expect(await transactions.list()).toHaveLength(3)
  })

  test('writes only the newest of several values', async () => {
    const { client, settle } = start({ isBatched: true })
    const market = MARKETS[5]!
    for (const n of [1, 2, 3]) await client.submit(intent(n, { market, args: [market, n] }))
    await settle()
    expect(await priceOf(market)).toMatchObject([3, {}, 1])
    const states = (await client.history()).map(({ state }) => state)
    expect(states).toEqual(['succeeded', 'superseded', 'superseded'])
  })

  test('counts tries by market, and tells people at the cutoff and when it works again', async () => {
    const told: string[] = []
    const alerts = {
      fire: async ({ name, labels }: { name: string; labels: object }) =>
        void told.push(`${name} ${JSON.stringify(labels)}`),
      resolve: async ({ name }: { name: string }) => void told.push(`${name} resolved`),
    }
    const { client, settle } = start({ isBatched: false, alerts })
    const owner = wallet(ANVIL_KEYS[0])
    const close = { address: oracle, abi: marketOracleAbi, functionName: 'setClosed' } as const
    await owner.writeContract({ ...close, args: [MARKETS[0]!, true] })
    const { id } = await client.submit(intent(0))
    await settle()
    expect(told).toEqual([`OracleMarketFailing {"component":"oracle","market":"${MARKETS[0]}"}`])
    expect(client.failingMarkets()).toMatchObject([{ market: MARKETS[0], alerting: true }])
    await owner.writeContract({ ...close, args: [MARKETS[0]!, false] })
    for (let round = 1; round <= 6; round += 1) await settle()
    expect(await client.wait(id, 'confirmed')).toMatchObject({ state: 'succeeded' })
    expect(told.at(-1)).toBe('OracleMarketFailing resolved')
    expect(client.failingMarkets()).toEqual([])
  })

  test.each<[string, Partial<OracleIntent>]>([
    ['ORACLE_MARKET_UNKNOWN', { market: signer.address, args: [signer.address, 1] }],
    ['ORACLE_FUNCTION_UNKNOWN', { functionName: 'setUpdater' }],
    ['ORACLE_ARGS_INVALID', { args: [MARKETS[0], 'many'] }],
    ['ORACLE_ARGS_INVALID', { args: [MARKETS[0]] }],
    ['ORACLE_ARGS_INVALID', { args: [MARKETS[1], 1] }],
    ['ORACLE_BPS_OUT_OF_RANGE', { args: [MARKETS[0], 10_001] }],
    ['ORACLE_INTENT_INVALID', { idempotencyKey: '' }],
  ])('refuses with %s what cannot be written, before it is stored: %o', async (code, changes) => {
    const { client } = start({ isBatched: true })
    await expect(client.submit(intent(0, changes))).rejects.toMatchObject({ code })
    expect(await client.history()).toEqual([])
  })
})
