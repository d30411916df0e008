import {
  inEventOrder,
  type OrderedDetector,
  type OrderedRules,
} from '../detector/in-event-order.ts'
import { judgeCharge, judgeReversal } from './judge-charge.ts'
import { endRunByTime, judgeFailure, judgeSuccess, runEndsAt } from './judge-run.ts'
import type { TransactionFailureConfig } from './transaction-failure-config.ts'
import {
  type AccountFailureRuleId,
  TRANSACTION_FAILURE_VERSION,
  type TransactionFailureReason,
} from './transaction-failure-rule.ts'
import {
  createTransactionFailureState,
  type TransactionFailureState,
} from './transaction-failure-state.ts'

const CHARGED = 'transactions.charged-on-failure'
const CREDITED = 'transactions.credited-on-failure'
const CONSECUTIVE = 'transactions.consecutive-failures'

const rules: OrderedRules<
  TransactionFailureState,
  TransactionFailureConfig,
  AccountFailureRuleId,
  TransactionFailureReason
> = {
  id: 'transaction-failures',
  version: TRANSACTION_FAILURE_VERSION,
  ruleIds: { transaction: [CHARGED, CREDITED, CONSECUTIVE], scan: [] },
  scope: 'account',
  init: createTransactionFailureState,
  isBlank: ({ charges, earlyReversals, run }) =>
    charges === null && earlyReversals === null && run === null,
  judge(state, event, verdicts, config) {
    if (event.kind !== 'transaction') return
    verdicts.evaluated[CONSECUTIVE] += 1
    if (event.status === 'failed') {
      judgeCharge(state, event, verdicts, config)
      judgeFailure(state, event, verdicts, config)
      return
    }
    verdicts.evaluated[CHARGED] += 1
    verdicts.evaluated[CREDITED] += 1
    if (event.status !== 'completed') return
    if (state.run !== null) judgeSuccess(state, event, verdicts, config)
    const { reversesTransactionId } = event
    if (reversesTransactionId !== null) {
      judgeReversal(state, event, reversesTransactionId, verdicts, config)
    }
  },
  elapse(state, upTo, verdicts, config) {
    endRunByTime(state, upTo, verdicts, config)
  },
  wakeAt: runEndsAt,
}

/**
 * The reducer behind `detectTransactionFailures` for what is judged account by account. Each
 * transaction gets one outcome, a verdict or a reason, from each of its three rules. One that is
 * pending or was cancelled is neither a failure nor a success.
 */
export const transactionFailureDetector: OrderedDetector<
  TransactionFailureState,
  TransactionFailureConfig,
  AccountFailureRuleId,
  TransactionFailureReason
> = inEventOrder(rules)
