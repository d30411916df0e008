import { configureDetector } from '../detector/combine-detectors.ts'
import {
  detectOverAccounts,
  type DetectionOptions,
  type DetectionReport,
} from '../detector/detect-over-accounts.ts'
import { parseLedgerEvent } from '../detector/parse-ledger-event.ts'
import type { LedgerRepository } from '../ledger/ledger-repository.ts'
import { type FailureRateOptions, readFailureRateConfig } from './failure-rate-config.ts'
import { failureRateDetector } from './failure-rate-detector.ts'
import {
  readTransactionFailureConfig,
  type TransactionFailureOptions,
} from './transaction-failure-config.ts'
import { transactionFailureDetector } from './transaction-failure-detector.ts'
import {
  TRANSACTION_FAILURE_RULE_IDS,
  type TransactionFailureReason,
  type TransactionFailureRuleId,
} from './transaction-failure-rule.ts'

/** How {@link detectTransactionFailures} judges, reads and reports. */
export interface DetectTransactionFailuresOptions
  extends
    DetectionOptions<TransactionFailureRuleId>,
    Omit<TransactionFailureOptions, keyof DetectionOptions> {
  /**
   * How the failure rate of all accounts together is judged. For that every account is read and all
   * transactions from `sinceMs` to `untilMs` are in memory at once; `false` leaves the rule out, and then
   * a repository may leave out accounts without a failure. Default: with its defaults.
   */
  readonly failureRate?: Omit<FailureRateOptions, 'tenant'> | false | undefined
}

/** What a run returns. */
export type TransactionFailureReport = DetectionReport<
  TransactionFailureRuleId,
  TransactionFailureReason
>

/**
 * Finds failed transactions that moved the balance all the same, accounts on which one request after
 * the other fails, and times at which too many of all transactions fail.
 *
 * @param repositories.ledger where transactions are read
 * @param options durations in milliseconds, bounds in rows, and who hears of what
 * @returns the first findings, and for each rule how often it found, judged and could not judge
 * @throws `INVALID_OPTION` for an option that is out of range
 * @throws what the repository or a callback threw, and the signal's reason
 *
 * @example
 * ```ts
 * import { createMemoryLedgerRepository, detectTransactionFailures } from '@assay/detectors'
 *
 * const ledger = createMemoryLedgerRepository({
 *   transactions: [
 *     {
 *       transactionId: 'tx-1',
 *       accountId: 'card-7',
 *       status: 'failed',
 *       amountMinor: -450n,
 *       balanceBeforeMinor: 2_000n,
 *       balanceAfterMinor: 1_550n,
 *       currency: 'EUR',
 *       eventTime: 1_749_895_200_000,
 *     },
 *   ],
 * })
 * const { findings } = await detectTransactionFailures({ ledger })
 * console.log(findings[0]?.ruleId) // transactions.charged-on-failure
 * ```
 */
export async function detectTransactionFailures(
  { ledger }: { readonly ledger: LedgerRepository },
  options: DetectTransactionFailuresOptions = {},
): Promise<TransactionFailureReport> {
  const { failureRate = {}, tenant } = options
  const ofAccounts = configureDetector(
    transactionFailureDetector,
    readTransactionFailureConfig(options),
  )
  const ofSystem =
    failureRate === false
      ? []
      : [
          configureDetector(
            failureRateDetector,
            readFailureRateConfig({ ...failureRate, tenant: tenant ?? null }),
          ),
        ]
  return detectOverAccounts(
    {
      name: 'detectTransactionFailures',
      detectors: [ofAccounts, ...ofSystem],
      ruleIds: TRANSACTION_FAILURE_RULE_IDS,
      read: (work, { batchSize }) =>
        ledger.readSnapshot(work, {
          batchSize,
          // A rate is a share of all transactions, those of accounts without a failure included.
          candidates: failureRate === false ? { kind: 'failed' } : undefined,
        }),
      parse: parseLedgerEvent,
    },
    options,
  )
}
