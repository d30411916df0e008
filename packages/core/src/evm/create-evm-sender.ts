import { type Abi, type Address, keccak256 } from 'viem'

import {
  assertDurationMs,
  assertWholeNumber,
  InvalidOptionError,
} from '../errors/invalid-option-error.ts'
import { type Logger, silentLogger } from '../logger/logger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { noMetrics } from '../metrics/no-metrics.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import type {
  BroadcastOutcome,
  SignOutcome,
  SignRequest,
  TransactionSender,
} from '../transactions/transaction-sender.ts'
import type { Transaction } from '../transactions/transaction.ts'
import { classifyBroadcast } from './classify-broadcast.ts'
import {
  createEvmEndpointPool,
  type EvmEndpointPool,
  type EvmEndpointPoolOptions,
} from './evm-endpoint-pool.ts'
import type { EvmEndpoint } from './evm-endpoint.ts'
import { type EvmFeePolicy, type EvmFees, formatFees, parseFees, raisedFees } from './evm-fees.ts'
import { assertEvmPayload, type EvmPayload } from './evm-payload.ts'
import { quantitySchema } from './evm-schemas.ts'
import type { EvmSigner, EvmTransactionToSign } from './evm-signer.ts'
import { type EvmFinality, observeEvmLane, readReceipt } from './observe-evm-lane.ts'
import {
  type EvmGasPolicy,
  parsePrepared,
  prepareEvmTransaction,
} from './prepare-evm-transaction.ts'
import { createFeeReader } from './read-fees.ts'

/** Options of {@link createEvmSender}; the chain, the endpoints and the signers are required. */
export interface EvmSenderOptions {
  /** The number of the chain (EIP-155). Endpoints that serve another one are not used. */
  readonly chainId: number
  /** In the order in which they are asked. What is sent goes to all of them. */
  readonly endpoints: readonly EvmEndpoint[]
  /** One for each account. */
  readonly signers: readonly EvmSigner[]
  /** When a block is final. Default `{ depth: 12 }`. */
  readonly finality?: EvmFinality | undefined
  /** Caps in wei. Default 500 gwei, of which 50 for the builder of the block. */
  readonly fees?: Partial<EvmFeePolicy> | undefined
  /** Default a buffer of 20 % and at most 16,777,216. */
  readonly gas?: Partial<EvmGasPolicy> | undefined
  /** The errors of the contracts that are called, so that a revert can be read. */
  readonly errorsAbi?: Abi | undefined
  /** How long one request may take, in milliseconds. Default 10,000. */
  readonly requestTimeoutMs?: number | undefined
  readonly clock?: Clock | undefined
  readonly metrics?: Metrics | undefined
  readonly logger?: Logger | undefined
}

const GWEI = 1_000_000_000n
/** What a transfer costs on Ethereum (yellow paper, appendix G). */
const TRANSFER_GAS = 21_000n
/** What Ethereum takes at most (EIP-7825). */
const TRANSACTION_GAS_MAX = 16_777_216n

/**
 * Makes the way to an EVM chain for `createTransactionManager`: EIP-1559 fees with a cap, replacements
 * that every pool takes, reads that go on to the next endpoint, and broadcasts to all of them.
 *
 * @param options.chainId which chain
 * @param options.endpoints clients of viem, without retries of their own
 * @param options.signers local accounts of viem, or what signs remotely
 * @param options.finality after how many blocks, or by which tag of the chain
 * @throws {InvalidOptionError} `INVALID_OPTION`
 *
 * @example
 * ```ts
 * import { createMemoryTransactionStore, createTransactionManager } from '@assay/core'
 * import { createEvmSender } from '@assay/core/evm'
 * import { createPublicClient, http } from 'viem'
 * import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
 *
 * const sender = createEvmSender({
 *   chainId: 8453,
 *   endpoints: ['https://mainnet.base.org', 'https://base.example'].map((url, index) => ({
 *     name: `endpoint-${index}`,
 *     client: createPublicClient({ transport: http(url, { retryCount: 0 }) }),
 *   })),
 *   signers: [privateKeyToAccount(generatePrivateKey())],
 *   finality: { tag: 'finalized' },
 * })
 * const store = createMemoryTransactionStore()
 * const transactions = createTransactionManager({ sender, store })
 * console.log(sender.chain) // eip155:8453
 * ```
 */
