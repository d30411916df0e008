import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { moneyToJson } from './money-json.ts'
import { createMoneySchema } from './money-schema.ts'
import { moneyFromMinor } from './money.ts'

const usdc = { code: 'USDC@base', exponent: 6 }
const schema = createMoneySchema({ assets: [usdc] })

describe('createMoneySchema', () => {
  test('reads back what moneyToJson writes, through JSON', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(2n ** 256n), max: 2n ** 256n }),
        fc.constantFrom('EUR' as const, 'JPY' as const, usdc),
        (amountMinor, currency) => {
          const money = moneyFromMinor(amountMinor, currency)
          expect(schema.parse(JSON.parse(JSON.stringify(moneyToJson(money))))).toEqual(money)
        },
      ),
    )
  })

  test.each([
    1234,
    1234n,
    '12.34',
    '1e3',
    '0x10',
    '',
    ' 1',
    '1\n',
    '+1',
    '-0',
    '007',
    '9'.repeat(129),
    null,
    undefined,
  ])('refuses the amount %s', (amountMinor) => {
    expect(schema.safeParse({ amountMinor, currency: 'EUR' }).success).toBe(false)
  })

  test.each(['HRK', 'XAU', 'eur', 'constructor', '__proto__', 'USDC', '', 978, null])(
    'refuses the currency %s',
    (currency) => {
      expect(schema.safeParse({ amountMinor: '1', currency }).success).toBe(false)
    },
  )

  test('takes the exponent from the host, not from the sender', () => {
    const sent = { amountMinor: '1', currency: usdc.code, exponent: 0 }
    expect(schema.parse(sent)).toEqual({ amountMinor: 1n, currency: usdc })
    expect(schema.safeParse({ amountMinor: '1', currency: usdc }).success).toBe(false)
  })

  test('knows no assets unless they are given', () => {
    const sent = { amountMinor: '1', currency: usdc.code }
    expect(createMoneySchema().safeParse(sent).success).toBe(false)
  })

  test.each([
    ['an asset that cannot be', [{ code: 'EUR', exponent: 6 }]],
    ['a code that is given twice', [usdc, { ...usdc, exponent: 18 }]],
  ])('is not made for %s', (_, assets) => {
    expect(() => createMoneySchema({ assets })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    )
  })
})

describe('money without moneyToJson', () => {
  test('does not slip into JSON as a number', () => {
    expect(() => JSON.stringify(moneyFromMinor(1n, 'EUR'))).toThrow(TypeError)
  })
})
