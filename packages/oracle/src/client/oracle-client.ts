import type { OracleCallAttempt, OracleCallFilter } from '../calls/oracle-call-store.ts'
import type { OracleCall, OracleCallPolicy } from '../calls/oracle-call.ts'

/** A value that shall be on chain. */
export interface OracleIntent {
  /** The same key is the same update: asking again changes nothing. At most 255 characters. */
  readonly idempotencyKey: string
  /** Which market it is about, as the contract knows it. */
  readonly market: string
  readonly functionName: string
  /** All arguments of the function, the market included. */
  readonly args: readonly unknown[]
  /** When the value was true, in epoch milliseconds. */
  readonly observedAt: number
  /** Orders the values of a market: a greater one is newer. */
  readonly sequence: bigint
  /** Default `latest`. */
  readonly policy?: OracleCallPolicy | undefined
  readonly seasonId?: number | undefined
  readonly player?: string | undefined
}

/** What became of an intent: a reference to its call. */
export interface OracleSubmission {
  readonly id: bigint
  /**
   * - `queued`: it will be sent.
   * - `held`: it differs too little from the last value, and is sent with the heartbeat.
   * - `superseded`: a newer value was there already.
   * - `known`: its key was.
   */
  readonly outcome: 'queued' | 'held' | 'superseded' | 'known'
  readonly call: OracleCall
}

/** A market that fails now. */
export interface FailingMarket {
  readonly market: string
  /** Tries that failed in a row. */
  readonly failureCount: number
  /** Since when, in epoch milliseconds. */
  readonly failingSince: number
  /** Whether people were told. */
  readonly alerting: boolean
}

/** What one round has done. */
export interface OracleTick {
  /** Calls given to transactions. */
  readonly sent: number
  /** Calls that have ended, or go back to wait. */
  readonly settled: number
  /** Calls that transactions carry. */
  readonly carried: number
}

/** Writes values to a contract, each exactly once, or tells why not. */
export interface OracleClient {
  /**
   * Stores what shall be on chain. Once it resolves it will be, or its call says why not.
   *
   * @throws {AssayError} before anything is stored: `ORACLE_MARKET_UNKNOWN`,
   *   `ORACLE_FUNCTION_UNKNOWN`, `ORACLE_ARGS_INVALID`, `ORACLE_BPS_OUT_OF_RANGE`,
   *   `ORACLE_SEQUENCE_STALE`, `ORACLE_KEY_REUSED`
   */
  submit(intent: OracleIntent): Promise<OracleSubmission>
  /** Many at once, all or none: one position change may mean a value for every participant. */
  submitMany(intents: readonly OracleIntent[]): Promise<readonly OracleSubmission[]>
  /**
   * Waits for a call.
   *
   * @param until `mined`: until it is in a block, or has ended; `confirmed`: until it has ended
   * @throws {AssayError} `ORACLE_CALL_NOT_FOUND`; the signal's reason
   */
  wait(
    id: bigint,
    until: 'mined' | 'confirmed',
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<OracleCall>
  /** Calls that fit, newest first. */
  history(filter?: OracleCallFilter): Promise<readonly OracleCall[]>
  /** The tries of a call. */
  attempts(id: bigint): Promise<readonly OracleCallAttempt[]>
  /** The markets that fail now. */
  failingMarkets(): readonly FailingMarket[]
  /** Takes one round: reads what became of what is on its way, and sends what waits. */
  tick(): Promise<OracleTick>
  /** Works until the signal aborts or the client is closed. The transaction manager must run too. */
  run(options?: { readonly signal?: AbortSignal | undefined }): Promise<void>
  /** Finishes what a crash has left between this client and the transaction manager. */
  recover(): Promise<OracleTick>
  /** Sends nothing new, and waits until nothing is carried any more. */
  drain(options?: { readonly signal?: AbortSignal | undefined }): Promise<void>
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
