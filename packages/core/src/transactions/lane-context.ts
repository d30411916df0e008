import type { Logger } from '../logger/logger.ts'
import type { CreateId } from '../runtime/create-id.ts'
import type { JsonValue } from './json-value.ts'
import type { LaneTroubles } from './lane-troubles.ts'
import type { LiveTransactions } from './live-transactions.ts'
import type { TransactionPolicy } from './transaction-policy.ts'
import type { TransactionSender } from './transaction-sender.ts'
import type { TransactionStore } from './transaction-store.ts'
import type { Transaction, TransactionLane } from './transaction.ts'

/** What a transaction that is replaced shall do now. */
export interface RecomposedTransaction {
  readonly payload: JsonValue
  readonly covers: readonly string[]
}

/**
 * Asked before an attempt is replaced, so that the new one may carry newer values. What the older
 * attempts cover stays with them: only the attempt that is mined counts.
 *
 * @returns `null` to do the same again
 */
export type RecomposeTransaction = (
  transaction: Transaction,
  options: { readonly signal: AbortSignal },
) => Promise<RecomposedTransaction | null>

/** What the steps of a lane's round work with. */
export interface LaneContext {
  readonly lane: TransactionLane
  readonly sender: TransactionSender
  readonly store: TransactionStore
  readonly policy: TransactionPolicy
  readonly live: LiveTransactions
  readonly troubles: LaneTroubles
  /** Ids of those whose newest attempt no endpoint takes at its fee. */
  readonly underpriced: Set<string>
  readonly recompose: RecomposeTransaction
  readonly createId: CreateId
  readonly now: () => number
  readonly logger: Logger
}
