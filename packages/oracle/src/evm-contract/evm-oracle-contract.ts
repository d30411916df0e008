import { AssayError, InvalidOptionError, type JsonValue } from '@assay/core'
import { readEvmReceipt } from '@assay/core/evm'
import {
  type Abi,
  type AbiFunction,
  type Address,
  encodeFunctionData,
  getAddress,
  type Hex,
  isAddress,
} from 'viem'

import type { OracleCall } from '../calls/oracle-call.ts'
import type { CallExecution, CheckedIntent, OracleContract } from '../client/oracle-contract.ts'
import { decodeBatch, encodeBatch } from './batch.ts'
import { checkArgs, parseArgs } from './check-args.ts'

/** Which arguments of a function stand for what. */
export interface OracleFunction {
  /** The name of the argument that is the market. Default the first argument. */
  readonly market?: string | undefined
  /** The name of the argument that is in basis points. Default `bps`, where there is one. */
  readonly bps?: string | undefined
}

/** Carries many updates in one transaction. */
export interface OracleBatcherOptions {
  /** Where an `OracleBatcher` stands that the contract knows as its updater. */
  readonly address: Address
  /** Updates in one transaction, at most. Default 200, which is also the most. */
  readonly updatesMax?: number | undefined
  /** Gas that each update may use. Default 100,000. */
  readonly gasPerUpdate?: bigint | undefined
}

/** Options of {@link evmOracleContract}. */
export interface EvmOracleContractOptions {
  readonly chainId: number
  readonly address: Address
  /** The functions below, and the errors of the contract. */
  readonly abi: Abi
  /** The functions that may be called. */
  readonly functions: Readonly<Record<string, OracleFunction>>
  /** The markets that may be written, or what tells whether one may. */
  readonly markets: readonly Address[] | ((market: Address) => boolean)
  /** Without it each call is a transaction of its own. */
  readonly batcher?: OracleBatcherOptions | undefined
}

const UPDATES_MAX = 200
const GAS_PER_UPDATE = 100_000n

/**
 * Describes an oracle contract of an EVM chain to `createOracleClient`.
 *
 * @throws {InvalidOptionError} `INVALID_OPTION`
 *
 * @example
 * ```ts
 * import { evmOracleContract } from '@assay/oracle'
 * import { marketOracleAbi } from '@assay/oracle/contracts'
 *
 * const contract = evmOracleContract({
 *   chainId: 8453,
 *   address: '0x5FbDB2315678afecb367f032d93F642f64180aa3',
 *   abi: marketOracleAbi,
 *   functions: { updateRaffleProbability: {}, updateMarketSentiment: {} },
 *   markets: ['0x70997970C51812dc3A010C7d01b50e0d17dc79C8'],
 * })
 * console.log(contract.key) // eip155:8453/0x5FbDB2315678afecb367f032d93F642f64180aa3
 * ```
 */
export function evmOracleContract(options: EvmOracleContractOptions): OracleContract {
  const { chainId, abi, batcher } = options
  const address = getAddress(options.address)
  const functions = findFunctions(options)
  const isMarket = marketCheckOf(options)
  const { updatesMax = UPDATES_MAX, gasPerUpdate = GAS_PER_UPDATE } = batcher ?? {}
  if (!Number.isSafeInteger(updatesMax) || updatesMax < 1 || updatesMax > UPDATES_MAX) {
    throw invalid('batcher.updatesMax', `a whole number from 1 to ${UPDATES_MAX}`)
  }

  function dataOf({ functionName, args }: OracleCall): Hex {
    const { abiFunction } = functionOf(functions, functionName)
    return encodeFunctionData({
      abi: [abiFunction],
      functionName,
      args: parseArgs(abiFunction, args),
    })
  }

  return {
    key: `eip155:${chainId}/${address}`,
    capacity: batcher === undefined ? 1 : updatesMax,
    check({ functionName, args, market }): CheckedIntent {
      const { abiFunction, marketPlace, bpsPlace } = functionOf(functions, functionName)
      const checked = checkArgs(abiFunction, args)
      const named = addressOf(market)
      if (named === null || !isMarket(named)) throw marketUnknownError()
      if (checked[marketPlace] !== named) throw marketMismatchError(functionName)
      const bps = bpsPlace === -1 ? null : bpsOf(checked[bpsPlace])
      return { market: named, args: checked, bps }
    },
    encode(calls): JsonValue {
      if (batcher === undefined) {
        const [call] = calls
        if (call === undefined) throw new Error('A transaction carries a call.')
        return { to: address, data: dataOf(call) }
      }
      const updates = calls.map((call) => ({ target: address, data: dataOf(call) }))
      return { to: getAddress(batcher.address), data: encodeBatch(updates, gasPerUpdate) }
    },
    decode({ mined }, count): readonly CallExecution[] {
      if (batcher === undefined || mined === null) return [{ outcome: 'succeeded' }]
      const { logs } = readEvmReceipt(mined)
      return decodeBatch(logs, { batcher: getAddress(batcher.address), count, abi })
    },
  }
}

