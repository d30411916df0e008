import type { EvmReceipt } from '@assay/core/evm'
import { decodeRevert } from '@assay/core/evm'
import {
  type Abi,
  type Address,
  decodeEventLog,
  encodeFunctionData,
  getAddress,
  type Hex,
} from 'viem'

import type { CallExecution } from '../client/oracle-contract.ts'
import { oracleBatcherAbi } from '../solidity/oracle-batcher.ts'

/** One update of a batch. */
export interface BatchUpdate {
  readonly target: Address
  readonly data: Hex
}

/** The call of the batcher that carries these updates. */
export function encodeBatch(updates: readonly BatchUpdate[], gasPerUpdate: bigint): Hex {
  const args = [updates, gasPerUpdate] as const
  return encodeFunctionData({ abi: oracleBatcherAbi, functionName: 'execute', args })
}

/** What is read of a batch that was mined. */
export interface MinedBatch {
  readonly batcher: Address
  /** How many updates it carried. */
  readonly count: number
  /** Where the errors of the contract are looked up. */
  readonly abi: Abi
}

/**
 * How each update went, in order, by the batcher's events. Events of the same form from other contracts
 * do not count: whoever is called may emit what it likes.
 */
export function decodeBatch(
  logs: EvmReceipt['logs'],
  { batcher, count, abi }: MinedBatch,
): readonly CallExecution[] {
  const executions: CallExecution[] = Array.from({ length: count }, () => UNTOLD)
  for (const { address, topics, data } of logs) {
    if (getAddress(address) !== batcher) continue
    const told = readExecuted(topics, data)
    if (told === null || told.index >= BigInt(count)) continue
    executions[Number(told.index)] = told.succeeded
      ? { outcome: 'succeeded' }
      : failed(decodeRevert(told.result, abi))
  }
  return executions
}

/** A batch that succeeded tells of each update, so this is an address that is no batcher. */
const UNTOLD: CallExecution = {
  outcome: 'failed',
  errorCode: 'ORACLE_CALL_UNTOLD',
  errorMessage: 'The batcher did not tell how the update went.',
}

function failed(errorMessage: string): CallExecution {
  return { outcome: 'failed', errorCode: 'ORACLE_CALL_REVERTED', errorMessage }
}

interface Executed {
  readonly index: bigint
  readonly succeeded: boolean
  readonly result: Hex
}

function readExecuted(topics: readonly Hex[], data: Hex): Executed | null {
  const [signature, ...indexed] = topics
  if (signature === undefined) return null
  try {
    const event = decodeEventLog({
      abi: oracleBatcherAbi,
      eventName: 'UpdateExecuted',
      topics: [signature, ...indexed],
      data,
    })
    return event.args
  } catch {
    // Another event of the batcher.
    return null
  }
}
