import { AssayError } from '../errors/assay-error.ts'
import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import type { Money } from './money.ts'
import { divideRounded, type Rounding } from './rounding.ts'

/** An exact factor, and what to do with the part of a minor unit that it leaves. */
export interface MoneyRatio {
  readonly numerator: bigint
  /** Above 0n. */
  readonly denominator: bigint
  readonly rounding: Rounding
}

/**
 * Adds two amounts of one currency. `amounts.reduce(addMoney)` sums a list that is not empty.
 *
 * @param left an amount
 * @param right an amount in the same currency
 * @returns the sum
 * @throws `MONEY_CURRENCY_MISMATCH` when the currencies differ
 *
 * @example
 * ```ts
 * import { addMoney, formatMoney, moneyFromDecimal } from '@assay/core'
 *
 * const sum = addMoney(moneyFromDecimal('0.10', 'EUR'), moneyFromDecimal('0.20', 'EUR'))
 * console.log(formatMoney(sum)) // 0.30 EUR
 * ```
 */
export function addMoney(left: Money, right: Money): Money {
  assertSameCurrency(left, right, 'added')
  return { amountMinor: left.amountMinor + right.amountMinor, currency: left.currency }
}

/**
 * Takes `right` away from `left`.
 *
 * @param left the amount to take from
 * @param right what to take away, in the same currency
 * @returns the difference, below zero when `right` is more
 * @throws `MONEY_CURRENCY_MISMATCH` when the currencies differ
 *
 * @example
 * ```ts
 * import { formatMoney, moneyFromDecimal, subtractMoney } from '@assay/core'
 *
 * const rest = subtractMoney(moneyFromDecimal('1.00', 'EUR'), moneyFromDecimal('1.25', 'EUR'))
 * console.log(formatMoney(rest)) // -0.25 EUR
 * ```
 */
export function subtractMoney(left: Money, right: Money): Money {
  assertSameCurrency(left, right, 'subtracted')
  return { amountMinor: left.amountMinor - right.amountMinor, currency: left.currency }
}

/**
 * The same amount with the other sign.
 *
 * @param money the amount to turn round
 * @returns what cancels it
 *
 * @example
 * ```ts
 * import { formatMoney, moneyFromMinor, negateMoney } from '@assay/core'
 *
 * console.log(formatMoney(negateMoney(moneyFromMinor(5n, 'JPY')))) // -5 JPY
 * ```
 */
export function negateMoney(money: Money): Money {
  return { amountMinor: -money.amountMinor, currency: money.currency }
}

/**
 * Multiplies by an exact ratio: a fee in basis points, a tax rate, a price. The rounding is never
 * assumed.
 *
 * @param money the amount to multiply
 * @param ratio the factor as a fraction, and the rounding of what is less than a minor unit
 * @returns the product in whole minor units
 * @throws `INVALID_OPTION` for a denominator that is not above 0n, or a rounding that does not exist
 *
 * @example
 * ```ts
 * import { formatMoney, moneyFromDecimal, multiplyMoney } from '@assay/core'
 *
 * const feeOf25Bps = { numerator: 25n, denominator: 10_000n, rounding: 'half-even' } as const
 * console.log(formatMoney(multiplyMoney(moneyFromDecimal('99.90', 'EUR'), feeOf25Bps))) // 0.25 EUR
 * ```
 */
export function multiplyMoney(
  money: Money,
  { numerator, denominator, rounding }: MoneyRatio,
): Money {
  if (denominator <= 0n) {
    throw new InvalidOptionError('multiplyMoney', 'denominator', 'above 0n')
  }
  const product = money.amountMinor * numerator
  return {
    amountMinor: divideRounded('multiplyMoney', product, denominator, rounding),
    currency: money.currency,
  }
}

/**
 * Orders two amounts of one currency; fits `toSorted`.
 *
 * @param left an amount
 * @param right an amount in the same currency
 * @returns -1 when `left` is less, 0 when both are equal, 1 when `left` is more
 * @throws `MONEY_CURRENCY_MISMATCH` when the currencies differ
 *
 * @example
 * ```ts
 * import { compareMoney, moneyFromMinor } from '@assay/core'
 *
 * console.log(compareMoney(moneyFromMinor(1n, 'EUR'), moneyFromMinor(2n, 'EUR'))) // -1
 * ```
 */
export function compareMoney(left: Money, right: Money): -1 | 0 | 1 {
  assertSameCurrency(left, right, 'compared')
  if (left.amountMinor === right.amountMinor) return 0
  return left.amountMinor < right.amountMinor ? -1 : 1
}

/**
 * Whether the amount is nothing.
 *
 * @param money the amount to look at
 *
 * @example
 * ```ts
 * import { isZeroMoney, moneyFromMinor } from '@assay/core'
 *
 * console.log(isZeroMoney(moneyFromMinor(0n, 'EUR'))) // true
 * ```
 */
export function isZeroMoney(money: Money): boolean {
  return money.amountMinor === 0n
}

/**
 * Whether the amount is below zero.
 *
 * @param money the amount to look at
 *
 * @example
 * ```ts
 * import { isNegativeMoney, moneyFromMinor } from '@assay/core'
 *
 * console.log(isNegativeMoney(moneyFromMinor(-1n, 'EUR'))) // true
 * ```
 */
export function isNegativeMoney(money: Money): boolean {
  return money.amountMinor < 0n
}

/**
 * Whether the amount is above zero.
 *
 * @param money the amount to look at
 *
 * @example
 * ```ts
 * import { isPositiveMoney, moneyFromMinor } from '@assay/core'
 *
 * console.log(isPositiveMoney(moneyFromMinor(0n, 'EUR'))) // false
 * ```
 */
export function isPositiveMoney(money: Money): boolean {
  return money.amountMinor > 0n
}

function assertSameCurrency(left: Money, right: Money, whatCannotBeDone: string): void {
  const { currency: a } = left
  const { currency: b } = right
  if (a.code === b.code && a.exponent === b.exponent) return
  // Equal codes with other exponents are one name for two assets, such as a token on two chains.
  const names =
    a.code === b.code
      ? `${a.code} with ${a.exponent} decimals and ${b.code} with ${b.exponent} decimals`
      : `${a.code} and ${b.code}`
  throw new AssayError('MONEY_CURRENCY_MISMATCH', {
    message: `Amounts in ${names} cannot be ${whatCannotBeDone}.`,
    retry: 'never',
    context: { left: a.code, right: b.code, leftExponent: a.exponent, rightExponent: b.exponent },
  })
}
