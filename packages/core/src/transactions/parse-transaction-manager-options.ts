import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import { type Logger, silentLogger } from '../logger/logger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { noMetrics } from '../metrics/no-metrics.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { type CreateId, systemCreateId } from '../runtime/create-id.ts'
import type { JsonValue } from './json-value.ts'
import type { TransactionAlerts } from './lane-troubles.ts'
import { parseTransactionPolicy, type TransactionPolicy } from './transaction-policy.ts'
import type { TransactionSender } from './transaction-sender.ts'
import type { TransactionStore } from './transaction-store.ts'

/** Options of `createTransactionManager`; the sender and the store are required. */
export interface TransactionManagerOptions<Payload extends JsonValue = JsonValue> {
  /** The way to the chain. */
  readonly sender: TransactionSender<Payload>
  /** Where transactions are kept; several processes may share it. */
  readonly store: TransactionStore
  /** Limits and times; every one has a default. */
  readonly policy?: Partial<TransactionPolicy> | undefined
  /** Who hears of lanes that are in trouble. */
  readonly alerts?: TransactionAlerts | undefined
  /** Names this process to people who look at the leases. Default a random identifier. */
  readonly owner?: string | undefined
  readonly clock?: Clock | undefined
  readonly createId?: CreateId | undefined
  readonly metrics?: Metrics | undefined
  readonly logger?: Logger | undefined
}

/** The options with every default filled in. */
export interface TransactionManagerSettings {
  readonly sender: TransactionSender
  readonly store: TransactionStore
  readonly policy: TransactionPolicy
  readonly alerts: TransactionAlerts | undefined
  readonly owner: string
  readonly clock: Clock
  readonly createId: CreateId
  readonly metrics: Metrics
  readonly logger: Logger
}

/** @throws {InvalidOptionError} `INVALID_OPTION` */
export function parseTransactionManagerOptions(
  options: TransactionManagerOptions,
): TransactionManagerSettings {
  const { sender, store, policy = {}, owner = systemCreateId() } = options
  if (sender.accounts.length === 0) {
    throw new InvalidOptionError('createTransactionManager', 'sender', 'one with an account')
  }
  return {
    sender,
    store,
    policy: parseTransactionPolicy(policy),
    alerts: options.alerts,
    owner,
    clock: options.clock ?? systemClock,
    createId: options.createId ?? systemCreateId,
    metrics: options.metrics ?? noMetrics,
    logger: options.logger ?? silentLogger,
  }
}
