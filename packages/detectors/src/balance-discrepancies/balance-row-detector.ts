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
  insertLink,
  linksOf,
  takeFirst,
} from './balance-row-state.ts'
import {
  BALANCE_ROW_RULE_IDS,
  type BalanceRowReason,
  type BalanceRowRuleId,
} from './balance-rule.ts'
import {
  addFailedCharge,
  addReversal,
  createFailedCharges,
  isFailedCharge,
} from './failed-charges.ts'
import {
  type BalanceRowVerdicts,
  judgeContinuityAgain,
  judgeFailuresAgain,
  judgeLink,
  judgeNegativeAgain,
  keepSecondBreak,
} from './judge-link.ts'
import { addUnreadable } from './unreadable-rows.ts'

type Transaction = LedgerTransaction & { readonly kind: 'transaction' }

const rules: OrderedRules<BalanceRowState, BalanceRowConfig, BalanceRowRuleId, BalanceRowReason> = {
  id: 'balance-rows',
  version: BALANCE_VERSION,
  ruleIds: { transaction: BALANCE_ROW_RULE_IDS, scan: [] },
  scope: 'account',
  init: createBalanceRowState,
  leaveGap: (state, { sequence }) => sequence === 'nowhere' || addUnreadable(state, sequence),
  judge(state, event, verdicts, config) {
    if (event.kind !== 'transaction') return
    if (event.status !== 'completed') {
      passOverAll(verdicts, 'not-completed', event)
      if (isFailedCharge(event)) takeFailedCharge(state, event, verdicts, config)
    } else if (state.currency !== null && state.currency !== event.currency) {
      passOverAll(verdicts, 'mixed-currency', event)
      leaveGap(state, event, verdicts, config)
    } else {
      takePlace(state, event, verdicts, config)
    }
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

/** A transaction that is left out of everything. */
function passOverAll(
  verdicts: BalanceRowVerdicts,
  reason: BalanceRowReason | OrderReason,
  transaction: Transaction,
): void {
  for (const ruleId of BALANCE_ROW_RULE_IDS) passOver(verdicts, ruleId, reason, transaction)
}

/** Puts a transaction in its place in the order of booking, and judges what that changes. */
function takePlace(
  state: BalanceRowState,
  transaction: Transaction,
  verdicts: BalanceRowVerdicts,
  config: BalanceRowConfig,
): void {
  const order = orderOf(state.last, transaction, config)
  if (order !== 'after' && isKept(state, transaction)) {
    passOverAll(verdicts, 'repeated', transaction)
    return
  }
  judgeArithmetic(transaction, verdicts, config)
  state.currency ??= transaction.currency
  const isReversal = takeReversal(state, transaction)
  if (order === 'after' || order === 'unknown') {
    if (state.failed !== null && state.kept >= config.keptMax) keepSecondBreak(state, config)
    const link = appendLink(state, transaction, config.keptMax)
    link.gap = state.gap ?? (order === 'after' ? null : 'order-not-proven')
    closeGap(state, transaction)
    judgeLink(state, link, transaction, verdicts, config)
  } else {
    takeEarlierPlace(state, transaction, verdicts, config)
  }
  if (isReversal) judgeFailuresAgain(state, transaction, verdicts, config)
}

/** A failure that moved the balance may explain a break, once it has been made good. */
function takeFailedCharge(
  state: BalanceRowState,
  transaction: Transaction,
  verdicts: BalanceRowVerdicts,
  config: BalanceRowConfig,
): void {
  state.failed ??= createFailedCharges()
  addFailedCharge(state.failed, transaction, FAILED_LIMITS)
  judgeFailuresAgain(state, transaction, verdicts, config)
}

/** @returns whether it gives back what a failure moved */
function takeReversal(state: BalanceRowState, transaction: Transaction): boolean {
  const { reversesTransactionId } = transaction
  if (reversesTransactionId === null) return false
  state.failed ??= createFailedCharges()
  return addReversal(state.failed, reversesTransactionId, transaction, FAILED_LIMITS)
}

const FAILED_LIMITS = { chargesMax: 100, earlyMax: 16 }

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

/** How a transaction stands to a link: nothing comes before the first one. */
function orderOf(
  link: BalanceLink | null,
  { sequence, eventTime }: Transaction,
  { orderProven }: BalanceRowConfig,
): 'after' | 'tie' | 'before' | 'unknown' {
  if (link === null) return 'after'
  if (sequence !== null && link.sequence !== null) {
    if (sequence > link.sequence) return 'after'
    return sequence === link.sequence ? 'tie' : 'before'
  }
  // A sequence on one side only proves nothing.
  if (!orderProven || sequence !== link.sequence) return 'unknown'
  return eventTime === link.eventTime ? 'tie' : 'after'
}

function isKept(state: BalanceRowState, { transactionId }: Transaction): boolean {
  return linksOf(state).some((link) => link.transactionId === transactionId)
}

/** It shares its place with another transaction, or was booked before one that has come already. */
function takeEarlierPlace(
  state: BalanceRowState,
  transaction: Transaction,
  verdicts: BalanceRowVerdicts,
  config: BalanceRowConfig,
): void {
  const links = linksOf(state)
  const before = indexBefore(links, transaction, config)
  const link = links[before] ?? null
  const next = links[before + 1] ?? null
  if (link !== null && orderOf(link, transaction, config) === 'tie') {
    takeInTie(state, link, next, transaction, verdicts, config)
  } else if (before === -1 && state.isCut) {
    passOver(verdicts, 'balance.continuity', 'late', transaction)
    passOver(verdicts, 'balance.negative', 'late', transaction)
  } else if (next !== null) {
    takeInBetween(state, before + 1, next, transaction, verdicts, config)
  }
}

/** The last link that was not booked after a transaction; -1 when all were. */
function indexBefore(
  links: readonly BalanceLink[],
  transaction: Transaction,
  config: BalanceRowConfig,
): number {
  return links.findLastIndex((link) => orderOf(link, transaction, config) !== 'before')
}

/** Any of the transactions in one place may be the first or the last, so none has a certain neighbour. */
function takeInTie(
  state: BalanceRowState,
  link: BalanceLink,
  next: BalanceLink | null,
  transaction: Transaction,
  verdicts: BalanceRowVerdicts,
  config: BalanceRowConfig,
): void {
  passOver(verdicts, 'balance.continuity', link.gap ?? 'order-not-proven', transaction)
  passOver(verdicts, 'balance.negative', 'order-not-proven', transaction)
  link.isTied = true
  judgeContinuityAgain(state, link, transaction, verdicts, config)
  if (next === null) {
    state.gap ??= 'order-not-proven'
  } else {
    next.gap ??= 'order-not-proven'
    judgeContinuityAgain(state, next, transaction, verdicts, config)
  }
  judgeNegativeAgain(state, link, transaction, verdicts, config)
}

/** It was booked before what has come already. */
function takeInBetween(
  state: BalanceRowState,
  index: number,
  next: BalanceLink,
  transaction: Transaction,
  verdicts: BalanceRowVerdicts,
  config: BalanceRowConfig,
): void {
  const link = insertLink(state, transaction, index)
  // What kept the next one from being compared lies before both; which side a row of another currency
  // lies on is not known.
  link.gap = next.gap
  if (next.gap !== 'mixed-currency') next.gap = null
  judgeLink(state, link, transaction, verdicts, config)
  judgeContinuityAgain(state, next, transaction, verdicts, config)
  if (state.kept > config.keptMax) {
    if (state.failed !== null) keepSecondBreak(state, config)
    takeFirst(state)
  }
}

/** A row that is left out may have moved the balance: nothing is compared across it. */
function leaveGap(
  state: BalanceRowState,
  transaction: Transaction,
  verdicts: BalanceRowVerdicts,
  config: BalanceRowConfig,
): void {
  const links = linksOf(state)
  const before = indexBefore(links, transaction, config)
  // What it may have stood beside was cut off.
  if (before === -1 && state.isCut) return
  const isTied = orderOf(links[before] ?? null, transaction, config) === 'tie'
  for (const link of links.slice(isTied ? before : before + 1, before + 2)) {
    link.gap ??= 'mixed-currency'
    judgeContinuityAgain(state, link, transaction, verdicts, config)
  }
  if (before < links.length - 1) return
  state.gap = 'mixed-currency'
  state.gapSequence = transaction.sequence
}

/** The next transaction follows on this one, unless a row that left a gap may stand between them. */
function closeGap(state: BalanceRowState, { sequence }: Transaction): void {
  if (state.gapSequence === null || state.gapSequence !== sequence) state.gap = null
}
