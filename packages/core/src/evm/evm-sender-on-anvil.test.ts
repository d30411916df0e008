import { type Anvil, ANVIL_KEYS, describeAnvil, startAnvil } from '@assay/test-servers'
import { createWalletClient, encodeFunctionData, type Hex, http, publicActions } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { foundry } from 'viem/chains'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { createTestClock, type TestClock } from '../testing/test-clock.ts'
import { createTransactionManager } from '../transactions/create-transaction-manager.ts'
import { createMemoryTransactionStore } from '../transactions/memory-transaction-store.ts'
import type { TransactionManager } from '../transactions/transaction-manager.ts'
import type { Transaction } from '../transactions/transaction.ts'
import { createEvmSender, type EvmSenderOptions } from './create-evm-sender.ts'
import type { EvmPayload } from './evm-payload.ts'
import { notebookAbi, notebookBytecode } from './solidity/notebook.ts'

const signer = privateKeyToAccount(ANVIL_KEYS[1])
const GWEI = 1_000_000_000n

describeAnvil('createEvmSender, under the transaction manager, on a real node', () => {
  let anvil: Anvil
  let notebook: Hex
  let clock: TestClock

  beforeEach(async () => {
    anvil = await startAnvil()
    clock = createTestClock({ now: 1_800_000_000_000 })
    const deployer = wallet(ANVIL_KEYS[0])
    const hash = await deployer.deployContract({ abi: notebookAbi, bytecode: notebookBytecode })
    const { contractAddress } = await deployer.waitForTransactionReceipt({ hash })
    notebook = contractAddress!
  })
  afterEach(() => anvil.close())

  const wallet = (key: Hex) =>
    createWalletClient({
      account: privateKeyToAccount(key),
      chain: foundry,
      transport: http(anvil.url),
      pollingInterval: 20,
    }).extend(publicActions)

  const senderTo = (options: Partial<EvmSenderOptions> = {}) =>
    createEvmSender({
      chainId: anvil.chainId,
      endpoints: [{ name: 'anvil', client: wallet(ANVIL_KEYS[0]) }],
      signers: [signer],
      finality: { depth: 2 },
      errorsAbi: notebookAbi,
      clock,
      ...options,
    })

  const managerOf = (options: Partial<EvmSenderOptions> = {}): TransactionManager<EvmPayload> =>
    createTransactionManager({
      sender: senderTo(options),
      store: createMemoryTransactionStore(),
      policy: { resendAfterMs: 10_000, replaceAfterMs: 30_000 },
      clock,
    })

  const lines = async (): Promise<readonly number[]> => {
    const read = { address: notebook, abi: notebookAbi, functionName: 'read' } as const
    return (await wallet(ANVIL_KEYS[0]).readContract(read)).map(Number)
  }
  const toWrite = (line: number): EvmPayload => ({
    to: notebook,
    data: encodeFunctionData({ abi: notebookAbi, functionName: 'write', args: [BigInt(line)] }),
  })
  const mine = (blocks = 1) => anvil.request('anvil_mine', [`0x${blocks.toString(16)}`])

  async function enqueue(
    transactions: TransactionManager<EvmPayload>,
    ...payloads: readonly EvmPayload[]
  ): Promise<readonly string[]> {
    const requests = payloads.map((payload, index) => ({
      idempotencyKey: `line-${index}-${JSON.stringify(payload)}`,
      payload,
    }))
    return (await transactions.enqueue(requests)).map(({ transaction }) => transaction.id)
  }

  /** Takes rounds, each a second after the other and with a block, until nothing is on its way. */
  async function settle(
    transactions: TransactionManager<EvmPayload>,
    id = '',
  ): Promise<Transaction<EvmPayload> | null> {
    for (let round = 1; round <= 20; round += 1) {
      const { live, hasMore, errors } = await transactions.tick()
      expect(errors).toBe(0)
      if (live === 0 && !hasMore && round > 1) break
      await mine()
      await clock.advance(1_000)
    }
    return transactions.get(id)
  }

  test('executes transactions in the order in which they were asked for', async () => {
    const transactions = managerOf()
    const [first = ''] = await enqueue(transactions, toWrite(1), toWrite(2), toWrite(3))
    const settled = await settle(transactions, first)
    expect(settled).toMatchObject({ state: 'confirmed', nonce: 0n, mined: { succeeded: true } })
    expect(await lines()).toEqual([1, 2, 3])
  })

  test('gives no nonce to what would revert, and says why in the words of the contract', async () => {
    const transactions = managerOf()
    const data = encodeFunctionData({ abi: notebookAbi, functionName: 'refuse', args: [7n] })
    const [id = ''] = await enqueue(transactions, { to: notebook, data }, toWrite(1))
    expect(await settle(transactions, id)).toMatchObject({
      state: 'rejected',
      reason: 'reverted: Refused(7)',
      nonce: null,
    })
    expect(await lines()).toEqual([1])
  })

  test('says that it was reverted when it fails in its block', async () => {
    const transactions = managerOf()
    await anvil.request('evm_setAutomine', [false])
    const { timestamp } = await wallet(ANVIL_KEYS[0]).getBlock()
    const args = [9n, timestamp + 500n] as const
    const data = encodeFunctionData({ abi: notebookAbi, functionName: 'writeBefore', args })
    const [id = ''] = await enqueue(transactions, { to: notebook, data })
    await transactions.tick()
    await anvil.request('evm_increaseTime', [600])
    expect(await settle(transactions, id)).toMatchObject({
      state: 'reverted',
      mined: { succeeded: false },
    })
    expect(await lines()).toEqual([])
  })

  test('sends again what the node has dropped', async () => {
    const transactions = managerOf()
    await anvil.request('evm_setAutomine', [false])
    const [id = ''] = await enqueue(transactions, toWrite(1))
    await transactions.tick()
    await anvil.request('anvil_dropAllTransactions')
    await mine()
    expect(await lines()).toEqual([])
    await clock.advance(10_000)
    expect(await settle(transactions, id)).toMatchObject({ state: 'confirmed' })
    expect(await lines()).toEqual([1])
  })

  test('replaces at the same nonce what a rising base fee holds up', async () => {
    const transactions = managerOf()
    await anvil.request('evm_setAutomine', [false])
    const [id = ''] = await enqueue(transactions, toWrite(1))
    await transactions.tick()
    await anvil.request('anvil_setNextBlockBaseFeePerGas', [`0x${(50n * GWEI).toString(16)}`])
    await mine()
    expect(await lines()).toEqual([])
    await clock.advance(30_000)
    const settled = await settle(transactions, id)
    expect(settled).toMatchObject({ state: 'confirmed', nonce: 0n })
    expect(settled?.attempts).toHaveLength(2)
    expect(settled?.mined?.hash).toBe(settled?.attempts[1]?.hash)
    expect(await lines()).toEqual([1])
  })

  test('offers no more than the cap, and says that it is stuck', async () => {
    const transactions = managerOf({ fees: { maxFeePerGasCapWei: 3n * GWEI } })
    await anvil.request('evm_setAutomine', [false])
    const [id = ''] = await enqueue(transactions, toWrite(1))
    await transactions.tick()
    await anvil.request('anvil_setNextBlockBaseFeePerGas', [`0x${(50n * GWEI).toString(16)}`])
    await mine()
    await clock.advance(30_000)
    await transactions.tick()
    expect(transactions.status()[0]?.troubles).toEqual(['stuck'])
    const waiting = await transactions.get(id)
    expect(waiting?.attempts).toHaveLength(1)
  })

  test('follows its transaction through a reorganisation', async () => {
    const transactions = managerOf()
    await anvil.request('evm_setAutomine', [false])
    const [id = ''] = await enqueue(transactions, toWrite(1))
    await transactions.tick()
    await mine()
    await transactions.tick()
    const before = await transactions.get(id)
    expect(before?.state).toBe('mined')
    await anvil.request('anvil_reorg', [1, []])
    await transactions.tick()
    expect((await transactions.get(id))?.state).not.toBe('mined')
    await clock.advance(10_000)
    const settled = await settle(transactions, id)
    expect(settled?.state).toBe('confirmed')
    expect(settled?.mined?.blockHash).not.toBe(before?.mined?.blockHash)
    expect(await lines()).toEqual([1])
  })

  test('has gas to spare for what costs more in the next second', async () => {
    const transactions = managerOf()
    await anvil.request('evm_setAutomine', [false])
    const ids = await enqueue(transactions, toWrite(1), toWrite(2), toWrite(3))
    await transactions.tick()
    await anvil.request('evm_increaseTime', [5])
    await settle(transactions)
    for (const id of ids) expect((await transactions.get(id))?.state).toBe('confirmed')
  })

  test('waits for funds without a nonce, and goes on once they are there', async () => {
    const transactions = managerOf()
    await anvil.request('anvil_setBalance', [signer.address, '0x0'])
    const [id = ''] = await enqueue(transactions, toWrite(1))
    await transactions.tick()
    expect(transactions.status()[0]?.troubles).toEqual(['underfunded'])
    expect(await transactions.get(id)).toMatchObject({ state: 'queued', nonce: null })
    await anvil.request('anvil_setBalance', [signer.address, '0x56bc75e2d63100000'])
    await clock.advance(1_000)
    expect(await settle(transactions, id)).toMatchObject({ state: 'confirmed' })
    expect(transactions.status()[0]?.troubles).toEqual([])
  })

  test('tells a nonce that its key used elsewhere from one of its own', async () => {
    const transactions = managerOf()
    await anvil.request('evm_setAutomine', [false])
    const [id = ''] = await enqueue(transactions, toWrite(1))
    await transactions.tick()
    await anvil.request('anvil_dropAllTransactions')
    const elsewhere = wallet(ANVIL_KEYS[1])
    await elsewhere.sendTransaction({ to: signer.address, value: 1n, nonce: 0 })
    expect(await settle(transactions, id)).toMatchObject({ state: 'conflict', mined: null })
    expect(transactions.status()[0]?.troubles).toEqual(['conflict'])
    expect(await lines()).toEqual([])
  })

  test('takes the nonce away from what is cancelled on its way', async () => {
    const transactions = managerOf()
    await anvil.request('evm_setAutomine', [false])
    const [id = '', next = ''] = await enqueue(transactions, toWrite(1), toWrite(2))
    await transactions.tick()
    expect(await transactions.cancel(id)).toMatchObject({ outcome: 'cancelling' })
    expect(await settle(transactions, id)).toMatchObject({ state: 'abandoned', nonce: 0n })
    expect(await transactions.get(next)).toMatchObject({ state: 'confirmed', nonce: 1n })
    expect(await lines()).toEqual([2])
  })

  test('does not start on another chain than it is set to', async () => {
    const transactions = managerOf({ chainId: 1 })
    await expect(transactions.recover()).rejects.toMatchObject({ code: 'CHAIN_MISMATCH' })
    await expect(transactions.run()).rejects.toMatchObject({ code: 'CHAIN_MISMATCH' })
  })

  test('reads from the second endpoint while the first is down', async () => {
    const down = createWalletClient({
      chain: foundry,
      transport: http('http://127.0.0.1:9/secret-key', { retryCount: 0 }),
    })
    const endpoints = [
      { name: 'down', client: down },
      { name: 'anvil', client: wallet(ANVIL_KEYS[0]) },
    ]
    const transactions = managerOf({ endpoints })
    const [id = ''] = await enqueue(transactions, toWrite(1))
    expect(await settle(transactions, id)).toMatchObject({ state: 'confirmed' })
  })
})
