import { AssayError } from '../errors/assay-error.ts'
import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import { codesWithoutMinorUnit, currencyExponents } from './currency-exponents.ts'

/** An active currency of ISO 4217 that has a minor unit. */
export type CurrencyCode = keyof typeof currencyExponents

/**
 * What an amount is counted in: a currency of ISO 4217, or any asset of the host's own, such as a
 * token on one chain or the diamonds of an app.
 *
 * Two amounts can be added when code and exponent are equal. The same token on two chains is two
 * assets, so the code of a token names its chain: `USDC@base`, or a CAIP-19 id.
 *
 * @example
 * ```ts
 * import { type Currency, formatMoney, moneyFromMinor } from '@assay/core'
 *
 * const usdc: Currency = { code: 'USDC@base', exponent: 6 }
 * console.log(formatMoney(moneyFromMinor(2_500_000n, usdc))) // 2.500000 USDC@base
 * ```
 */
export interface Currency {
  /** 1 to 200 printable ASCII characters without a space. An ISO code stands for that currency only. */
  readonly code: string
  /** Decimal places between the unit and its smallest part: a whole number from 0 to 100. */
  readonly exponent: number
}

const CODE_OF_ASSET = /^[!-~]{1,200}$/
/** Anything else that is given as a currency could be a secret, and is not repeated in an error. */
const CODE_TO_SHOW = /^[A-Za-z]{1,8}$/
/** The most decimals that `Intl.NumberFormat` shows. */
const EXPONENT_MAX = 100

/**
 * The currency of ISO 4217 with this code. For a code that comes from outside; in the program's own
 * text the code itself will do wherever a currency is asked for.
 *
 * @param code three capital letters; nothing is trimmed or folded
 * @returns the currency with its exponent
 * @throws `CURRENCY_UNKNOWN` for a code that is withdrawn, has no minor unit, or never existed
 *
 * @example
 * ```ts
 * import { currencyFromCode } from '@assay/core'
 *
 * console.log(currencyFromCode('KWD').exponent) // 3
 * ```
 */
export function currencyFromCode(code: string): Currency {
  if (isCurrencyCode(code)) return { code, exponent: currencyExponents[code] }
  throw unknownCurrency(code)
}

/**
 * Whether a text is the code of an active currency of ISO 4217 that has a minor unit.
 *
 * @param text anything; capital letters count
 * @returns whether it is, with the type narrowed
 *
 * @example
 * ```ts
 * import { isCurrencyCode } from '@assay/core'
 *
 * console.log(isCurrencyCode('EUR'), isCurrencyCode('HRK'), isCurrencyCode('XAU')) // true false false
 * ```
 */
export function isCurrencyCode(text: string): text is CurrencyCode {
  // Not `in`, which would find `constructor`.
  return Object.hasOwn(currencyExponents, text)
}

/** Turns what a caller may give for a currency into one, and refuses an asset that cannot be. */
export function toCurrency(caller: string, currency: CurrencyCode | Currency): Currency {
  if (typeof currency === 'string') return currencyFromCode(currency)
  const { code, exponent } = currency
  if (typeof code !== 'string' || !CODE_OF_ASSET.test(code)) {
    throw new InvalidOptionError(
      caller,
      'currency.code',
      '1 to 200 printable ASCII characters without a space',
    )
  }
  if (!Number.isInteger(exponent) || exponent < 0 || exponent > EXPONENT_MAX) {
    throw new InvalidOptionError(
      caller,
      'currency.exponent',
      `a whole number from 0 to ${EXPONENT_MAX}`,
    )
  }
  if (isCurrencyCode(code) && currencyExponents[code] !== exponent) {
    throw new InvalidOptionError(
      caller,
      'currency.exponent',
      `${currencyExponents[code]} for ${code}, as ISO 4217 has it; an asset of your own needs another code`,
    )
  }
  return currency
}

function unknownCurrency(code: string): AssayError<'CURRENCY_UNKNOWN'> {
  const shown = CODE_TO_SHOW.test(code) ? code : undefined
  return new AssayError('CURRENCY_UNKNOWN', {
    message: codesWithoutMinorUnit.includes(code)
      ? `${code} has no minor unit in ISO 4217: give it as { code, exponent }, with the exponent of your books.`
      : `${shown ?? 'What was given'} is not an active currency code of ISO 4217.`,
    retry: 'never',
    context: { currency: shown },
  })
}
