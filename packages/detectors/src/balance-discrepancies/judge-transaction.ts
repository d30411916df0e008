import type { LedgerTransaction } from '../ledger/ledger-entry.ts'
import { type BalanceConfig, overdraftLimitOf } from './balance-state.ts'
import {
  type BalanceStep,
  crossesLimit,
  findInTransaction,
  isWithin,
  passOver,
} from './balance-step.ts'

/** Judges a completed transaction by the three rules on rows. */
export function judgeTransaction(
  step: BalanceStep,
  transaction: LedgerTransaction & { readonly kind: 'transaction' },
  config: BalanceConfig,
): void {
  judgeArithmetic(step, transaction, config)

  const order = orderOf(step.state.previous, transaction, config)
  if (order === 'late') {
    // What it says about the account was overtaken by a row that came first.
    step.late.push(transaction)
    passOver(step, 'balance.continuity', 'late', transaction)
    passOver(step, 'balance.negative', 'late', transaction)
    return
  }
  judgeContinuity(step, transaction, order, config)
  judgeNegative(step, transaction, config)
}

function judgeArithmetic(
  step: BalanceStep,
  transaction: LedgerTransaction,
  config: BalanceConfig,
): void {
  const { amountMinor, balanceBeforeMinor, balanceAfterMinor } = transaction
  if (balanceBeforeMinor === null || balanceAfterMinor === null) {
    passOver(step, 'balance.arithmetic', 'balance-missing', transaction)
    return
  }

  step.evaluated['balance.arithmetic'] += 1
  const expectedMinor = balanceBeforeMinor + amountMinor
  const differenceMinor = balanceAfterMinor - expectedMinor
  if (isWithin(differenceMinor, config.toleranceMinor)) return
  const evidence = {
    balanceBeforeMinor: String(balanceBeforeMinor),
    amountMinor: String(amountMinor),
    balanceAfterMinor: String(balanceAfterMinor),
    expectedAfterMinor: String(expectedMinor),
  }
  const facts = { severity: 'critical', amountMinor: differenceMinor, evidence } as const
  findInTransaction(step, 'balance.arithmetic', transaction, facts, config)
}

/** How a transaction stands to the one before it in the account's order. */
type Order = 'proven' | 'not-proven' | 'tie' | 'late'

function orderOf(
  previous: LedgerTransaction | null,
  { sequence }: LedgerTransaction,
  { orderProven }: BalanceConfig,
): Order {
  if (previous === null) return 'proven'
  if (sequence === null || previous.sequence === null) {
    // A sequence on one side only proves nothing: rows with and without one are sorted apart.
    return orderProven && sequence === previous.sequence ? 'proven' : 'not-proven'
  }
  if (sequence === previous.sequence) return 'tie'
  return sequence > previous.sequence ? 'proven' : 'late'
}

function judgeContinuity(
  step: BalanceStep,
  transaction: LedgerTransaction,
  order: Exclude<Order, 'late'>,
  config: BalanceConfig,
): void {
  const { state } = step
  const { previous, chainGap } = state
  state.previous = transaction
  // Either of two rows in one place may be the last, so the next one has no certain predecessor.
  state.chainGap = order === 'tie' ? 'order-not-proven' : null

  const gap = chainGap ?? (order === 'proven' ? null : 'order-not-proven')
  if (gap !== null) {
    passOver(step, 'balance.continuity', gap, transaction)
    return
  }
  const expectedMinor = previous?.balanceAfterMinor ?? null
  const actualMinor = transaction.balanceBeforeMinor
  if (previous === null || expectedMinor === null || actualMinor === null) {
    passOver(step, 'balance.continuity', 'balance-missing', transaction)
    return
  }

  step.evaluated['balance.continuity'] += 1
  const differenceMinor = actualMinor - expectedMinor
  if (isWithin(differenceMinor, config.toleranceMinor)) return
  const evidence = {
    previousTransactionId: previous.transactionId,
    previousAfterMinor: String(expectedMinor),
    balanceBeforeMinor: String(actualMinor),
  }
  const facts = { severity: 'critical', amountMinor: differenceMinor, evidence } as const
  findInTransaction(step, 'balance.continuity', transaction, facts, config)
}

function judgeNegative(
  step: BalanceStep,
  transaction: LedgerTransaction,
  config: BalanceConfig,
): void {
  const { balanceAfterMinor } = transaction
  if (balanceAfterMinor === null) {
    passOver(step, 'balance.negative', 'balance-missing', transaction)
    return
  }

  step.evaluated['balance.negative'] += 1
  if (!crossesLimit(step, balanceAfterMinor, config)) return
  const evidence = {
    balanceAfterMinor: String(balanceAfterMinor),
    overdraftLimitMinor: String(overdraftLimitOf(step.state, config)),
  }
  const facts = { severity: 'high', amountMinor: balanceAfterMinor, evidence } as const
  findInTransaction(step, 'balance.negative', transaction, facts, config)
}
