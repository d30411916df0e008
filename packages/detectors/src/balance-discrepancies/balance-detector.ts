import type { Detector } from '../detector/detector.ts'
import type { LedgerTransaction } from '../ledger/ledger-entry.ts'
import { BALANCE_VERSION } from './balance-fault.ts'
import type { BalanceReason, BalanceRuleId } from './balance-rule.ts'
import {
  addNotCompleted,
  addTransaction,
  type BalanceConfig,
  type BalanceEvent,
  type BalanceState,
  createBalanceState,
  leaveGap,
  obstacleOf,
  setBalance,
} from './balance-state.ts'
import { type BalanceStep, createBalanceStep, passOver } from './balance-step.ts'
import { judgeAccount } from './judge-account.ts'
import { judgeTransaction, judgeWaiting, tellHeldBreaks } from './judge-transaction.ts'

const ROW_RULES = ['balance.arithmetic', 'balance.continuity', 'balance.negative'] as const

/**
 * The reducer behind `detectBalanceDiscrepancies`, keyed by account.
 *
 * Each transaction gets exactly one outcome, a verdict or a reason, from each of the three rules on
 * rows; what depends on its place in the order follows with the account's next transaction or its end.
 * Each account that ends gets one from `balance.reconciliation` and, where its balance is known, one
 * more from `balance.negative`.
 */
export const balanceDetector: Detector<
  BalanceEvent,
  BalanceState,
  BalanceConfig,
  BalanceRuleId,
  BalanceReason
> = {
  id: 'balance',
  version: BALANCE_VERSION,
  key: ({ accountId }) => accountId,
  init: createBalanceState,
  step(state, batch, { config }) {
    const step = createBalanceStep(state)
    for (const event of batch) takeIn(step, event, config)
    return step
  },
}

function takeIn(step: BalanceStep, event: BalanceEvent, config: BalanceConfig): void {
  switch (event.kind) {
    case 'balance':
      setBalance(step.state, event)
      break
    case 'transaction':
      takeInTransaction(step, event, config)
      break
    case 'unreadable':
      leaveGap(step.state, 'row-unreadable', event.sequence)
      break
    case 'account-end':
      judgeWaiting(step, config)
      tellHeldBreaks(step, config)
      judgeAccount(step, config)
      break
  }
}

function takeInTransaction(
  step: BalanceStep,
  transaction: LedgerTransaction & { readonly kind: 'transaction' },
  config: BalanceConfig,
): void {
  const obstacle = obstacleOf(step.state, transaction)
  if (obstacle === null) {
    addTransaction(step.state, transaction, config)
    judgeTransaction(step, transaction, config)
    return
  }

  if (obstacle === 'not-completed') addNotCompleted(step.state, transaction)
  for (const rule of ROW_RULES) passOver(step, rule, obstacle, transaction)
  if (obstacle === 'conflicting-duplicate' || obstacle === 'mixed-currency') {
    const { transactionId, sequence } = transaction
    // Two rows of one id tell of one booking, so the second one shares no place with the first.
    const isOfWaiting = step.state.waiting?.transaction.transactionId === transactionId
    leaveGap(step.state, obstacle, isOfWaiting ? null : sequence)
  }
}
