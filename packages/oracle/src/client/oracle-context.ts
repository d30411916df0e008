import type {
  AlertDeduplicator,
  Clock,
  CreateId,
  Logger,
  Random,
  TransactionAlerts,
  TransactionManager,
} from '@assay/core'

import type { OracleCallStore } from '../calls/oracle-call-store.ts'
import type { OracleContract } from './oracle-contract.ts'
import type { OracleTally } from './oracle-metrics.ts'
import type { OraclePolicy } from './oracle-policy.ts'

/** What the steps of a client work with. */
export interface OracleContext {
  readonly transactions: OracleTransactions
  readonly store: OracleCallStore
  readonly contract: OracleContract
  /** Who signs; `undefined` for the sender's first account. */
  readonly account: string | undefined
  readonly policy: OraclePolicy
  readonly failures: AlertDeduplicator<'manual'>
  readonly alerts: TransactionAlerts | undefined
  readonly clock: Clock
  readonly random: Random
  readonly createId: CreateId
  readonly tally: OracleTally
  readonly logger: Logger
}

/** The part of a transaction manager that a client needs. */
export type OracleTransactions = Pick<
  TransactionManager,
  'enqueue' | 'getMany' | 'find' | 'recomposeWith' | 'watchTransactions' | 'status'
>
