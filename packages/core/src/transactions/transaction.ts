import type { JsonValue } from './json-value.ts'

/**
 * Where a transaction stands.
 *
 * - `queued`: stored, and nothing else has happened.
 * - `assigned`: it has a nonce, which no other transaction gets.
 * - `signed`: the bytes of its newest attempt are stored, and have certainly not been sent.
 * - `broadcasting`: from here on an endpoint may have its bytes.
 * - `in-flight`: an endpoint has taken its bytes.
 * - `mined`: one of its attempts is in a block that may still be taken back.
 *
 * The others are final: {@link FinalTransactionState}.
 */
export type TransactionState =
  | 'queued'
  | 'assigned'
  | 'signed'
  | 'broadcasting'
  | 'in-flight'
  | 'mined'
  | FinalTransactionState

/**
 * How a transaction ended.
 *
 * - `confirmed`: it was executed, and its block is final.
 * - `reverted`: it was mined and failed, and its block is final. The fee was paid.
 * - `rejected`: it never got a nonce, because the chain would not execute it.
 * - `superseded`: a newer one of the same `coalesceKey` came before it had a nonce.
 * - `abandoned`: it was cancelled or its time was up, and it can never be executed any more.
 * - `conflict`: its nonce was used by a transaction that was not made here, and that is final.
 */
export type FinalTransactionState =
  | 'confirmed'
  | 'reverted'
  | 'rejected'
  | 'superseded'
  | 'abandoned'
  | 'conflict'

/** What is asked of the chain, once. */
export interface TransactionRequest<Payload extends JsonValue = JsonValue> {
  /** The same key is the same transaction: asking again changes nothing. At most 255 characters. */
  readonly idempotencyKey: string
  /** Who signs. Default the first account of the sender. */
  readonly account?: string | undefined
  /** What the sender makes a transaction of. */
  readonly payload: Payload
  /** What it stands for, in the caller's own names: kept with each attempt, and given back with it. */
  readonly covers?: readonly string[] | undefined
  /** Of those with one key that have no nonce yet, only the newest is sent. */
  readonly coalesceKey?: string | undefined
  /** From this moment on it gets no nonce any more, in epoch milliseconds. */
  readonly expiresAt?: number | undefined
}

/** Signed bytes. They are stored before anyone else sees them, and never deleted while they may land. */
export interface TransactionAttempt {
  /** What the chain calls it. */
  readonly hash: string
  /** What is broadcast, as text. */
  readonly raw: string
  /**
   * - `send`: does what was asked for.
   * - `cancel`: does nothing, and takes the nonce away from what was asked for.
   */
  readonly purpose: 'send' | 'cancel'
  /** What these bytes stand for; nothing where they cancel. */
  readonly covers: readonly string[]
  /** What the sender needs to know when it makes the next attempt, such as the fees. */
  readonly terms: JsonValue
  readonly signedAt: number
}

/** The attempt that is in a block. */
export interface MinedAttempt {
  readonly hash: string
  readonly blockNumber: bigint
  readonly blockHash: string
  /** Whether it did what it should; what has failed costs a fee too. */
  readonly succeeded: boolean
  /** What the sender read of it, such as its events. */
  readonly receipt: JsonValue
}

/** A transaction as it is kept. Never changed in place. */
export interface Transaction<Payload extends JsonValue = JsonValue> {
  readonly id: string
  readonly idempotencyKey: string
  /** Of the request as it came: the payload may be replaced by a newer one. */
  readonly requestHash: string
  /** The chain, as the sender names it: `eip155:1`. */
  readonly chain: string
  readonly account: string
  readonly payload: Payload
  readonly covers: readonly string[]
  readonly coalesceKey: string | null
  readonly expiresAt: number | null
  readonly state: TransactionState
  /** Grows by one with each change. */
  readonly revision: number
  /** `null` before it is assigned, and where it ended before. */
  readonly nonce: bigint | null
  /** What the sender found out when it tried the payload, and needs to sign it. */
  readonly prepared: JsonValue
  /** What is to be signed next: once cancelled, only what cancels. */
  readonly purpose: TransactionAttempt['purpose']
  /** In the order in which they were signed. */
  readonly attempts: readonly TransactionAttempt[]
  /** How many of the attempts may have been sent: those from there on certainly were not. */
  readonly sentAttempts: number
  readonly mined: MinedAttempt | null
  /** Why it ended or is being cancelled; `null` where its state says all. */
  readonly reason: string | null
  readonly enqueuedAt: number
  /** When its bytes were last sent; `null` before. */
  readonly sentAt: number | null
  readonly updatedAt: number
}

/** Where one account sends its transactions, one nonce after the other. */
export interface TransactionLane {
  readonly chain: string
  readonly account: string
}

/** Whether nothing will ever change any more. */
export function isFinalState(state: TransactionState): state is FinalTransactionState {
  return FINAL_STATES.has(state)
}

const FINAL_STATES: ReadonlySet<TransactionState> = new Set([
  'confirmed',
  'reverted',
  'rejected',
  'superseded',
  'abandoned',
  'conflict',
] satisfies FinalTransactionState[])

/**
 * What was done on chain by a mined transaction: the covers of the attempt that was mined, which need
 * not be the newest one. Empty before it is mined, and where the mined attempt cancelled or failed.
 */
export function coversOf({ attempts, mined }: Transaction): readonly string[] {
  if (mined === null || !mined.succeeded) return []
  return attempts.find(({ hash }) => hash === mined.hash)?.covers ?? []
}
