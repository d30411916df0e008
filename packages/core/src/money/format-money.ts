import { isCurrencyCode } from './currency.ts'
import type { Money } from './money.ts'

/** For whom {@link formatMoney} writes. */
export interface FormatMoneyOptions {
  /**
   * Writes for people of this language and place, as `Intl.NumberFormat` does: `de-DE`. Without it
   * the text is the same everywhere.
   */
  readonly locale?: string | readonly string[] | undefined
}

/**
 * Writes an amount with all its decimals and its code, exactly, however large it is.
 *
 * With a locale, currencies of ISO 4217 get their symbol and place; an asset's code follows its
 * number. The decimals stay those of the currency, where `Intl` alone would drop some (HUF, IDR).
 *
 * @param money the amount
 * @param options.locale a BCP 47 tag, or several in order of preference; default: none
 * @returns such as `1234.50 EUR`, or `€1,234.50` for `en`
 * @throws `RangeError` for a locale that is no language tag
 *
 * @example
 * ```ts
 * import { formatMoney, moneyFromDecimal } from '@assay/core'
 *
 * const price = moneyFromDecimal('1234.50', 'EUR')
 * console.log(formatMoney(price)) // 1234.50 EUR
 * console.log(formatMoney(price, { locale: 'en' })) // €1,234.50
 * ```
 */
export function formatMoney(money: Money, { locale }: FormatMoneyOptions = {}): string {
  const amount = formatAmount(money)
  const { code, exponent } = money.currency
  if (locale === undefined) return `${amount} ${code}`

  const isIso = isCurrencyCode(code)
  const format = new Intl.NumberFormat(typeof locale === 'string' ? locale : [...locale], {
    ...(isIso ? { style: 'currency', currency: code } : {}),
    minimumFractionDigits: exponent,
    maximumFractionDigits: exponent,
  })
  // A decimal string is formatted digit by digit; a number would be cut at 2^53.
  const text = format.format(amount as Intl.StringNumericLiteral)
  return isIso ? text : `${text}\u{a0}${code}`
}

/**
 * Writes the amount alone, with all its decimals: what `parseMoney` reads back, and what CSV files
 * and `numeric` columns take.
 *
 * @param money the amount
 * @returns a plain decimal, such as `-0.05`
 *
 * @example
 * ```ts
 * import { formatAmount, moneyFromMinor } from '@assay/core'
 *
 * console.log(formatAmount(moneyFromMinor(-5n, 'EUR'))) // -0.05
 * ```
 */
export function formatAmount({ amountMinor, currency: { exponent } }: Money): string {
  const sign = amountMinor < 0n ? '-' : ''
  const digits = String(amountMinor < 0n ? -amountMinor : amountMinor).padStart(exponent + 1, '0')
  if (exponent === 0) return `${sign}${digits}`
  return `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`
}
