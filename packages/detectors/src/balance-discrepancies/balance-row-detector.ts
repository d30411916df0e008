import {
  inEventOrder,
  type OrderedDetector,
  type OrderedRules,
  type OrderReason,
  passOver,
} from '../detector/in-event-order.ts'
import type { LedgerTransaction } from '../ledger/ledger-entry.ts'
import { arithmeticFaultOf, BALANCE_VERSION, faultInTransaction } from './balance-fault.ts'
import type { BalanceRowConfig } from './balance-row-config.ts'
import {
  appendLink,
  type BalanceLink,
  type BalanceRowState,
  createBalanceRowState,
  cutOffFirst,
  insertLink,
} from './balance-row-state.ts'
import {
  BALANCE_ROW_RULE_IDS,
  type BalanceRowReason,
  type BalanceRowRuleId,
} from './balance-rule.ts'
import {
  type BalanceRowVerdicts,
  judgeContinuityAgain,
  judgeLink,
  judgeNegativeAgain,
} from './judge-link.ts'

type Transaction = LedgerTransaction & { readonly kind: 'transaction' }

const rules: OrderedRules<BalanceRowState, BalanceRowConfig, BalanceRowRuleId, BalanceRowReason> = {
  id: 'balance-rows',
  version: BALANCE_VERSION,
  ruleIds: { transaction: BALANCE_ROW_RULE_IDS, scan: [] },
  scope: 'account',
  init: createBalanceRowState,
  judge(state, event, verdicts, config) {
    if (event.kind !== 'transaction') return
    const obstacle = obstacleOf(state, event)
    if (obstacle !== null) {
      for (const ruleId of BALANCE_ROW_RULE_IDS) passOver(verdicts, ruleId, obstacle, event)
      if (obstacle === 'mixed-currency') leaveGap(state, event, verdicts, config)
      return
    }
    judgeArithmetic(event, verdicts, config)
    state.currency ??= event.currency
    takePlace(state, event, verdicts, config)
  },
}

/**
 * The rules on balances that judge transaction by transaction, as they happen. They find what
 * `detectBalanceDiscrepancies` finds in the same transactions, under the same fingerprints.
 *
 * Each transaction is judged at once, in the order of event time, and takes its place in the order of
 * booking. Should one come that shares the place of another or was booked before it, what was found
 * too early is resolved, and what was missed opens.
 */
export const balanceRowDetector: OrderedDetector<
  BalanceRowState,
  BalanceRowConfig,
  BalanceRowRuleId,
  BalanceRowReason
> = inEventOrder(rules)

/** Why a transaction is left out of everything; `null` when it counts. */
function obstacleOf(
  { links, currency }: BalanceRowState,
  transaction: Transaction,
): BalanceRowReason | OrderReason | null {
  if (transaction.status !== 'completed') return 'not-completed'
  for (const { transactionId } of links) {
    if (transactionId === transaction.transactionId) return 'repeated'
  }
  return currency === null || currency === transaction.currency ? null : 'mixed-currency'
}

function judgeArithmetic(
  transaction: Transaction,
  { findings, evaluated, notEvaluable }: BalanceRowVerdicts,
  { toleranceMinor, tenant }: BalanceRowConfig,
): void {
  const fault = arithmeticFaultOf(transaction, toleranceMinor)
  if (fault === 'balance-missing') {
    passOver({ notEvaluable }, 'balance.arithmetic', fault, transaction)
    return
  }
  evaluated['balance.arithmetic'] += 1
  if (fault === null) return
  findings.push(faultInTransaction('balance.arithmetic', 'open', transaction, fault, tenant))
}

/** Puts a transaction in its place in the order of booking, and judges what that changes. */
function takePlace(
  state: BalanceRowState,
  transaction: Transaction,
  verdicts: BalanceRowVerdicts,
  config: BalanceRowConfig,
): void {
  const { links } = state
  const before = indexBefore(links, transaction, config)
  const order = orderAt(links, before, transaction, config)
  if (order === 'tie') {
    takeInTie(state, before, transaction, verdicts, config)
  } else if (before === links.length - 1) {
    const link = appendLink(state, transaction, config.keptMax)
    link.gap = state.gap ?? (order === 'after' ? null : 'order-not-proven')
    closeGap(state, transaction)
    judgeLink(state, links.length - 1, transaction, verdicts, config)
  } else if (before === -1 && state.isCut) {
    passOver(verdicts, 'balance.continuity', 'late', transaction)
    passOver(verdicts, 'balance.negative', 'late', transaction)
  } else {
    takeInBetween(state, before + 1, transaction, verdicts, config)
  }
}

