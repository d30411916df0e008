import type { LedgerTransaction, RequestId, TransactionId } from '../ledger/ledger-entry.ts'

/**
 * What is known of the requests of one account: the last transaction that completed or failed, and
 * whether it stands alone.
 */
export interface RaceConditionState extends RaceTransaction {
  /** The requests that are concurrent with the last one; `null` when it stands alone. */
  race: Race | null
}

/** What matters of a transaction to whatever comes next. */
export interface RaceTransaction {
  transactionId: TransactionId | null
  requestId: RequestId | null
  /** When its request came in, in epoch milliseconds. */
  eventTime: number
  /** For how long it was worked on, in milliseconds; 0 when that is unknown. */
  processingMs: number
  balanceBeforeMinor: bigint | null
  currency: string
  /** Whether what comes after it sees another balance. */
  hasMoved: boolean
}

/** Requests of one account that came so close together that they may be worked on at once. */
export interface Race {
  readonly first: RaceTransaction
  requests: number
  transactions: number
  /** The last transactions, as many as a finding names, oldest first. */
  readonly members: RaceTransaction[]
  /** Whether one was worked on when another came in. */
  overlaps: boolean
  /** Whether one saw the balance that another one was about to move. */
  sawSameBalance: boolean
}

/** Before any moment; unlike an infinity, JSON can hold it. */
const NEVER = Number.MIN_SAFE_INTEGER

/** The state of an account without a transaction. */
export function createRaceConditionState(): RaceConditionState {
  return {
    transactionId: null,
    requestId: null,
    eventTime: NEVER,
    processingMs: 0,
    balanceBeforeMinor: null,
    currency: '',
    hasMoved: false,
    race: null,
  }
}

/** Overwrites what was known of the last transaction, so that none costs an object of its own. */
export function rememberLast(state: RaceConditionState, transaction: LedgerTransaction): void {
  state.transactionId = transaction.transactionId
  state.requestId = transaction.requestId
  state.eventTime = transaction.eventTime
  state.processingMs = transaction.processingMs ?? 0
  state.balanceBeforeMinor = transaction.balanceBeforeMinor
  state.currency = transaction.currency
  state.hasMoved = transaction.status === 'completed' && transaction.amountMinor !== 0n
}

/** The last transaction as it is now, for a race to keep. */
export function lastOf(state: RaceConditionState): RaceTransaction {
  const { transactionId, requestId, eventTime, processingMs } = state
  const { balanceBeforeMinor, currency, hasMoved } = state
  return {
    transactionId,
    requestId,
    eventTime,
    processingMs,
    balanceBeforeMinor,
    currency,
    hasMoved,
  }
}

/** Transactions of one request are one, and a transaction without one is a request of its own. */
export function isSameRequest(a: RaceTransaction, b: RaceTransaction): boolean {
  if (a.requestId !== null || b.requestId !== null) return a.requestId === b.requestId
  return a.transactionId === b.transactionId
}
