import type { LedgerTransaction } from '../ledger/ledger-entry.ts'
import {
  arithmeticFaultOf,
  type BalanceFault,
  continuityFaultOf,
  isWithin,
  negativeFaultOf,
} from './balance-fault.ts'
import type { BalanceReason } from './balance-rule.ts'
import {
  type BalanceConfig,
  type BalanceState,
  closeGap,
  overdraftLimitOf,
  type WaitingTransaction,
} from './balance-state.ts'
import { type BalanceStep, crossesLimit, findInTransaction, passOver } from './balance-step.ts'
import { chargesBetween, madeGoodMinor } from './failed-charges.ts'

/**
 * Judges a completed transaction: its arithmetic at once, and what depends on its place in the order
 * when the next one shows that it shares that place with none.
 */
export function judgeTransaction(
  step: BalanceStep,
  transaction: LedgerTransaction & { readonly kind: 'transaction' },
  config: BalanceConfig,
): void {
  judgeArithmetic(step, transaction, config)

  const { state } = step
  const order = orderOf(state.waiting?.transaction ?? state.previous, transaction, config)
  switch (order) {
    case 'late':
      // What it says about the account was overtaken by a row that came first.
      step.late.push(transaction)
      passOverPlace(step, transaction, 'late')
      break
    case 'tie':
      takeInTie(step, transaction)
      break
    case 'proven':
    case 'not-proven':
      judgeWaiting(step, config)
      state.waiting = {
        transaction,
        gap: state.chainGap ?? (order === 'proven' ? null : 'order-not-proven'),
      }
      closeGap(state, transaction)
      break
  }
}

/** Judges the transaction that waited, now that the next one or the end of the account is known. */
export function judgeWaiting(step: BalanceStep, config: BalanceConfig): void {
  const { state } = step
  const { waiting } = state
  if (waiting === null) return
  judgeContinuity(step, waiting, config)
  judgeNegative(step, waiting.transaction, config)
  state.previous = waiting.transaction
  state.waiting = null
}

/** Any of the rows in one place may be the first or the last, so none has a certain neighbour. */
function takeInTie(step: BalanceStep, transaction: LedgerTransaction): void {
  const { state } = step
  if (state.waiting !== null) {
    passOverPlace(step, state.waiting.transaction, 'order-not-proven', state.waiting.gap)
  }
  passOverPlace(step, transaction, 'order-not-proven', state.chainGap)
  state.chainGap ??= 'order-not-proven'
  state.previous = transaction
  state.waiting = null
}

/** @param gap why continuity could not have been judged anyway */
function passOverPlace(
  step: BalanceStep,
  transaction: LedgerTransaction,
  reason: BalanceReason,
  gap: BalanceReason | null = null,
): void {
  passOver(step, 'balance.continuity', gap ?? reason, transaction)
  passOver(step, 'balance.negative', reason, transaction)
}

function judgeArithmetic(
  step: BalanceStep,
  transaction: LedgerTransaction,
  config: BalanceConfig,
): void {
  const fault = arithmeticFaultOf(transaction, config.toleranceMinor)
  if (fault === 'balance-missing') {
    passOver(step, 'balance.arithmetic', fault, transaction)
    return
  }
  step.evaluated['balance.arithmetic'] += 1
  if (fault !== null) findInTransaction(step, 'balance.arithmetic', transaction, fault, config)
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
  { transaction, gap }: WaitingTransaction,
  config: BalanceConfig,
): void {
  const fault = gap ?? continuityFaultOf(step.state.previous, transaction, config.toleranceMinor)
  if (typeof fault === 'string') {
    passOver(step, 'balance.continuity', fault, transaction)
    return
  }
  step.evaluated['balance.continuity'] += 1
  if (fault !== null && !holdBreak(step.state, transaction, fault)) {
    findInTransaction(step, 'balance.continuity', transaction, fault, config)
  }
}

/** The most breaks of an account that wait for its end. */
const HELD_MAX = 1_000

/** A failure between two transactions may explain why they do not fit, once it has been made good. */
function holdBreak(
  { failed, previous, held }: BalanceState,
  transaction: LedgerTransaction,
  fault: BalanceFault,
): boolean {
  if (failed === null || previous === null || held.length === HELD_MAX) return false
  const failures = chargesBetween(failed, previous, transaction)
  if (failures.length > 0) held.push({ transaction, fault, failures })
  return failures.length > 0
}

/** Finds the breaks that no failure explains which has been made good by the end of the account. */
export function tellHeldBreaks(step: BalanceStep, config: BalanceConfig): void {
  const { held, failed, currency } = step.state
  for (const { transaction, fault, failures } of held.splice(0)) {
    const explainedMinor = madeGoodMinor(failed!, failures, currency)
    if (isWithin(fault.amountMinor, explainedMinor, config.toleranceMinor)) continue
    findInTransaction(step, 'balance.continuity', transaction, fault, config)
  }
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
  const fault = negativeFaultOf(balanceAfterMinor, overdraftLimitOf(step.state, config))
  findInTransaction(step, 'balance.negative', transaction, fault, config)
}