/** The last link that was not booked after a transaction; -1 when all were. */
function indexBefore(
  links: readonly BalanceLink[],
  transaction: Transaction,
  config: BalanceRowConfig,
): number {
  let index = links.length - 1
  while (index >= 0 && orderAt(links, index, transaction, config) === 'before') index -= 1
  return index
}

/** How a transaction stands to a link: nothing comes before the first one. */
function orderAt(
  links: readonly BalanceLink[],
  index: number,
  { sequence, eventTime }: Transaction,
  { orderProven }: BalanceRowConfig,
): 'after' | 'tie' | 'before' | 'unknown' {
  const link = links[index]
  if (link === undefined) return 'after'
  if (sequence !== null && link.sequence !== null) {
    if (sequence === link.sequence) return 'tie'
    return sequence > link.sequence ? 'after' : 'before'
  }
  // A sequence on one side only proves nothing.
  if (!orderProven || sequence !== link.sequence) return 'unknown'
  return eventTime === link.eventTime ? 'tie' : 'after'
}

/** Any of the transactions in one place may be the first or the last, so none has a certain neighbour. */
function takeInTie(
  state: BalanceRowState,
  index: number,
  transaction: Transaction,
  verdicts: BalanceRowVerdicts,
  config: BalanceRowConfig,
): void {
  const link = state.links[index]!
  const next = state.links[index + 1]
  passOver(verdicts, 'balance.continuity', link.gap ?? 'order-not-proven', transaction)
  passOver(verdicts, 'balance.negative', 'order-not-proven', transaction)
  link.isTied = true
  if (next === undefined) state.gap ??= 'order-not-proven'
  else next.gap ??= 'order-not-proven'
  judgeContinuityAgain(state, index, transaction, verdicts, config)
  judgeContinuityAgain(state, index + 1, transaction, verdicts, config)
  judgeNegativeAgain(state, index, transaction, verdicts, config)
}

/** It was booked before what has come already. */
function takeInBetween(
  state: BalanceRowState,
  index: number,
  transaction: Transaction,
  verdicts: BalanceRowVerdicts,
  config: BalanceRowConfig,
): void {
  const next = state.links[index]!
  const link = insertLink(state, transaction, index)
  // What kept the next one from being compared lies before both; which side a row of another currency
  // lies on is not known.
  link.gap = next.gap
  if (next.gap !== 'mixed-currency') next.gap = null
  judgeLink(state, index, transaction, verdicts, config)
  judgeContinuityAgain(state, index + 1, transaction, verdicts, config)
  if (state.links.length > config.keptMax) cutOffFirst(state)
}

/** A row that is left out may have moved the balance: nothing is compared across it. */
function leaveGap(
  state: BalanceRowState,
  transaction: Transaction,
  verdicts: BalanceRowVerdicts,
  config: BalanceRowConfig,
): void {
  const { links } = state
  const before = indexBefore(links, transaction, config)
  // What it may have stood beside was cut off.
  if (before === -1 && state.isCut) return
  const isTied = orderAt(links, before, transaction, config) === 'tie'
  for (const index of isTied ? [before, before + 1] : [before + 1]) {
    const link = links[index]
    if (link === undefined) continue
    link.gap ??= 'mixed-currency'
    judgeContinuityAgain(state, index, transaction, verdicts, config)
  }
  if (before < links.length - 1) return
  state.gap = 'mixed-currency'
  state.gapSequence = transaction.sequence
}

/** The next transaction follows on this one, unless a row that left a gap may stand between them. */
function closeGap(state: BalanceRowState, { sequence }: Transaction): void {
  if (state.gapSequence === null || state.gapSequence !== sequence) state.gap = null
}
