import type { JsonValue } from './json-value.ts'
import type { MinedAttempt, Transaction, TransactionAttempt } from './transaction.ts'

/**
 * The way to one chain: all that is particular to it, and no memory. What it throws is a failure that
 * may pass, and is tried again; everything else is an answer.
 */
export interface TransactionSender<Payload extends JsonValue = JsonValue> {
  /** Names the chain by CAIP-2, such as `eip155:1`. */
  readonly chain: string
  /** The accounts that it can sign for, in the spelling in which they are stored. */
  readonly accounts: readonly string[]
  /**
   * Makes sure that the endpoints serve this chain.
   *
   * @throws {AssayError} `CHAIN_MISMATCH` when one serves another
   */
  verify(options: SenderCallOptions): Promise<void>
  /** @throws {AssayError} `TRANSACTION_PAYLOAD_INVALID` for a payload that nothing can be made of */
  assertPayload(payload: Payload): void
  /** Tries the payload without sending it, so that what would fail gets no nonce. */
  prepare(request: PrepareRequest<Payload>): Promise<PrepareOutcome>
  /** Signs. It sends nothing. */
  sign(request: SignRequest<Payload>): Promise<SignOutcome>
  /** Sends stored bytes, to every endpoint. */
  broadcast(attempt: TransactionAttempt, options: SenderCallOptions): Promise<BroadcastOutcome>
  /** What the chain says about an account and its transactions. */
  observe(request: ObserveRequest): Promise<LaneObservation>
}

/** What every question to a chain takes. */
export interface SenderCallOptions {
  readonly signal: AbortSignal
}

/** What is tried before it gets a nonce. */
export interface PrepareRequest<Payload extends JsonValue> extends SenderCallOptions {
  readonly account: string
  readonly payload: Payload
}

/**
 * What came of trying.
 *
 * - `ready`: it would be executed now; `prepared` goes to {@link TransactionSender.sign}.
 * - `rejected`: it would fail, for the reason given.
 * - `underfunded`: the account cannot pay for it.
 */
export type PrepareOutcome =
  | { readonly outcome: 'ready'; readonly prepared: JsonValue }
  | { readonly outcome: 'rejected'; readonly reason: string }
  | { readonly outcome: 'underfunded' }

/** What is to be signed. */
export interface SignRequest<Payload extends JsonValue> extends SenderCallOptions {
  readonly account: string
  readonly nonce: bigint
  readonly purpose: TransactionAttempt['purpose']
  readonly payload: Payload
  readonly prepared: JsonValue
  /** The attempts so far at this nonce: the new one must be able to take their place. */
  readonly attempts: readonly TransactionAttempt[]
}

/**
 * What came of signing. `unchanged`: no better attempt can be made now, because the fee has reached its
 * cap or the last attempt can still land as it is.
 */
export type SignOutcome =
  | ({ readonly outcome: 'signed' } & Pick<TransactionAttempt, 'hash' | 'raw' | 'terms'>)
  | { readonly outcome: 'unchanged'; readonly reason: string }

/**
 * What came of sending.
 *
 * - `accepted`: an endpoint has it, now or before.
 * - `unknown`: it may have arrived and it may not.
 * - `underpriced`: no endpoint takes it at this fee.
 * - `underfunded`: the account cannot pay for it.
 * - `nonce-used`: the chain is past its nonce, by itself or by something else: look for it.
 * - `refused`: no endpoint will ever take these bytes.
 */
export type BroadcastOutcome =
  | { readonly outcome: 'accepted' | 'unknown' | 'underpriced' | 'underfunded' | 'nonce-used' }
  | { readonly outcome: 'refused'; readonly reason: string }

/** What is asked about a lane. */
export interface ObserveRequest extends SenderCallOptions {
  readonly account: string
  /** Those that may be on chain or on their way there, by nonce. */
  readonly transactions: readonly Transaction[]
}

/** What a chain says. */
export interface LaneObservation {
  /** The next nonce that the chain would execute, as of its newest block. */
  readonly nextNonce: bigint
  /** The lowest nonce that is free for something new: what others have on their way counts. */
  readonly freeNonce: bigint
  /** What is known of the transactions that were asked about, by their ids. One left out is on its way. */
  readonly verdicts: ReadonlyMap<string, TransactionVerdict>
}

/**
 * What a chain says about a transaction.
 *
 * - `mined`: an attempt is in a block; `isFinal` when the block cannot be taken back any more.
 * - `expired`: none of its attempts can land any more, and it may be signed anew.
 * - `displaced`: its nonce was used by something else, for good, and none of its attempts landed.
 */
export type TransactionVerdict =
  | { readonly kind: 'mined'; readonly mined: MinedAttempt; readonly isFinal: boolean }
  | { readonly kind: 'expired' }
  | { readonly kind: 'displaced' }
