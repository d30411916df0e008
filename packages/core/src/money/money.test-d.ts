import { expectTypeOf, test } from 'vitest'
import type { z } from 'zod'

import { allocateMoney } from './allocate-money.ts'
import { currencyFromCode, isCurrencyCode } from './currency.ts'
import { addMoney, type MoneyRatio, multiplyMoney } from './money-arithmetic.ts'
import type { MoneyJson } from './money-json.ts'
import type { createMoneySchema } from './money-schema.ts'
import { type Money, moneyFromMinor } from './money.ts'
import { moneyFromDecimal, parseMoney, type ParseMoneyResult } from './parse-money.ts'
import type { Rounding } from './rounding.ts'

declare const money: Money

test('an amount is never a number', () => {
  expectTypeOf<Money['amountMinor']>().toEqualTypeOf<bigint>()
  // @ts-expect-error minor units are a bigint
  moneyFromMinor(1234, 'EUR')
  // @ts-expect-error a decimal is a string
  parseMoney(12.34, 'EUR')
  // @ts-expect-error a decimal is a string
  moneyFromDecimal(12.34, 'EUR')
  // @ts-expect-error money is made of a bigint
  addMoney(money, { amountMinor: 1, currency: money.currency })
  // @ts-expect-error a bare bigint has no currency
  addMoney(money, 1n)
  // @ts-expect-error a float is no ratio
  multiplyMoney(money, { numerator: 0.5, denominator: 1n, rounding: 'down' })
  // @ts-expect-error weights are bigints
  allocateMoney(money, [1, 2])
})

test('a ratio without a rounding does not compile, nor one that does not exist', () => {
  expectTypeOf<MoneyRatio['rounding']>().toEqualTypeOf<Rounding>()
  // @ts-expect-error the rounding is missing
  multiplyMoney(money, { numerator: 1n, denominator: 3n })
  // @ts-expect-error there is no such rounding
  multiplyMoney(money, { numerator: 1n, denominator: 3n, rounding: 'bankers' })
})

test('a code in the program text is checked, one from outside must be parsed', () => {
  // @ts-expect-error withdrawn
  moneyFromMinor(1n, 'HRK')
  const fromOutside: string = 'EUR'
  // @ts-expect-error any text could be in it
  moneyFromMinor(1n, fromOutside)
  expectTypeOf(moneyFromMinor(1n, currencyFromCode(fromOutside))).toEqualTypeOf<Money>()
  if (isCurrencyCode(fromOutside)) moneyFromMinor(1n, fromOutside)
})

test('a parsed amount is reached only after looking whether there is one', () => {
  const parsed = parseMoney('1', 'EUR')
  expectTypeOf(parsed).toEqualTypeOf<ParseMoneyResult>()
  // @ts-expect-error it may be a reason
  void parsed.money
  if (parsed.ok) expectTypeOf(parsed.money).toEqualTypeOf<Money>()
})

test('the schema goes from JSON to money', () => {
  type Schema = ReturnType<typeof createMoneySchema>
  expectTypeOf<z.input<Schema>>().toEqualTypeOf<MoneyJson>()
  expectTypeOf<z.output<Schema>>().toEqualTypeOf<Money>()
})
