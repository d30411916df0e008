import { describe, expect, test } from 'vitest'

import { codesWithoutMinorUnit, currencyExponents } from './currency-exponents.ts'
import { type CurrencyCode, currencyFromCode, isCurrencyCode } from './currency.ts'
import { moneyFromMinor } from './money.ts'

describe('currencyFromCode', () => {
  test.each([
    ['JPY', 0],
    ['EUR', 2],
    ['IQD', 3],
    ['CLF', 4],
  ])('knows that %s has %i decimals', (code, exponent) => {
    expect(currencyFromCode(code)).toEqual({ code, exponent })
  })

  test.each(['HRK', 'BGN', 'ANG', 'ZWL', 'CUC', 'SLL', 'DEM', 'ZZZ'])(
    'does not know %s, which is withdrawn or never was',
    (code) => {
      expect(() => currencyFromCode(code)).toThrow(
        expect.objectContaining({
          code: 'CURRENCY_UNKNOWN',
          retry: 'never',
          context: { currency: code },
          message: `${code} is not an active currency code of ISO 4217.`,
        }),
      )
    },
  )

  test.each(codesWithoutMinorUnit)('refuses %s, which has no minor unit, and says so', (code) => {
    expect(() => currencyFromCode(code)).toThrow(
      expect.objectContaining({
        code: 'CURRENCY_UNKNOWN',
        message: expect.stringContaining('no minor unit'),
      }),
    )
  })

  test.each(['eur', ' EUR', 'EUR ', '', 'constructor', '__proto__', 'toString', 'ЕUR'])(
    'takes %j for no code: nothing is folded, trimmed or inherited',
    (text) => {
      expect(isCurrencyCode(text)).toBe(false)
      expect(() => currencyFromCode(text)).toThrow(
        expect.objectContaining({ code: 'CURRENCY_UNKNOWN' }),
      )
    },
  )

  test('does not repeat a text that could be a secret', () => {
    const secret = 'sk_live_4eC39HqLyjWDarjtT1zdp7dc'
    expect(() => currencyFromCode(secret)).toThrow(
      expect.objectContaining({
        context: { currency: undefined },
        message: expect.not.stringContaining(secret),
      }),
    )
  })
})

describe('an asset of the host', () => {
  test.each([
    { code: 'USDC@base', exponent: 6 },
    { code: 'eip155:1/erc20:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48', exponent: 6 },
    { code: 'DIAMOND', exponent: 0 },
    { code: 'XAU', exponent: 3 },
    { code: 'x'.repeat(200), exponent: 100 },
    { code: 'EUR', exponent: 2 },
  ])('is taken as it is: $code', (asset) => {
    expect(moneyFromMinor(1n, asset).currency).toBe(asset)
  })

  test.each([
    ['no code', { code: '', exponent: 2 }],
    ['a space in its code', { code: 'US DC', exponent: 2 }],
    ['a line break after its code', { code: 'USDC\n', exponent: 2 }],
    ['a code of look-alike letters', { code: 'USDС', exponent: 2 }],
    ['a code that is too long', { code: 'x'.repeat(201), exponent: 2 }],
    ['a negative exponent', { code: 'USDC', exponent: -1 }],
    ['a fractional exponent', { code: 'USDC', exponent: 1.5 }],
    ['an exponent beyond 100', { code: 'USDC', exponent: 101 }],
    ['an exponent that is no number', { code: 'USDC', exponent: Number.NaN }],
    ['the code of a currency with other decimals', { code: 'EUR', exponent: 6 }],
  ])('is refused for %s', (_, asset) => {
    expect(() => moneyFromMinor(1n, asset)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    )
  })
})

describe('the table of ISO 4217', () => {
  test('has the counts of the published list', () => {
    const counts = new Map<number, number>()
    for (const exponent of Object.values(currencyExponents)) {
      counts.set(exponent, (counts.get(exponent) ?? 0) + 1)
    }
    expect(Object.fromEntries(counts)).toEqual({ 0: 17, 2: 139, 3: 7, 4: 2 })
    expect(codesWithoutMinorUnit).toHaveLength(13)
  })

  test('holds every currency of Intl, save those that are withdrawn or have no minor unit', () => {
    const withdrawn = new Set(['ANG', 'BGN', 'CUC', 'HRK', 'SLL', 'ZWL'])
    const unknown = Intl.supportedValuesOf('currency').filter(
      (code) =>
        !isCurrencyCode(code) && !codesWithoutMinorUnit.includes(code) && !withdrawn.has(code),
    )
    expect(unknown).toEqual([])
  })

  test('differs from Intl only where CLDR drops the decimals that shops no longer show', () => {
    // CLDR may restore some of them; it must not differ anywhere else.
    const shownWithoutDecimals =
      'AFN ALL COP HUF IDR IQD IRR KPW LAK LBP MGA MMK PKR SOS SYP YER'.split(' ')
    const different = Intl.supportedValuesOf('currency')
      .filter((code): code is CurrencyCode => isCurrencyCode(code))
      .filter((code) => intlDecimals(code) !== currencyExponents[code])
    expect(shownWithoutDecimals).toEqual(expect.arrayContaining(different))
    expect(different.map(intlDecimals)).toEqual(different.map(() => 0))
  })
})

function intlDecimals(currency: string): number | undefined {
  return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions()
    .maximumFractionDigits
}
