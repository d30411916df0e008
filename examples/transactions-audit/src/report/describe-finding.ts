import { type Currency, formatMoney } from '@assay/core'
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
    formatMoney({ amountMinor: BigInt(String(minor)), currency })
  const account = printable(subject)
  const transaction = printable(transactionIds[0] ?? '')

  switch (ruleId) {
    case 'balance.arithmetic': {
      const movedMinor = BigInt(String(evidence['amountMinor']))
      const moved =
        movedMinor < 0n ? `took ${money(-movedMinor)} from` : `gave ${money(movedMinor)} to`
      return `${transaction} ${moved} ${account}, which held ${money(evidence['balanceBeforeMinor'])}: that leaves ${money(evidence['expectedAfterMinor'])}, but the record says ${money(evidence['balanceAfterMinor'])}.`
    }
    case 'balance.continuity':
      return `${printable(String(evidence['previousTransactionId']))} left ${account} with ${money(evidence['previousAfterMinor'])}, but its next transaction, ${transaction}, began with ${money(evidence['balanceBeforeMinor'])}.`
    case 'balance.reconciliation':
      return `${account} holds ${money(evidence['balanceMinor'])}, but its transactions add up to ${money(evidence['expectedMinor'])}.`
    case 'balance.negative':
      return `${account} went down to ${money(amount?.amountMinor)}${transaction === '' ? '' : ` with ${transaction}`}, below its limit of ${money(-BigInt(String(evidence['overdraftLimitMinor'])))}.`
    default:
      return `${ruleId} on ${account}.`
  }
}
