import { type Abi, toHex } from 'viem'
import { z } from 'zod'

import type { JsonValue } from '../transactions/json-value.ts'
import type { PrepareOutcome } from '../transactions/transaction-sender.ts'
import { decodeRevert } from './decode-revert.ts'
import { type AskEndpoint, EndpointRefusal } from './evm-endpoint-pool.ts'
import type { EvmFees } from './evm-fees.ts'
import type { EvmPayload } from './evm-payload.ts'
import { quantitySchema } from './evm-schemas.ts'

/** How much gas a transaction gets. */
export interface EvmGasPolicy {
  /**
   * How much more than the estimate, in percent: state moves between the two, and a contract that
   * stores `block.timestamp` costs more in the next second.
   */
  readonly bufferPercent: number
  /** What needs more is rejected. */
  readonly gasMax: bigint
}

/** What is tried. */
export interface PrepareEvmTransaction {
  readonly account: string
  readonly payload: EvmPayload
  readonly fees: EvmFees
  readonly gas: EvmGasPolicy
  readonly errorsAbi: Abi
}

/** Lets an endpoint execute it upon its pending block, and says what gas it needs. */
export async function prepareEvmTransaction(
  ask: AskEndpoint,
  { account, payload, fees, gas, errorsAbi }: PrepareEvmTransaction,
): Promise<PrepareOutcome> {
  const { to, data = '0x', valueWei = '0' } = payload
  const call = { from: account, to, data, value: toHex(BigInt(valueWei)) }
  let estimate: bigint
  try {
    estimate = await ask('eth_estimateGas', [call, 'pending'], quantitySchema)
  } catch (error) {
    if (!(error instanceof EndpointRefusal)) throw error
    const { said, data: bytes } = error.fault
    if (said.includes('insufficient')) return { outcome: 'underfunded' }
    return { outcome: 'rejected', reason: decodeRevert(bytes, errorsAbi) }
  }
  const limit = (estimate * BigInt(100 + gas.bufferPercent) + 99n) / 100n
  if (estimate > gas.gasMax) return { outcome: 'rejected', reason: 'gas-above-maximum' }
  const balance = await ask('eth_getBalance', [account, 'pending'], quantitySchema)
  const cost = limit * fees.maxFeePerGasWei + BigInt(valueWei)
  if (balance < cost) return { outcome: 'underfunded' }
  const prepared = { gas: String(limit < gas.gasMax ? limit : gas.gasMax) }
  return { outcome: 'ready', prepared }
}

/** What {@link prepareEvmTransaction} found out. */
export function parsePrepared(prepared: JsonValue): { readonly gas: bigint } {
  return preparedSchema.parse(prepared)
}

const preparedSchema = z.object({ gas: z.string().regex(/^\d+$/).transform(BigInt) })
