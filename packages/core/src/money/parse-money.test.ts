import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { CurrencyCode } from './currency.ts'
import { formatAmount } from './format-money.ts'
import { moneyFromDecimal, parseMoney } from './parse-money.ts'

describe('parseMoney', () => {
  test.each<[string, CurrencyCode, bigint]>([
    ['12.34', 'EUR', 1234n],
    ['12.3', 'EUR', 1230n],
    ['12', 'EUR', 1200n],
    ['+12.34', 'EUR', 1234n],
    ['-12.34', 'EUR', -1234n],
    ['-0.00', 'EUR', 0n],
    ['007.50', 'EUR', 750n],
    ['500', 'JPY', 500n],
    ['0.001', 'KWD', 1n],
    ['90071992547409.93', 'EUR', 9007199254740993n],
  ])('reads %s %s exactly', (text, currency, amountMinor) => {
    expect(parseMoney(text, currency)).toMatchObject({ ok: true, money: { amountMinor } })
  })

  test('reads the decimals of an asset', () => {
    const ether = { code: 'ETH', exponent: 18 }
    expect(parseMoney('1.000000000000000001', ether)).toEqual({
      ok: true,
      money: { amountMinor: 1_000_000_000_000_000_001n, currency: ether },
    })
  })

  test.each(['', ' ', '\t\r\n', '\u{a0}'])('says that %j is empty', (text) => {
    expect(parseMoney(text, 'EUR')).toEqual({ ok: false, reason: 'empty' })
  })

  test.each(['1.06E+07', '1,06E+07', '1e5', '-1.5e-3', '+2E8', '1.e3', '.5e3', '0e999999999'])(
    'says that %s is scientific notation',
    (text) => {
      expect(parseMoney(text, 'EUR')).toEqual({ ok: false, reason: 'scientific-notation' })
    },
  )

  test.each([
    ['0.001', 'EUR'],
    ['12.340', 'EUR'],
    ['1.000', 'EUR'],
    ['1.0', 'JPY'],
  ] as const)('says that %s is too precise for %s', (text, currency) => {
    expect(parseMoney(text, currency)).toEqual({ ok: false, reason: 'too-precise' })
  })

  test.each([
    '1,234.50',
    '1 234.50',
    '1_000',
    '1.234,50',
    '12.34 EUR',
    '€12',
    ' 12.34',
    '12.34\n',
    '1.',
    '.5',
    '.',
    '+',
    '--1',
    '1.2.3',
    '(12.34)',
    '12.34-',
    'NaN',
    'Infinity',
    '0x10',
    '0b1',
    '1n',
    '1e',
    'e5',
    'null',
    '−12.34',
    '١٢',
    '\u{ff11}\u{ff12}',
    '12\0',
  ])('says that %j is not a decimal', (text) => {
    expect(parseMoney(text, 'EUR')).toEqual({ ok: false, reason: 'not-a-decimal' })
  })

  test('reads 128 characters and no more', () => {
    expect(parseMoney('9'.repeat(128), 'JPY').ok).toBe(true)
    expect(parseMoney('9'.repeat(129), 'JPY')).toEqual({ ok: false, reason: 'too-long' })
  })

  test('refuses a hostile text of ten million digits at once', () => {
    const text = '9'.repeat(10_000_000)
    expect(parseMoney(text, 'JPY')).toEqual({ ok: false, reason: 'too-long' })
  })

  test.each([
    ['0.125', 'half-even', 12n],
    ['0.135', 'half-even', 14n],
    ['0.125', 'half-up', 13n],
    ['-0.125', 'half-up', -13n],
    ['0.129', 'down', 12n],
    ['-0.121', 'floor', -13n],
    ['-0.129', 'ceiling', -12n],
    ['0.1200001', 'up', 13n],
    ['0.1200000', 'up', 12n],
  ] as const)('rounds %s %s when that is asked for', (text, rounding, amountMinor) => {
    expect(parseMoney(text, 'EUR', { rounding })).toMatchObject({ money: { amountMinor } })
  })

  test('throws for a currency that is unknown, whatever the text', () => {
    expect(() => parseMoney('', 'HRK' as CurrencyCode)).toThrow(
      expect.objectContaining({ code: 'CURRENCY_UNKNOWN' }),
    )
  })

  test.each([12.34, 12n, null, undefined, {}])('throws for %s, which is no text', (value) => {
    expect(() => parseMoney(value as string, 'EUR')).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    )
  })

  test('reads back what formatAmount writes, at any size and exponent', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(2n ** 256n), max: 2n ** 256n }),
        fc.integer({ min: 0, max: 100 }),
        (amountMinor, exponent) => {
          const money = { amountMinor, currency: { code: 'ASSET', exponent } }
          expect(parseMoney(formatAmount(money), money.currency)).toEqual({ ok: true, money })
        },
      ),
    )
  })

  test('never throws for a text, and what it accepts it writes back the same', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.stringMatching(/^[-+]?[0-9]{0,4}[.,]?[0-9]{0,3}([eE][0-9])?$/)),
        (text) => {
          const parsed = parseMoney(text, 'EUR')
          if (!parsed.ok) return
          const [, sign = '', whole = '', cents = ''] =
            /^([+-]?)0*(\d+?)(?:\.(\d+))?$/.exec(text) ?? []
          const written = `${whole}.${cents.padEnd(2, '0')}`
          const isNegative = sign === '-' && written !== '0.00'
          expect(formatAmount(parsed.money)).toBe(`${isNegative ? '-' : ''}${written}`)
        },
      ),
    )
  })
})

describe('moneyFromDecimal', () => {
  test('makes an amount from a literal', () => {
    expect(moneyFromDecimal('9.99', 'USD')).toEqual({
      amountMinor: 999n,
      currency: { code: 'USD', exponent: 2 },
    })
  })

  test('throws the reason, and does not repeat the text', () => {
    expect(() => moneyFromDecimal('9.999', 'USD')).toThrow(
      expect.objectContaining({
        code: 'MONEY_UNREADABLE',
        retry: 'never',
        message: 'The text is no amount in USD: too-precise.',
        context: { reason: 'too-precise', currency: 'USD' },
      }),
    )
  })
})
