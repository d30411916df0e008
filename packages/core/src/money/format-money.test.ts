import { describe, expect, test } from 'vitest'

import type { CurrencyCode } from './currency.ts'
import { formatAmount, formatMoney } from './format-money.ts'
import { moneyFromMinor } from './money.ts'

const BEYOND_2_POW_53 = 1_234_567_890_123_456_789_012_345_678_901n

describe('formatMoney', () => {
  test.each<[bigint, CurrencyCode, string]>([
    [123_450n, 'EUR', '1234.50 EUR'],
    [5n, 'EUR', '0.05 EUR'],
    [-5n, 'EUR', '-0.05 EUR'],
    [0n, 'EUR', '0.00 EUR'],
    [-500n, 'JPY', '-500 JPY'],
    [1n, 'CLF', '0.0001 CLF'],
    [BEYOND_2_POW_53, 'EUR', '12345678901234567890123456789.01 EUR'],
  ])('writes %s minor units of %s in full', (amountMinor, currency, text) => {
    expect(formatMoney(moneyFromMinor(amountMinor, currency))).toBe(text)
  })

  test('writes an asset with its code', () => {
    const money = moneyFromMinor(2_500_000n, { code: 'USDC@base', exponent: 6 })
    expect(formatMoney(money)).toBe('2.500000 USDC@base')
    expect(formatAmount(money)).toBe('2.500000')
  })

  test('writes for a locale without losing a digit above 2^53', () => {
    const money = moneyFromMinor(-BEYOND_2_POW_53, 'EUR')
    expect(formatMoney(money, { locale: 'en' })).toBe('-€12,345,678,901,234,567,890,123,456,789.01')
    expect(formatMoney(money, { locale: ['de-DE', 'en'] })).toBe(
      '-12.345.678.901.234.567.890.123.456.789,01\u{a0}€',
    )
  })

  test('keeps the decimals of ISO 4217 where Intl would drop them', () => {
    const money = moneyFromMinor(123_450n, 'HUF')
    expect(formatMoney(money, { locale: 'en' })).toBe('HUF\u{a0}1,234.50')
  })

  test('writes an asset for a locale, its code after the number', () => {
    const money = moneyFromMinor(1_234_500_000n, { code: 'USDC@base', exponent: 6 })
    expect(formatMoney(money, { locale: 'de' })).toBe('1.234,500000\u{a0}USDC@base')
  })

  test('writes the largest exponent for a locale', () => {
    const money = moneyFromMinor(7n, { code: 'DUST', exponent: 100 })
    expect(formatMoney(money, { locale: 'en' })).toBe(`0.${'0'.repeat(99)}7\u{a0}DUST`)
  })

  test('throws a RangeError for a locale that is none', () => {
    expect(() => formatMoney(moneyFromMinor(1n, 'EUR'), { locale: 'no_such!' })).toThrow(RangeError)
  })
})
