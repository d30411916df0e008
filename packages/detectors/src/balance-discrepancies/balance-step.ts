import type { NotEvaluable } from '../detector/detector.ts'
import { findingFingerprint } from '../detector/finding-fingerprint.ts'
import type { Finding } from '../detector/finding.ts'
import type { AccountBalance, LedgerTransaction } from '../ledger/ledger-entry.ts'
import { BALANCE_VERSION, type BalanceFault, faultInTransaction } from './balance-fault.ts'
import type { BalanceReason, BalanceRuleId } from './balance-rule.ts'
import {
  type BalanceConfig,
  type BalanceEvent,
  type BalanceState,
  overdraftLimitOf,
} from './balance-state.ts'

/** A step that is under way: the state, and what it has led to so far. */
export interface BalanceStep {
  readonly state: BalanceState
  readonly findings: Finding<BalanceRuleId>[]
  readonly late: BalanceEvent[]
  readonly evaluated: Record<BalanceRuleId, number>
  readonly notEvaluable: NotEvaluable<BalanceRuleId, BalanceReason>[]
}

export function createBalanceStep(state: BalanceState): BalanceStep {
  return {
    state,
    findings: [],
    late: [],
    evaluated: {
      'balance.arithmetic': 0,
      'balance.continuity': 0,
      'balance.reconciliation': 0,
      'balance.negative': 0,
    },
    notEvaluable: [],
  }
}

/** Notes that a rule could not judge a transaction or, with `null`, the account as a whole. */
export function passOver(
  step: BalanceStep,
  ruleId: BalanceRuleId,
  reason: BalanceReason,
  transaction: LedgerTransaction | null,
): void {
  step.notEvaluable.push({
    ruleId,
    reason,
    subject: step.state.accountId,
    transactionId: transaction?.transactionId ?? null,
  })
}

/** Notes a finding that a transaction shows. */
export function findInTransaction(
  step: BalanceStep,
  ruleId: BalanceRuleId,
  transaction: LedgerTransaction,
  fault: BalanceFault,
  { tenant }: BalanceConfig,
): void {
  step.findings.push(faultInTransaction(ruleId, 'open', transaction, fault, tenant))
}

/**
 * Notes a finding that the account as a whole shows. No event of its own explains it, so the amount
 * stands in its fingerprint: while rows are added, an old discrepancy stays the same finding and a
 * further one is new.
 */
export function findInAccount(
  step: BalanceStep,
  ruleId: BalanceRuleId,
  { accountId, currency, eventTime }: AccountBalance,
  { amountMinor, ...facts }: BalanceFault,
  { tenant }: BalanceConfig,
): void {
  step.findings.push({
    fingerprint: findingFingerprint(ruleId, tenant, [accountId, '', String(amountMinor)]),
    ruleId,
    ruleVersion: BALANCE_VERSION,
    action: 'open',
    subject: accountId,
    transactionIds: [],
    amount: { amountMinor, currency },
    eventTime,
    confidence: 1,
    ...facts,
  })
}

/** Whether a balance is the first below the limit since the last one that was not. */
export function crossesLimit(
  step: BalanceStep,
  balanceMinor: bigint,
  config: BalanceConfig,
): boolean {
  const { state } = step
  const wasBelowLimit = state.isBelowLimit
  state.isBelowLimit = balanceMinor < -overdraftLimitOf(state, config)
  return state.isBelowLimit && !wasBelowLimit
}
