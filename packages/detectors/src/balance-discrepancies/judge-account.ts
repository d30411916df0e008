import type { AccountBalance } from '../ledger/ledger-entry.ts'
import type { BalanceConfig } from './balance-state.ts'
import {
  type BalanceStep,
  crossesLimit,
  findInAccount,
  isWithin,
  passOver,
} from './balance-step.ts'

/** Judges an account when all of its transactions are in. */
export function judgeAccount(step: BalanceStep, config: BalanceConfig): void {
  const { account, sumGap } = step.state
  if (sumGap !== null || account === null) {
    passOver(step, 'balance.reconciliation', sumGap ?? 'account-missing', null)
  } else {
    judgeReconciliation(step, account, config)
  }
  if (account !== null) judgeNegative(step, account, config)
}

function judgeReconciliation(
  step: BalanceStep,
  account: AccountBalance,
  config: BalanceConfig,
): void {
  step.evaluated['balance.reconciliation'] += 1
  const { balanceMinor, checkpointMinor } = account
  const { movedMinor } = step.state
  const expectedMinor = checkpointMinor + movedMinor
  const differenceMinor = balanceMinor - expectedMinor
  if (isWithin(differenceMinor, config.toleranceMinor)) return
  const evidence = {
    balanceMinor: String(balanceMinor),
    checkpointMinor: String(checkpointMinor),
    movedMinor: String(movedMinor),
    expectedMinor: String(expectedMinor),
  }
  const facts = { severity: 'critical', amountMinor: differenceMinor, evidence } as const
  findInAccount(step, 'balance.reconciliation', account, facts, config)
}

function judgeNegative(step: BalanceStep, account: AccountBalance, config: BalanceConfig): void {
  step.evaluated['balance.negative'] += 1
  const { balanceMinor, overdraftLimitMinor } = account
  if (!crossesLimit(step, balanceMinor, config)) return
  const evidence = {
    balanceMinor: String(balanceMinor),
    overdraftLimitMinor: String(overdraftLimitMinor),
  }
  const facts = { severity: 'high', amountMinor: balanceMinor, evidence } as const
  findInAccount(step, 'balance.negative', account, facts, config)
}
