import { AssayError } from '../errors/assay-error.ts'
import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import { type Currency, type CurrencyCode, toCurrency } from './currency.ts'
import type { Money } from './money.ts'
import { divideRounded, type Rounding } from './rounding.ts'

/** The longest text that is read as an amount: any 256-bit integer fits, at any exponent. */
export const AMOUNT_LENGTH_MAX = 128

/**
 * Why a text is no amount.
 *
 * - `empty`: there is nothing, or only white space.
 * - `too-long`: it has more than 128 characters.
 * - `scientific-notation`: it reads like `1.06E+07`. A spreadsheet has already lost its digits.
 * - `too-precise`: it has more digits after the point than the currency has decimal places.
 * - `not-a-decimal`: anything else: `1,234.50`, `1.`, `.5`, `12.34 EUR`, ` 1`, `NaN`, `0x10`.
 */
export type ParseMoneyReason =
  | 'empty'
  | 'too-long'
  | 'scientific-notation'
  | 'too-precise'
  | 'not-a-decimal'

/** An amount, or why the text is none. */
export type ParseMoneyResult =
  | { readonly ok: true; readonly money: Money }
  | { readonly ok: false; readonly reason: ParseMoneyReason }

/** How {@link parseMoney} treats what does not fit. */
export interface ParseMoneyOptions {
  /** Accepts more digits than the currency has, and rounds them. Without it they are refused. */
  readonly rounding?: Rounding | undefined
}

const DECIMAL = /^([+-]?)(\d+)(?:\.(\d+))?$/
/** With a comma too: spreadsheets write the point of their country. */
const SCIENTIFIC = /^[+-]?(?:\d+[.,]?\d*|[.,]\d+)e[+-]?\d+$/i

/**
 * Reads an amount that a person, a file or another system wrote: digits, at most one point with
 * digits on both sides, and a sign before them if need be. Nothing is guessed and nothing is lost.
 *
 * Zeros count as digits: `1.000` is too precise for EUR, because where a comma marks the decimals it
 * means one thousand.
 *
 * @param text a plain decimal of at most 128 characters, in the currency's unit (not its minor unit)
 * @param currency a code of ISO 4217, or a currency with its exponent
 * @param options.rounding what to do with more digits than the currency has; default: refuse them
 * @returns the amount, or the reason why the text is none
 * @throws `CURRENCY_UNKNOWN` for a code that is not active
 * @throws `INVALID_OPTION` for a text that is no string, or a currency that cannot be
 *
 * @example
 * ```ts
 * import { parseMoney } from '@assay/core'
 *
 * const parsed = parseMoney('12.34', 'EUR')
 * console.log(parsed.ok && parsed.money.amountMinor) // 1234n
 * console.log(parseMoney('1.06E+07', 'EUR')) // { ok: false, reason: 'scientific-notation' }
 * console.log(parseMoney('0.125', 'EUR', { rounding: 'half-even' }).ok) // true
 * ```
 */
export function parseMoney(
  text: string,
  currency: CurrencyCode | Currency,
  { rounding }: ParseMoneyOptions = {},
): ParseMoneyResult {
  if (typeof text !== 'string') {
    throw new InvalidOptionError('parseMoney', 'text', 'a string: a number has lost digits already')
  }
  const known = toCurrency('parseMoney', currency)
  // Before any pattern runs, so that a hostile text costs nothing.
  if (text.length > AMOUNT_LENGTH_MAX) return { ok: false, reason: 'too-long' }

  const match = DECIMAL.exec(text)
  if (match === null) return { ok: false, reason: reasonAgainst(text) }
  const [, sign, whole, fraction = ''] = match
  const surplusDigits = fraction.length - known.exponent
  if (surplusDigits > 0 && rounding === undefined) return { ok: false, reason: 'too-precise' }

  const magnitude = BigInt(`${whole}${fraction.padEnd(known.exponent, '0')}`)
  const signed = sign === '-' ? -magnitude : magnitude
  const amountMinor =
    surplusDigits > 0 && rounding !== undefined
      ? divideRounded('parseMoney', signed, 10n ** BigInt(surplusDigits), rounding)
      : signed
  return { ok: true, money: { amountMinor, currency: known } }
}

/**
 * An amount that the program's own text or its configuration states, where a wrong one is a mistake.
 * For what comes from outside use {@link parseMoney}, which returns the reason.
 *
 * @param text as for {@link parseMoney}; more digits than the currency has are refused
 * @param currency a code of ISO 4217, or a currency with its exponent
 * @returns the amount with its currency
 * @throws `MONEY_UNREADABLE` for a text that is no amount; the context holds the reason
 * @throws `CURRENCY_UNKNOWN` for a code that is not active
 * @throws `INVALID_OPTION` for a text that is no string, or a currency that cannot be
 *
 * @example
 * ```ts
 * import { moneyFromDecimal } from '@assay/core'
 *
 * console.log(moneyFromDecimal('9.99', 'USD').amountMinor) // 999n
 * ```
 */
export function moneyFromDecimal(text: string, currency: CurrencyCode | Currency): Money {
  const parsed = parseMoney(text, currency)
  if (parsed.ok) return parsed.money
  const code = typeof currency === 'string' ? currency : currency.code
  throw new AssayError('MONEY_UNREADABLE', {
    message: `The text is no amount in ${code}: ${parsed.reason}.`,
    retry: 'never',
    context: { reason: parsed.reason, currency: code },
  })
}

function reasonAgainst(text: string): ParseMoneyReason {
  if (text.trim() === '') return 'empty'
  return SCIENTIFIC.test(text) ? 'scientific-notation' : 'not-a-decimal'
}