export function createEvmSender(options: EvmSenderOptions): TransactionSender<EvmPayload> {
  const settings = parseOptions(options)
  const { chainId, signers, finality, fees: feePolicy, gas, errorsAbi, clock } = settings
  const pool = createEvmEndpointPool(settings)
  const signerOf = new Map(signers.map((signer) => [signer.address, signer]))
  const currentFees = createFeeReader(pool, { policy: feePolicy, clock })

  /** Some chains charge more than others for doing nothing. */
  async function readCancelGas(account: string, signal: AbortSignal): Promise<bigint> {
    const call = { from: account, to: account, value: '0x0' }
    const estimate = await pool
      .read((ask) => ask('eth_estimateGas', [call], quantitySchema), signal)
      .catch(() => 0n)
    signal.throwIfAborted()
    return estimate > TRANSFER_GAS ? estimate : TRANSFER_GAS
  }

  async function sign(request: SignRequest<EvmPayload>): Promise<SignOutcome> {
    const { account, attempts, signal } = request
    const signer = signerOf.get(account as Address)
    if (signer === undefined) throw new Error(`Nobody signs for ${account}.`)
    const now = await currentFees(signal)
    const before = attempts.at(-1)
    const fees = before === undefined ? now : raisedFees(parseFees(before.terms), now, feePolicy)
    if (fees === null) return { outcome: 'unchanged', reason: 'fee-cap' }
    const cancelGas = request.purpose === 'cancel' ? await readCancelGas(account, signal) : 0n
    const raw = await signer.signTransaction(toSign(request, { chainId, fees, cancelGas }))
    return { outcome: 'signed', raw, hash: keccak256(raw), terms: formatFees(fees) }
  }

  return {
    chain: `eip155:${chainId}`,
    accounts: signers.map(({ address }) => address),
    verify: ({ signal }) => pool.verify(signal),
    assertPayload: assertEvmPayload,
    async prepare({ account, payload, signal }) {
      const fees = await currentFees(signal)
      const request = { account, payload, fees, gas, errorsAbi }
      return pool.read((ask) => prepareEvmTransaction(ask, request), signal)
    },
    sign,
    async broadcast({ raw }, { signal }) {
      return mergeBroadcasts(await pool.send('eth_sendRawTransaction', [raw], signal))
    },
    async observe({ account, transactions, signal }) {
      const lane = { account, transactions, finality }
      const observation = await pool.read((ask) => observeEvmLane(ask, lane), signal)
      const { missing, verdicts, nextNonce, freeNonce } = observation
      const displaced = await Promise.all(missing.map((one) => isDisplaced(pool, one, signal)))
      const proven = missing.filter((_, index) => displaced[index] === true)
      const gone = proven.map(({ id }) => [id, { kind: 'displaced' }] as const)
      return { nextNonce, freeNonce, verdicts: new Map([...verdicts, ...gone]) }
    },
  }
}

/** What a sender works with. */
interface EvmSenderSettings extends EvmEndpointPoolOptions {
  readonly signers: readonly EvmSigner[]
  readonly finality: EvmFinality
  readonly fees: EvmFeePolicy
  readonly gas: EvmGasPolicy
  readonly errorsAbi: Abi
}

const FACTORY = 'createEvmSender'

function parseOptions(options: EvmSenderOptions): EvmSenderSettings {
  const { chainId, endpoints, signers, finality = { depth: 12 } } = options
  assertWholeNumber(FACTORY, 'chainId', chainId, { min: 1 })
  if (endpoints.length === 0) throw new InvalidOptionError(FACTORY, 'endpoints', 'at least one')
  const names = new Set(endpoints.map(({ name }) => name))
  if (names.size < endpoints.length) {
    throw new InvalidOptionError(FACTORY, 'endpoints', 'named apart')
  }
  if (signers.length === 0) throw new InvalidOptionError(FACTORY, 'signers', 'at least one')
  if ('depth' in finality) assertWholeNumber(FACTORY, 'finality.depth', finality.depth, { min: 0 })
  const gas = { bufferPercent: 20, gasMax: TRANSACTION_GAS_MAX, ...options.gas }
  assertWholeNumber(FACTORY, 'gas.bufferPercent', gas.bufferPercent, { min: 0 })
  const { requestTimeoutMs = 10_000 } = options
  assertDurationMs(FACTORY, 'requestTimeoutMs', requestTimeoutMs, { min: 1 })
  return {
    chainId,
    endpoints,
    signers,
    finality,
    fees: {
      maxFeePerGasCapWei: 500n * GWEI,
      maxPriorityFeePerGasCapWei: 50n * GWEI,
      ...options.fees,
    },
    gas,
    errorsAbi: options.errorsAbi ?? [],
    requestTimeoutMs,
    clock: options.clock ?? systemClock,
    metrics: options.metrics ?? noMetrics,
    logger: options.logger ?? silentLogger,
  }
}

function toSign(
  { account, nonce, purpose, payload, prepared }: SignRequest<EvmPayload>,
  { chainId, fees, cancelGas }: { chainId: number; fees: EvmFees; cancelGas: bigint },
): EvmTransactionToSign {
  const shared = {
    type: 'eip1559',
    chainId,
    nonce: Number(nonce),
    maxFeePerGas: fees.maxFeePerGasWei,
    maxPriorityFeePerGas: fees.maxPriorityFeePerGasWei,
  } as const
  if (purpose === 'cancel') {
    return { ...shared, to: account as Address, data: '0x', value: 0n, gas: cancelGas }
  }
  const { to, data = '0x', valueWei = '0' } = payload
  return { ...shared, to, data, value: BigInt(valueWei), gas: parsePrepared(prepared).gas }
}

/** One endpoint that took it is enough; and only if all refuse for good it is refused. */
function mergeBroadcasts(answers: readonly PromiseSettledResult<unknown>[]): BroadcastOutcome {
  const outcomes = answers.map((answer): BroadcastOutcome =>
    answer.status === 'fulfilled' ? { outcome: 'accepted' } : classifyBroadcast(answer.reason),
  )
  const order = [
    'accepted',
    'nonce-used',
    'unknown',
    'underfunded',
    'underpriced',
    'refused',
  ] as const
  for (const wanted of order) {
    const found = outcomes.find(({ outcome }) => outcome === wanted)
    if (found !== undefined) return found
  }
  return { outcome: 'unknown' }
}

/** With one endpoint there is nobody else to ask; with several, two must say the same. */
const WITNESSES = 2

/**
 * Whether every endpoint that answers knows no attempt of a transaction, though its nonce is used up.
 * One that was only behind with its receipts must not make two payments of one.
 */
async function isDisplaced(
  pool: EvmEndpointPool,
  transaction: Transaction,
  signal: AbortSignal,
): Promise<boolean> {
  const looks = await pool.readEach((ask) => readReceipt(ask, transaction), signal)
  const answered = looks.filter((look) => look.status === 'fulfilled')
  const needed = Math.min(WITNESSES, looks.length)
  return answered.length >= needed && answered.every(({ value }) => value === null)
}
