import { findingFingerprint } from '../detector/finding-fingerprint.ts'
import type { Finding } from '../detector/finding.ts'
import type { LedgerTransaction } from '../ledger/ledger-entry.ts'
import type { BalanceRuleId } from './balance-rule.ts'

/** A balance that is wrong: a finding's own part, beside what every finding on balances shares. */
export interface BalanceFault {
  readonly severity: Finding['severity']
  /** By how much it is wrong or, below the limit, what it is. */
  readonly amountMinor: bigint
  readonly evidence: Finding['evidence']
}

/** What names a transaction in a finding. */
export type FaultyTransaction = Pick<
  LedgerTransaction,
  'transactionId' | 'accountId' | 'currency' | 'eventTime'
>

/** Grows when one of the rules starts to judge the same rows otherwise. */
export const BALANCE_VERSION = 1

/** Whether before plus the signed amount is after; `null` when it is. */
export function arithmeticFaultOf(
  {
    amountMinor,
    balanceBeforeMinor,
    balanceAfterMinor,
  }: Pick<LedgerTransaction, 'amountMinor' | 'balanceBeforeMinor' | 'balanceAfterMinor'>,
  toleranceMinor: bigint,
): BalanceFault | 'balance-missing' | null {
  if (balanceBeforeMinor === null || balanceAfterMinor === null) return 'balance-missing'
  const expectedMinor = balanceBeforeMinor + amountMinor
  if (isWithin(balanceAfterMinor, expectedMinor, toleranceMinor)) return null
  const evidence = {
    balanceBeforeMinor: String(balanceBeforeMinor),
    amountMinor: String(amountMinor),
    balanceAfterMinor: String(balanceAfterMinor),
    expectedAfterMinor: String(expectedMinor),
  }
  return { severity: 'critical', amountMinor: balanceAfterMinor - expectedMinor, evidence }
}

/** Whether a transaction begins with the balance that the one before it left; `null` when it does. */
export function continuityFaultOf(
  previous: {
    readonly transactionId: string | null
    readonly balanceAfterMinor: bigint | null
  } | null,
  { balanceBeforeMinor }: Pick<LedgerTransaction, 'balanceBeforeMinor'>,
  toleranceMinor: bigint,
): BalanceFault | 'balance-missing' | null {
  const expectedMinor = previous?.balanceAfterMinor ?? null
  if (previous === null || expectedMinor === null || balanceBeforeMinor === null) {
    return 'balance-missing'
  }
  if (isWithin(balanceBeforeMinor, expectedMinor, toleranceMinor)) return null
  const evidence = {
    previousTransactionId: previous.transactionId,
    previousAfterMinor: String(expectedMinor),
    balanceBeforeMinor: String(balanceBeforeMinor),
  }
  return { severity: 'critical', amountMinor: balanceBeforeMinor - expectedMinor, evidence }
}

/** That a transaction has taken its account below the limit. */
export function negativeFaultOf(
  balanceAfterMinor: bigint,
  overdraftLimitMinor: bigint,
): BalanceFault {
  const evidence = {
    balanceAfterMinor: String(balanceAfterMinor),
    overdraftLimitMinor: String(overdraftLimitMinor),
  }
  return { severity: 'high', amountMinor: balanceAfterMinor, evidence }
}

/** The finding about a transaction: the same, whoever judges it. */
export function faultInTransaction<RuleId extends BalanceRuleId>(
  ruleId: RuleId,
  action: Finding['action'],
  { accountId, transactionId, currency, eventTime }: FaultyTransaction,
  { severity, amountMinor, evidence }: BalanceFault,
  tenant: string | null,
): Finding<RuleId> {
  return {
    fingerprint: findingFingerprint(ruleId, tenant, [accountId, transactionId]),
    ruleId,
    ruleVersion: BALANCE_VERSION,
    severity,
    action,
    subject: accountId,
    transactionIds: [transactionId],
    amount: { amountMinor, currency },
    eventTime,
    confidence: 1,
    evidence,
  }
}

/** Whether two amounts are the same, give or take the tolerance. */
export function isWithin(actualMinor: bigint, expectedMinor: bigint, tolerance: bigint): boolean {
  // Most are equal, and a comparison makes no new bigint.
  if (actualMinor === expectedMinor) return true
  const differenceMinor = actualMinor - expectedMinor
  return differenceMinor <= tolerance && differenceMinor >= -tolerance
}
