import type { JsonValue } from '@assay/core'

/**
 * Where a call stands.
 *
 * - `waiting`: it waits for a transaction: for its turn, for the end of a back-off, or, where its value
 *   differs little from the last one, for the heartbeat.
 * - `carried`: a transaction carries it.
 * - `succeeded`, `failed`, `superseded`: it has ended.
 */
export type OracleCallState = 'waiting' | 'carried' | 'succeeded' | 'failed' | 'superseded'

/** The state as the call history shows it: see {@link statusOfCall}. */
export type OracleCallStatus = 'pending' | 'retrying' | 'success' | 'failed'

/**
 * What happens to a call when a newer one for the same market and function comes.
 *
 * - `latest`: only the newest value matters; older ones that are not on chain yet are superseded.
 * - `every`: each is written.
 */
export type OracleCallPolicy = 'latest' | 'every'

/** An update that shall be written, as it is kept. Never changed in place. */
export interface OracleCall {
  /** Grows in the order in which calls came. */
  readonly id: bigint
  readonly idempotencyKey: string
  /** Tells requests with one key apart. */
  readonly requestHash: string
  /** Which contract on which chain: `eip155:1/0x…`. */
  readonly contract: string
  readonly market: string
  readonly functionName: string
  /** As JSON: integers are decimal text. */
  readonly args: readonly JsonValue[]
  /** The value that deviation is measured by, in basis points; `null` where there is none. */
  readonly bps: number | null
  readonly policy: OracleCallPolicy
  /** Orders the values of a market: a greater one is newer. */
  readonly sequence: bigint
  /** When the value was true, in epoch milliseconds. */
  readonly observedAt: number
  readonly seasonId: number | null
  readonly player: string | null
  readonly state: OracleCallState
  readonly revision: number
  /** Tries to get it mined that have failed. Sending again and raising the fee is no try. */
  readonly attemptCount: number
  readonly attemptsMax: number
  /** The idempotency key of the transaction that carries it, or last did. */
  readonly carrier: string | null
  /** Whether it joined its carrier later, in place of an older value. */
  readonly hasJoined: boolean
  /** The transaction under that key, once it is known to be stored. */
  readonly transactionId: string | null
  /** Not before this moment a transaction carries it. */
  readonly notBefore: number
  readonly transactionHash: string | null
  readonly errorCode: string | null
  readonly errorMessage: string | null
  readonly retryReason: string | null
  readonly notes: string | null
  readonly createdAt: number
  readonly firstAttemptAt: number | null
  readonly lastAttemptAt: number | null
  readonly completedAt: number | null
}

/** Calls of which only the newest matters have this in common. */
export type OracleCallKey = Pick<OracleCall, 'contract' | 'functionName' | 'market'>

/** The key of `latest` calls as one text. */
export function nameOfCallKey({ contract, functionName, market }: OracleCallKey): string {
  return JSON.stringify([contract, functionName, market])
}

/** Whether it has ended. */
export function isEndedCall({ state }: Pick<OracleCall, 'state'>): boolean {
  return state !== 'waiting' && state !== 'carried'
}

/**
 * The public status: `pending` before the first failed try, `retrying` after it, then `success` or
 * `failed`. A superseded call is a success without a transaction: a newer value took its place, and
 * its notes say so.
 */
export function statusOfCall({
  state,
  attemptCount,
}: Pick<OracleCall, 'state' | 'attemptCount'>): OracleCallStatus {
  switch (state) {
    case 'waiting':
    case 'carried':
      return attemptCount === 0 ? 'pending' : 'retrying'
    case 'succeeded':
    case 'superseded':
      return 'success'
    case 'failed':
      return 'failed'
  }
}

/** Whether one call is newer than another of the same key. */
export function isNewerCall(
  one: Pick<OracleCall, 'sequence' | 'id'>,
  other: Pick<OracleCall, 'sequence' | 'id'>,
): boolean {
  return one.sequence === other.sequence ? one.id > other.id : one.sequence > other.sequence
}
