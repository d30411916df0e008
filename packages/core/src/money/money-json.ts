import type { Money } from './money.ts'

/** Money in JSON. The integer is a string, because JSON readers cut numbers at 2^53. */
export interface MoneyJson {
  /** Minor units: `"0"`, or digits without leading zeros after an optional `-`. */
  readonly amountMinor: string
  /** The code alone: both sides know its exponent. */
  readonly currency: string
}

/**
 * An amount as JSON can carry it. `createMoneySchema` reads it back.
 *
 * @param money the amount
 * @returns an object of strings
 *
 * @example
 * ```ts
 * import { moneyFromDecimal, moneyToJson } from '@assay/core'
 *
 * console.log(JSON.stringify(moneyToJson(moneyFromDecimal('12.34', 'EUR'))))
 * // {"amountMinor":"1234","currency":"EUR"}
 * ```
 */
export function moneyToJson(money: Money): MoneyJson {
  return { amountMinor: String(money.amountMinor), currency: money.currency.code }
}
