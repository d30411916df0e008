import { currencyFromCode, formatAmount } from '@assay/core'
import type { FestivalTransaction } from '@assay/detectors/testing'

/** The columns of the festival's CSV, which the mapping `festival` reads. */
export const FESTIVAL_HEADER =
  'transaction_id,card_id,type,terminal,amount,balance_before,balance_after,sequence,currency,status,booked_at'

/** A transaction as a line of CSV. None of its cells needs quotes. */
export function festivalRow(transaction: FestivalTransaction): string {
  const currency = currencyFromCode(transaction.currency)
  const decimal = (amountMinor: bigint | null): string =>
    amountMinor === null ? '' : formatAmount({ amountMinor, currency })
  return [
    transaction.transactionId,
    transaction.accountId,
    transaction.type,
    transaction.terminal,
    decimal(transaction.amountMinor),
    decimal(transaction.balanceBeforeMinor),
    decimal(transaction.balanceAfterMinor),
    transaction.sequence ?? '',
    transaction.currency,
    transaction.status,
    new Date(transaction.eventTime).toISOString(),
  ].join(',')
}
