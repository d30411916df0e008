import type { Clock } from '../runtime/clock.ts'
import { type AskEndpoint, EndpointRefusal, type EvmEndpointPool } from './evm-endpoint-pool.ts'
import { type EvmFeePolicy, type EvmFees, firstFees } from './evm-fees.ts'
import { blockSchema, quantitySchema } from './evm-schemas.ts'

/** The base fee changes with each block, and no chain makes one sooner. */
const FRESH_MS = 200

/** Makes what reads the fees of now, once for all that ask within a fifth of a second. */
export function createFeeReader(
  pool: EvmEndpointPool,
  { policy, clock }: { readonly policy: EvmFeePolicy; readonly clock: Clock },
): (signal: AbortSignal) => Promise<EvmFees> {
  let reading: { readonly at: number; readonly fees: Promise<EvmFees> } | undefined

  return (signal) => {
    const now = clock.monotonic()
    if (reading !== undefined && now - reading.at < FRESH_MS) return reading.fees
    const fees = pool.read((ask) => readFees(ask, policy), signal)
    const begun = { at: now, fees }
    reading = begun
    fees.catch(() => {
      if (reading === begun) reading = undefined
    })
    return fees
  }
}

/** What a first attempt would offer now. */
async function readFees(ask: AskEndpoint, policy: EvmFeePolicy): Promise<EvmFees> {
  const [{ baseFeePerGas = 0n }, tipWei] = await Promise.all([
    ask('eth_getBlockByNumber', ['latest', false], blockSchema),
    readTip(ask),
  ])
  return firstFees({ baseFeeWei: baseFeePerGas, tipWei }, policy)
}

const GWEI = 1_000_000_000n

/** Some nodes have no suggestion to make. */
async function readTip(ask: AskEndpoint): Promise<bigint> {
  try {
    return await ask('eth_maxPriorityFeePerGas', [], quantitySchema)
  } catch (error) {
    if (error instanceof EndpointRefusal) return GWEI
    throw error
  }
}
