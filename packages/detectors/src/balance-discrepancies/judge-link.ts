import { passOver, type Verdicts } from '../detector/in-event-order.ts'
import type { LedgerTransaction } from '../ledger/ledger-entry.ts'
import {
  type BalanceFault,
  continuityFaultOf,
  faultInTransaction,
  negativeFaultOf,
} from './balance-fault.ts'
import type { BalanceRowConfig } from './balance-row-config.ts'
import { type BalanceLink, type BalanceRowState, linksOf } from './balance-row-state.ts'
import type { BalanceRowReason, BalanceRowRuleId } from './balance-rule.ts'
import { isAcrossUnreadable } from './unreadable-rows.ts'

/** Where the rules on transactions put what they find. */
export type BalanceRowVerdicts = Verdicts<BalanceRowRuleId, BalanceRowReason>

const CONTINUITY = 'balance.continuity'
const NEGATIVE = 'balance.negative'

/** Judges the link of the transaction that has just come. */
export function judgeLink(
  state: BalanceRowState,
  link: BalanceLink,
  transaction: LedgerTransaction & { readonly kind: 'transaction' },
  verdicts: BalanceRowVerdicts,
  config: BalanceRowConfig,
): void {
  const fault = continuityOf(state, link, config)
  if (typeof fault === 'string') {
    passOver(verdicts, CONTINUITY, fault, transaction)
  } else {
    verdicts.evaluated[CONTINUITY] += 1
    if (fault !== null) tell(state, link, CONTINUITY, fault, transaction, verdicts, config)
  }

  const { balanceAfterMinor } = link
  if (balanceAfterMinor === null) passOver(verdicts, NEGATIVE, 'balance-missing', transaction)
  else verdicts.evaluated[NEGATIVE] += 1
  // No limit lies above zero, so that most links need no further look.
  const isPositive = balanceAfterMinor !== null && balanceAfterMinor >= 0n
  if (isPositive && link === state.last) return
  judgeNegativeAgain(state, link, transaction, verdicts, config)
}

/**
 * Judges again whether a link follows on the one before it.
 *
 * @param cause the transaction because of which it may not any more
 */
export function judgeContinuityAgain(
  state: BalanceRowState,
  link: BalanceLink,
  cause: LedgerTransaction,
  verdicts: BalanceRowVerdicts,
  config: BalanceRowConfig,
): void {
  const fault = continuityOf(state, link, config)
  tell(state, link, CONTINUITY, typeof fault === 'string' ? null : fault, cause, verdicts, config)
}

/**
 * Judges again which links are the first below the limit since the last one that was not.
 *
 * @param from the first link for which that may have changed
 * @param cause the transaction because of which
 */
export function judgeNegativeAgain(
  state: BalanceRowState,
  from: BalanceLink,
  cause: LedgerTransaction,
  verdicts: BalanceRowVerdicts,
  config: BalanceRowConfig,
): void {
  const links = linksOf(state)
  let wasBelow = from.before?.isBelowLimit ?? state.wasBelowLimit
  for (const link of links.slice(links.indexOf(from))) {
    const after = link.isTied ? null : link.balanceAfterMinor
    const limitMinor = after !== null && after < 0n ? limitOf(cause, config) : 0n
    link.isBelowLimit = after === null ? wasBelow : after < -limitMinor
    const fault =
      after !== null && link.isBelowLimit && !wasBelow ? negativeFaultOf(after, limitMinor) : null
    if ((fault !== null) !== link.isNegative) {
      tell(state, link, NEGATIVE, fault, cause, verdicts, config)
    }
    wasBelow = link.isBelowLimit
  }
}

/** What is wrong between a link and the one before it, or why that cannot be said. */
function continuityOf(
  state: BalanceRowState,
  link: BalanceLink,
  { toleranceMinor }: BalanceRowConfig,
): BalanceFault | BalanceRowReason | null {
  if (link.gap !== null) return link.gap
  if (link.isTied) return 'order-not-proven'
  if (isAcrossUnreadable(state, link)) return 'row-unreadable'
  return continuityFaultOf(link.before, link, toleranceMinor)
}

function limitOf(
  { accountId }: LedgerTransaction,
  { overdraftLimitMinor }: BalanceRowConfig,
): bigint {
  return typeof overdraftLimitMinor === 'function'
    ? overdraftLimitMinor(accountId)
    : overdraftLimitMinor
}

/** Opens a finding about a link, tells it anew, or ends it when its fault was none. */
function tell(
  { currency }: BalanceRowState,
  link: BalanceLink,
  ruleId: typeof CONTINUITY | typeof NEGATIVE,
  fault: BalanceFault | null,
  cause: LedgerTransaction,
  { findings }: BalanceRowVerdicts,
  { tenant }: BalanceRowConfig,
): void {
  const flag = ruleId === CONTINUITY ? 'isBroken' : 'isNegative'
  const wasOpen = link[flag]
  link[flag] = fault !== null
  if (fault === null && !wasOpen) return
  const row = {
    accountId: cause.accountId,
    transactionId: link.transactionId!,
    currency: currency!,
    eventTime: link.eventTime,
  }
  if (fault === null) {
    const refuted = refutedFault(ruleId, cause)
    const { eventTime } = cause
    findings.push(faultInTransaction(ruleId, 'resolve', { ...row, eventTime }, refuted, tenant))
  } else {
    findings.push(faultInTransaction(ruleId, wasOpen ? 'update' : 'open', row, fault, tenant))
  }
}

/** A fault that was none, for a transaction has turned up that explains it. */
function refutedFault(
  ruleId: typeof CONTINUITY | typeof NEGATIVE,
  { transactionId }: LedgerTransaction,
): BalanceFault {
  return {
    severity: ruleId === CONTINUITY ? 'critical' : 'high',
    amountMinor: 0n,
    evidence: { refutedBy: transactionId },
  }
}
