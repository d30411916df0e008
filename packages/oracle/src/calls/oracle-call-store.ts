import type { OracleCall, OracleCallStatus } from './oracle-call.ts'

/**
 * Where calls are kept: `createMemoryOracleCallStore`, `createPostgresOracleCallStore`, or one of your
 * own that passes `oracleCallStoreContract` of `@assay/oracle/testing`. Every method is one atomic step.
 */
export interface OracleCallStore {
  /**
   * Stores calls in the given order. A `latest` call supersedes older ones of its key that wait; one
   * that is older than another of its key is superseded itself. One whose value differs from the last
   * one of its key by less than `deviationBps` waits until `heartbeatMs` after that one was sent.
   *
   * @throws {AssayError} `ORACLE_KEY_REUSED` when a key is known with another request;
   *   `ORACLE_SEQUENCE_STALE` when a greater sequence of its key is on chain. Then nothing is stored
   */
  submit(calls: readonly NewOracleCall[], now: number): Promise<readonly SubmittedCall[]>
  /** Gives calls that wait and may go to carriers, in order: so many to each. */
  claim(request: ClaimRequest): Promise<readonly OracleCall[]>
  /** Notes which transactions stand for carriers. */
  attach(carriers: readonly AttachedCarrier[]): Promise<void>
  /**
   * Lets newer values that wait join a carrier, for `latest` calls that it carries; not where another
   * carrier has a newer value than it: that one is executed later, and would bring an older value back.
   */
  join(carrier: string, now: number): Promise<readonly OracleCall[]>
  /** Calls that a transaction carries, in order, oldest first. */
  listCarried(contract: string, limit: number): Promise<readonly OracleCall[]>
  /**
   * Notes what became of carried calls; each while it stands at its revision. One that goes back to
   * wait is superseded where a newer one of its key has come.
   *
   * @returns those that were changed, as they stand now
   */
  settle(results: readonly CallResult[], now: number): Promise<readonly OracleCall[]>
  get(ids: readonly bigint[]): Promise<readonly OracleCall[]>
  /** The one with an idempotency key; `null` where there is none. */
  find(idempotencyKey: string): Promise<OracleCall | null>
  /** Those that fit all that is given, newest first. */
  history(filter: OracleCallFilter): Promise<readonly OracleCall[]>
  /** The tries of a call that have ended, oldest first. */
  listAttempts(id: bigint): Promise<readonly OracleCallAttempt[]>
  /** When the next call that waits may go, in epoch milliseconds; `null` where none waits. */
  nextDueAt(contract: string): Promise<number | null>
}

/** A call that is to be stored. */
export interface NewOracleCall extends Pick<
  OracleCall,
  | 'idempotencyKey'
  | 'requestHash'
  | 'contract'
  | 'market'
  | 'functionName'
  | 'args'
  | 'bps'
  | 'policy'
  | 'sequence'
  | 'observedAt'
  | 'seasonId'
  | 'player'
  | 'attemptsMax'
> {
  /** Below it a value is not worth sending before the heartbeat; 0 sends all. */
  readonly deviationBps: number
  readonly heartbeatMs: number
}

/** What became of a {@link NewOracleCall}: `known` where its key was there already. */
export interface SubmittedCall {
  readonly outcome: 'stored' | 'known'
  readonly call: OracleCall
}

/** Which calls shall go. */
export interface ClaimRequest {
  readonly contract: string
  /** Names of transactions to be; each is given calls until it is full. */
  readonly carriers: readonly string[]
  readonly perCarrier: number
  readonly now: number
}

/** A carrier, and the transaction that stands for it. */
export interface AttachedCarrier {
  readonly carrier: string
  readonly transactionId: string
}

/** What became of a carried call. */
export type CallResult = Pick<OracleCall, 'id' | 'revision'> &
  (
    | { readonly outcome: 'succeeded'; readonly transactionHash: string }
    /** It was not in the attempt that was mined: no try was made. */
    | { readonly outcome: 'returned' }
    | {
        readonly outcome: 'attempt-failed'
        readonly transactionHash: string | null
        readonly errorCode: string
        readonly errorMessage: string
        /** When it may be tried again; not at all once its tries are used up. */
        readonly retryAt: number
      }
  )

/** One try to get a call mined. */
export interface OracleCallAttempt {
  readonly callId: bigint
  /** Counted from 1. */
  readonly number: number
  readonly carrier: string
  readonly transactionHash: string | null
  readonly outcome: 'succeeded' | 'failed'
  readonly errorCode: string | null
  readonly errorMessage: string | null
  readonly endedAt: number
}

/** Which calls are wanted. */
export interface OracleCallFilter {
  readonly market?: string | undefined
  readonly functionName?: string | undefined
  readonly player?: string | undefined
  readonly seasonId?: number | undefined
  readonly status?: OracleCallStatus | undefined
  /** Created from this moment on, in epoch milliseconds. */
  readonly fromMs?: number | undefined
  /** Created up to this moment. */
  readonly toMs?: number | undefined
  /** Only those that came before this one. */
  readonly beforeId?: bigint | undefined
  /** At most so many. Default 100. */
  readonly limit?: number | undefined
}
