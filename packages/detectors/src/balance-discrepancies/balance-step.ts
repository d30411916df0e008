import type { NotEvaluable } from '../detector/detector.ts'
import { findingFingerprint } from '../detector/finding-fingerprint.ts'
import type { Finding } from '../detector/finding.ts'
import type { AccountBalance, LedgerTransaction } from '../ledger/ledger-entry.ts'
import type { BalanceReason, BalanceRuleId } from './balance-rule.ts'
import {
  type BalanceConfig,
  type BalanceEvent,
  type BalanceState,
  overdraftLimitOf,
} from './balance-state.ts'

/** Grows when one of the rules starts to judge the same rows otherwise. */
export const BALANCE_VERSION = 1

/** A step that is under way: the state, and what it has led to so far. */
export interface BalanceStep {
  readonly state: BalanceState
  readonly findings: Finding<BalanceRuleId>[]
  readonly late: BalanceEvent[]
  readonly evaluated: Record<BalanceRuleId, number>
  readonly notEvaluable: NotEvaluable<BalanceRuleId, BalanceReason>[]
}

/** A finding's own part, beside what every finding of the balance rules shares. */
type FindingFacts = Pick<Finding, 'evidence' | 'severity'> & { readonly amountMinor: bigint }

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
  { amountMinor, ...facts }: FindingFacts,
  { tenant }: BalanceConfig,
): void {
  const { accountId, transactionId, currency, eventTime } = transaction
  step.findings.push({
    fingerprint: findingFingerprint(ruleId, tenant, [accountId, transactionId]),
    ruleId,
    ruleVersion: BALANCE_VERSION,
    action: 'open',
    subject: accountId,
    transactionIds: [transactionId],
    amount: { amountMinor, currency },
    eventTime,
    confidence: 1,
    ...facts,
  })
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
  { amountMinor, ...facts }: FindingFacts,
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

export function isWithin(differenceMinor: bigint, toleranceMinor: bigint): boolean {
  return differenceMinor <= toleranceMinor && differenceMinor >= -toleranceMinor
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