interface KnownFunction {
  readonly abiFunction: AbiFunction
  readonly marketPlace: number
  /** -1 where it has none. */
  readonly bpsPlace: number
}

function findFunctions({
  abi,
  functions,
}: EvmOracleContractOptions): ReadonlyMap<string, KnownFunction> {
  return new Map(
    Object.entries(functions).map(([name, { market, bps }]) => {
      const found = abi.filter((item) => item.type === 'function' && item.name === name)
      const [abiFunction] = found
      if (abiFunction?.type !== 'function' || found.length > 1) {
        throw invalid(`functions.${name}`, 'exactly one function of the ABI')
      }
      const { inputs } = abiFunction
      const marketPlace = market === undefined ? 0 : inputs.findIndex((one) => one.name === market)
      if (inputs[marketPlace]?.type !== 'address') {
        throw invalid(`functions.${name}.market`, 'an argument of the type address')
      }
      const bpsPlace = inputs.findIndex((one) => one.name === (bps ?? 'bps'))
      if (bps !== undefined && bpsPlace === -1) {
        throw invalid(`functions.${name}.bps`, 'an argument of the function')
      }
      return [name, { abiFunction, marketPlace, bpsPlace }]
    }),
  )
}

function functionOf(functions: ReadonlyMap<string, KnownFunction>, name: string): KnownFunction {
  const known = functions.get(name)
  if (known !== undefined) return known
  throw new AssayError('ORACLE_FUNCTION_UNKNOWN', {
    message: 'The function is none that this oracle is set to call.',
    retry: 'never',
  })
}

function marketCheckOf({ markets }: EvmOracleContractOptions): (market: Address) => boolean {
  if (typeof markets === 'function') return markets
  const known = new Set(markets.map((market) => getAddress(market)))
  return (market) => known.has(market)
}

/** In the one spelling in which it is kept; `null` where it is none. */
function addressOf(market: unknown): Address | null {
  return typeof market === 'string' && isAddress(market) ? getAddress(market) : null
}

const BPS_MAX = 10_000

function bpsOf(arg: JsonValue | undefined): number {
  const bps = Number(arg)
  if (Number.isSafeInteger(bps) && bps >= 0 && bps <= BPS_MAX) return bps
  throw new AssayError('ORACLE_BPS_OUT_OF_RANGE', {
    message: `Basis points lie between 0 and ${BPS_MAX}.`,
    retry: 'never',
  })
}

function marketUnknownError(): AssayError {
  return new AssayError('ORACLE_MARKET_UNKNOWN', {
    message: 'The market is none that this oracle is set to write.',
    retry: 'never',
  })
}

function marketMismatchError(functionName: string): AssayError {
  return new AssayError('ORACLE_ARGS_INVALID', {
    message: `The arguments of ${functionName} are about another market than the intent.`,
    retry: 'never',
    context: { functionName },
  })
}

function invalid(option: string, requirement: string): InvalidOptionError {
  return new InvalidOptionError('evmOracleContract', option, requirement)
}
