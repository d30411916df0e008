import type { AccountBalance } from '../ledger/ledger-entry.ts'
import { isWithin } from './balance-fault.ts'
import type { BalanceConfig, BalanceState } from './balance-state.ts'
import { type BalanceStep, crossesLimit, findInAccount, passOver } from './balance-step.ts'

/** Judges an account when all of its transactions are in. */
export function judgeAccount(step: BalanceStep, config: BalanceConfig): void {
  const { balance, sumGap } = step.state
  if (sumGap !== null || balance === null) {
    passOver(step, 'balance.reconciliation', sumGap ?? 'account-balance-missing', null)
  } else {
    judgeReconciliation(step, balance, config)
  }
  if (balance !== null) judgeNegative(step, balance, config)
}

function judgeReconciliation(
  step: BalanceStep,
  balance: AccountBalance,
  config: BalanceConfig,
): void {
  step.evaluated['balance.reconciliation'] += 1
  const { balanceMinor, checkpointMinor } = balance
  const movedMinor = step.state.movedMinor - reversedFailuresMinor(step.state, config)
  const openingMinor = config.reconcilesFrom === 'zero' ? 0n : checkpointMinor
  const expectedMinor = openingMinor + movedMinor
  if (isWithin(balanceMinor, expectedMinor, config.toleranceMinor)) return
  const evidence = {
    balanceMinor: String(balanceMinor),
    checkpointMinor: String(openingMinor),
    movedMinor: String(movedMinor),
    expectedMinor: String(expectedMinor),
  }
  const amountMinor = balanceMinor - expectedMinor
  const facts = { severity: 'critical', amountMinor, evidence } as const
  findInAccount(step, 'balance.reconciliation', balance, facts, config)
}

/** What gives back what a failure took is no new money, though the transaction is completed. */
function reversedFailuresMinor({ failed }: BalanceState, { countsRefunds }: BalanceConfig): bigint {
  return countsRefunds ? (failed?.reversedMinor ?? 0n) : 0n
}

function judgeNegative(step: BalanceStep, balance: AccountBalance, config: BalanceConfig): void {
  step.evaluated['balance.negative'] += 1
  const { balanceMinor, overdraftLimitMinor } = balance
  if (!crossesLimit(step, balanceMinor, config)) return
  const evidence = {
    balanceMinor: String(balanceMinor),
    overdraftLimitMinor: String(overdraftLimitMinor),
  }
  const facts = { severity: 'high', amountMinor: balanceMinor, evidence } as const
  findInAccount(step, 'balance.negative', balance, facts, config)
}
