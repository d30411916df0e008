import { z } from 'zod'

import type { JsonValue } from '../transactions/json-value.ts'
import type { LaneObservation, TransactionVerdict } from '../transactions/transaction-sender.ts'
import type { MinedAttempt, Transaction } from '../transactions/transaction.ts'
import type { AskEndpoint } from './evm-endpoint-pool.ts'
import { blockSchema, quantitySchema, type RpcReceipt, receiptSchema } from './evm-schemas.ts'

/** When a block is taken for final. */
export type EvmFinality =
  | {
      /** Once so many blocks follow it. */
      readonly depth: number
    }
  | {
      /** Once the chain itself says so. */
      readonly tag: 'safe' | 'finalized'
    }

/** An observation, and what only several endpoints together can settle. */
export interface EvmObservation extends LaneObservation {
  /** Transactions whose nonce was used in a final block, and of which this endpoint knows no receipt. */
  readonly missing: readonly Transaction[]
  readonly head: bigint
}

/** What is looked at. */
export interface ObserveEvmLane {
  readonly account: string
  readonly transactions: readonly Transaction[]
  readonly finality: EvmFinality
}

/**
 * What one endpoint says about a lane. Receipts are asked for only below the account's next nonce: what
 * has a greater one cannot be in a block.
 */
export async function observeEvmLane(
  ask: AskEndpoint,
  { account, transactions, finality }: ObserveEvmLane,
): Promise<EvmObservation> {
  const [head, nextNonce, freeNonce] = await Promise.all([
    ask('eth_getBlockByNumber', ['latest', false], blockSchema),
    ask('eth_getTransactionCount', [account, 'latest'], quantitySchema),
    ask('eth_getTransactionCount', [account, 'pending'], quantitySchema),
  ])
  const used = transactions.filter(({ nonce }) => nonce !== null && nonce < nextNonce)
  const finalNumber = used.length === 0 ? -1n : await readFinalNumber(ask, head.number, finality)
  const receipts = await Promise.all(used.map((transaction) => readReceipt(ask, transaction)))

  const verdicts = new Map<string, TransactionVerdict>()
  const lost: Transaction[] = []
  for (const [index, transaction] of used.entries()) {
    const receipt = receipts[index] ?? null
    if (receipt === null) lost.push(transaction)
    else verdicts.set(transaction.id, minedVerdict(receipt, finalNumber))
  }
  const missing = await findFinallyUsed(ask, { account, transactions: lost, finalNumber })
  return { nextNonce, freeNonce, verdicts, missing, head: head.number }
}

/** The receipt of the attempt that is in a block, if there is one. */
export async function readReceipt(
  ask: AskEndpoint,
  { attempts }: Transaction,
): Promise<RpcReceipt | null> {
  const nullable = receiptSchema.nullable()
  for (const { hash } of attempts.toReversed()) {
    const receipt = await ask('eth_getTransactionReceipt', [hash], nullable)
    if (receipt !== null && receipt.transactionHash === hash.toLowerCase()) return receipt
  }
  return null
}

async function readFinalNumber(
  ask: AskEndpoint,
  head: bigint,
  finality: EvmFinality,
): Promise<bigint> {
  if ('depth' in finality) return head - BigInt(finality.depth)
  const block = await ask('eth_getBlockByNumber', [finality.tag, false], blockSchema.nullable())
  return block?.number ?? -1n
}

async function findFinallyUsed(
  ask: AskEndpoint,
  {
    account,
    transactions,
    finalNumber,
  }: {
    readonly account: string
    readonly transactions: readonly Transaction[]
    readonly finalNumber: bigint
  },
): Promise<readonly Transaction[]> {
  if (transactions.length === 0 || finalNumber < 0n) return []
  const at = `0x${finalNumber.toString(16)}`
  const finalNonce = await ask('eth_getTransactionCount', [account, at], quantitySchema)
  return transactions.filter(({ nonce }) => nonce !== null && nonce < finalNonce)
}

function minedVerdict(receipt: RpcReceipt, finalNumber: bigint): TransactionVerdict {
  return { kind: 'mined', mined: minedOf(receipt), isFinal: receipt.blockNumber <= finalNumber }
}

function minedOf(receipt: RpcReceipt): MinedAttempt {
  const { transactionHash, blockNumber, blockHash, status, gasUsed, effectiveGasPrice } = receipt
  return {
    hash: transactionHash,
    blockNumber,
    blockHash,
    succeeded: status === 1n,
    receipt: {
      gasUsed: String(gasUsed),
      effectiveGasPriceWei: String(effectiveGasPrice ?? 0n),
      logs: receipt.logs.map(({ address, topics, data, logIndex }) => {
        return { address, topics, data, logIndex: Number(logIndex) }
      }),
    },
  }
}

/** A receipt as {@link MinedAttempt} keeps it. */
export type EvmReceipt = z.output<typeof evmReceiptSchema>

const evmReceiptSchema = z.object({
  gasUsed: z.string().transform(BigInt),
  effectiveGasPriceWei: z.string().transform(BigInt),
  logs: z.array(
    z.object({
      address: z.custom<`0x${string}`>((value) => typeof value === 'string'),
      topics: z.array(z.custom<`0x${string}`>((value) => typeof value === 'string')),
      data: z.custom<`0x${string}`>((value) => typeof value === 'string'),
      logIndex: z.number(),
    }),
  ),
})

/** Reads the receipt of a transaction that an EVM sender has sent: its events and what it cost. */
export function readEvmReceipt({ receipt }: { readonly receipt: JsonValue }): EvmReceipt {
  return evmReceiptSchema.parse(receipt)
}
