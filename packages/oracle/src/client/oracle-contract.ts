import type { JsonValue, Transaction } from '@assay/core'

import type { OracleCall } from '../calls/oracle-call.ts'
import type { OracleIntent } from './oracle-client.ts'

/** A contract that is written to: how its calls are checked, sent and read back. */
export interface OracleContract {
  /** Names it and its chain: `eip155:1/0x…`. Calls are kept under it. */
  readonly key: string
  /** The most calls that one transaction carries. */
  readonly capacity: number
  /**
   * @throws {AssayError} `ORACLE_MARKET_UNKNOWN`, `ORACLE_FUNCTION_UNKNOWN`, `ORACLE_ARGS_INVALID`,
   *   `ORACLE_BPS_OUT_OF_RANGE`
   */
  check(intent: OracleIntent): CheckedIntent
  /** The payload of a transaction that carries these calls, in this order. The same for the same calls. */
  encode(calls: readonly OracleCall[]): JsonValue
  /** How each call of the mined attempt went, in order: `count` of them. The transaction succeeded. */
  decode(transaction: Transaction, count: number): readonly CallExecution[]
}

/** An intent that fits the contract. */
export interface CheckedIntent {
  readonly market: string
  readonly args: readonly JsonValue[]
  /** What deviation is measured by; `null` where the function has no basis points. */
  readonly bps: number | null
}

/** How one call went. */
export type CallExecution =
  | { readonly outcome: 'succeeded' }
  | { readonly outcome: 'failed'; readonly errorCode: string; readonly errorMessage: string }
