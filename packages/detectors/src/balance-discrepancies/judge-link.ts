import { passOver, type Verdicts } from '../detector/in-event-order.ts'
import type { LedgerTransaction, TransactionId } from '../ledger/ledger-entry.ts'
import {
  type BalanceFault,
  continuityFaultOf,
  faultInTransaction,
  isWithin,
  negativeFaultOf,
} from './balance-fault.ts'
import type { BalanceRowConfig } from './balance-row-config.ts'
import { type BalanceLink, type BalanceRowState, linksOf } from './balance-row-state.ts'
import type { BalanceRowReason, BalanceRowRuleId } from './balance-rule.ts'
import { chargesBetween, madeGoodMinor } from './failed-charges.ts'
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
  const fault = continuityFaultOf(link.before, link, toleranceMinor)
  if (fault === null || typeof fault === 'string' || state.failed === null) return fault
  const failures = chargesBetween(state.failed, link.before!, link)
  return isExplained(state, fault, failures, toleranceMinor) ? null : fault
}

/** Whether failures that have been made good moved what a break is about. */
function isExplained(
  { failed, currency }: BalanceRowState,
  { amountMinor }: BalanceFault,
  failures: readonly TransactionId[],
  toleranceMinor: bigint,
): boolean {
  return isWithin(amountMinor, madeGoodMinor(failed!, failures, currency), toleranceMinor)
}

/**
 * Judges again which breaks failures explain.
 *
 * @param cause the failure that has come, or what has made one good
 */
export function judgeFailuresAgain(
  state: BalanceRowState,
  cause: LedgerTransaction,
  verdicts: BalanceRowVerdicts,
  config: BalanceRowConfig,
): void {
  for (const link of linksOf(state)) {
    const fault = continuityOf(state, link, config)
    const isBroken = fault !== null && typeof fault !== 'string'
    if (isBroken === link.isBroken || link.before === null) continue
    tell(state, link, CONTINUITY, isBroken ? fault : null, cause, verdicts, config, 'madeGoodBy')
  }
  for (const each of state.brokenBefore) {
    const isOpen = !isExplained(state, each.fault, each.failures, config.toleranceMinor)
    if (isOpen === each.isOpen) continue
    const told = { ...each, isBroken: each.isOpen, isNegative: false }
    const fault = isOpen ? each.fault : null
    tell(state, told, CONTINUITY, fault, cause, verdicts, config, 'madeGoodBy')
    each.isOpen = isOpen
  }
}

/** The most breaks that are kept after their transactions are not compared any more. */
const BROKEN_MAX = 16

/** The second link becomes the first: what its break is about is kept where failures may explain it. */
export function keepSecondBreak(
  state: BalanceRowState,
  { toleranceMinor }: BalanceRowConfig,
): void {
  const [first, second] = linksOf(state)
  if (state.failed === null || second!.gap !== null || second!.isTied) return
  if (isAcrossUnreadable(state, second!)) return
  const fault = continuityFaultOf(first!, second!, toleranceMinor)
  if (fault === null || typeof fault === 'string') return
  const failures = chargesBetween(state.failed, first!, second!)
  if (failures.length === 0) return
  const { transactionId, eventTime, isBroken: isOpen } = second!
  const kept = { transactionId: transactionId!, eventTime, fault, failures, isOpen }
  state.brokenBefore = [...state.brokenBefore, kept].slice(-BROKEN_MAX)
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
  link: Pick<BalanceLink, 'transactionId' | 'eventTime' | 'isBroken' | 'isNegative'>,
  ruleId: typeof CONTINUITY | typeof NEGATIVE,
  fault: BalanceFault | null,
  cause: LedgerTransaction,
  { findings }: BalanceRowVerdicts,
  { tenant }: BalanceRowConfig,
  endedBy: 'refutedBy' | 'madeGoodBy' = 'refutedBy',
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
    const ended = endedFault(ruleId, { [endedBy]: cause.transactionId })
    const { eventTime } = cause
    findings.push(faultInTransaction(ruleId, 'resolve', { ...row, eventTime }, ended, tenant))
  } else {
    findings.push(faultInTransaction(ruleId, wasOpen ? 'update' : 'open', row, fault, tenant))
  }
}

/** A fault that was none or is none any more, for a transaction has come that explains or ends it. */
function endedFault(
  ruleId: typeof CONTINUITY | typeof NEGATIVE,
  evidence: BalanceFault['evidence'],
): BalanceFault {
  return { severity: ruleId === CONTINUITY ? 'critical' : 'high', amountMinor: 0n, evidence }
}
