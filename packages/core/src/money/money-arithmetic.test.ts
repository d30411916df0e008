import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import {
  addMoney,
  compareMoney,
  isNegativeMoney,
  isPositiveMoney,
  isZeroMoney,
  multiplyMoney,
  negateMoney,
  subtractMoney,
} from './money-arithmetic.ts'
import { type Money, moneyFromMinor } from './money.ts'
import type { Rounding } from './rounding.ts'

const euros = fc.bigInt().map((amountMinor) => moneyFromMinor(amountMinor, 'EUR'))
const cents = (amountMinor: bigint): Money => moneyFromMinor(amountMinor, 'EUR')

describe('moneyFromMinor', () => {
  test.each([12.34, 12, '12', null, undefined])('refuses %s, which is no bigint', (amount) => {
    expect(() => moneyFromMinor(amount as unknown as bigint, 'EUR')).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    )
  })
})

describe('addMoney and subtractMoney', () => {
  test('add is commutative and associative, and subtract undoes it', () => {
    fc.assert(
      fc.property(euros, euros, euros, (a, b, c) => {
        expect(addMoney(a, b)).toEqual(addMoney(b, a))
        expect(addMoney(addMoney(a, b), c)).toEqual(addMoney(a, addMoney(b, c)))
        expect(subtractMoney(addMoney(a, b), b)).toEqual(a)
        expect(addMoney(a, negateMoney(a))).toEqual(cents(0n))
      }),
    )
  })

  test('sum a list by reduce', () => {
    expect([cents(1n), cents(2n), cents(3n)].reduce(addMoney)).toEqual(cents(6n))
  })
})

describe('amounts in different currencies', () => {
  const operations = { addMoney, subtractMoney, compareMoney }

  test.each(Object.entries(operations))('always make %s throw', (_, operation) => {
    fc.assert(
      fc.property(fc.bigInt(), fc.bigInt(), (a, b) => {
        expect(() => operation(cents(a), moneyFromMinor(b, 'USD'))).toThrow(
          expect.objectContaining({ code: 'MONEY_CURRENCY_MISMATCH' }),
        )
      }),
    )
  })

  test('are named in the message and in the context', () => {
    expect(() => addMoney(cents(0n), moneyFromMinor(0n, 'JPY'))).toThrow(
      expect.objectContaining({
        message: 'Amounts in EUR and JPY cannot be added.',
        retry: 'never',
        context: { left: 'EUR', right: 'JPY', leftExponent: 2, rightExponent: 0 },
      }),
    )
  })

  test('are told apart by their decimals when one code names two assets', () => {
    const onEthereum = moneyFromMinor(1n, { code: 'USDC', exponent: 6 })
    const onBnbChain = moneyFromMinor(1n, { code: 'USDC', exponent: 18 })
    expect(() => compareMoney(onEthereum, onBnbChain)).toThrow(
      'Amounts in USDC with 6 decimals and USDC with 18 decimals cannot be compared.',
    )
  })

  test('are not different when only the objects are', () => {
    const asset = { code: 'DIAMOND', exponent: 0 }
    const sum = addMoney(moneyFromMinor(1n, asset), moneyFromMinor(2n, { ...asset }))
    expect(sum).toEqual(moneyFromMinor(3n, asset))
  })
})

describe('compareMoney', () => {
  test('orders by amount', () => {
    const shuffled = [cents(3n), cents(-1n), cents(2n), cents(2n)]
    expect(shuffled.toSorted(compareMoney).map((money) => money.amountMinor)).toEqual([
      -1n,
      2n,
      2n,
      3n,
    ])
    expect(compareMoney(cents(2n), cents(2n))).toBe(0)
  })

  test.each([
    [-1n, { zero: false, negative: true, positive: false }],
    [0n, { zero: true, negative: false, positive: false }],
    [1n, { zero: false, negative: false, positive: true }],
  ])('and the sign of %s agree', (amountMinor, expected) => {
    const money = cents(amountMinor)
    expect({
      zero: isZeroMoney(money),
      negative: isNegativeMoney(money),
      positive: isPositiveMoney(money),
    }).toEqual(expected)
  })
})

describe('multiplyMoney', () => {
  test('charges 25 basis points with the rounding that is named', () => {
    const fee = (rounding: Rounding): bigint =>
      multiplyMoney(cents(9_990n), { numerator: 25n, denominator: 10_000n, rounding }).amountMinor
    expect([fee('down'), fee('half-even'), fee('up')]).toEqual([24n, 25n, 25n])
  })

  test('mirrors a negative amount under the roundings that look at the size alone', () => {
    fc.assert(
      fc.property(
        euros,
        fc.bigInt(),
        fc.bigInt({ min: 1n, max: 10n ** 30n }),
        fc.constantFrom<Rounding>('half-even', 'half-up', 'down', 'up'),
        (money, numerator, denominator, rounding) => {
          const ratio = { numerator, denominator, rounding }
          expect(multiplyMoney(negateMoney(money), ratio)).toEqual(
            negateMoney(multiplyMoney(money, ratio)),
          )
        },
      ),
    )
  })

  test.each([0n, -1n])('refuses the denominator %s', (denominator) => {
    expect(() =>
      multiplyMoney(cents(1n), { numerator: 1n, denominator, rounding: 'down' }),
    ).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  })
})
