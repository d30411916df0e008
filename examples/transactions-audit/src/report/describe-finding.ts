import { type Currency, formatAmount } from '@assay/core'
import type { Finding } from '@assay/detectors'

import { printable } from './printable.ts'

/**
 * Says what a finding means in a sentence.
 *
 * @param finding of a rule on balances
 * @param currencyOf the currency behind a code, for its decimals
 */
export function describeFinding(finding: Finding, currencyOf: (code: string) => Currency): string {
  const { ruleId, subject, transactionIds, evidence, amount } = finding
  const currency = currencyOf(amount?.currency ?? '')
  const money = (minor: unknown): string =>
    `${formatAmount({ amountMinor: BigInt(String(minor)), currency })} ${printable(currency.code)}`
  const account = `account ${printable(subject)}`
  const [first = '', second = ''] = transactionIds.map((id) => printable(id))

  switch (ruleId) {
    case 'balance.arithmetic':
      return `${first} moved ${money(evidence['amountMinor'])} on ${account}, which held ${money(evidence['balanceBeforeMinor'])}: that makes ${money(evidence['expectedAfterMinor'])}, but the record says ${money(evidence['balanceAfterMinor'])}.`
    case 'balance.continuity':
      return `${first} left ${account} with ${money(evidence['previousAfterMinor'])}, but its next transaction ${second} began with ${money(evidence['balanceBeforeMinor'])}.`
    case 'balance.reconciliation':
      return `${account} holds ${money(evidence['balanceMinor'])}, but its transactions add up to ${money(evidence['expectedMinor'])}.`
    case 'balance.negative':
      return `${account} fell to ${money(amount?.amountMinor)}${first === '' ? '' : ` with ${first}`}; its limit is ${money(evidence['overdraftLimitMinor'])}.`
    default:
      return `${ruleId} on ${account}.`
  }
}
