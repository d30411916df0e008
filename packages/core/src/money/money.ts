import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import { type Currency, type CurrencyCode, toCurrency } from './currency.ts'

/**
 * An exact amount that travels with what it is counted in. Plain data: it can be spread, stored in a
 * `Map`, and compared by a test. `JSON.stringify` refuses its `bigint`; use `moneyToJson`.
 */
export interface Money {
  /** The amount in the smallest unit: cents for EUR, wei for ether. */
  readonly amountMinor: bigint
  readonly currency: Currency
}

/**
 * An amount from its count of minor units.
 *
 * @param amountMinor the amount in the currency's smallest unit; may be negative
 * @param currency a code of ISO 4217, or a currency with its exponent
 * @returns the amount with its currency
 * @throws `CURRENCY_UNKNOWN` for a code that is not active
 * @throws `INVALID_OPTION` for an amount that is no bigint, or a currency that cannot be
 *
 * @example
 * ```ts
 * import { formatMoney, moneyFromMinor } from '@assay/core'
 *
 * console.log(formatMoney(moneyFromMinor(123_450n, 'EUR'))) // 1234.50 EUR
 * ```
 */
export function moneyFromMinor(amountMinor: bigint, currency: CurrencyCode | Currency): Money {
  if (typeof amountMinor !== 'bigint') {
    throw new InvalidOptionError('moneyFromMinor', 'amountMinor', 'a bigint of minor units')
  }
  return { amountMinor, currency: toCurrency('moneyFromMinor', currency) }
}
