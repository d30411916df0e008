import * as z from 'zod'

import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import { type Currency, currencyFromCode, isCurrencyCode, toCurrency } from './currency.ts'
import type { MoneyJson } from './money-json.ts'
import type { Money } from './money.ts'
import { AMOUNT_LENGTH_MAX } from './parse-money.ts'

/** What {@link createMoneySchema} lets in. */
export interface MoneySchemaOptions {
  /**
   * The assets that may come in beside the currencies of ISO 4217; default none. The exponent is
   * taken from here and never from the sender, who could shift the point with it.
   */
  readonly assets?: readonly Currency[] | undefined
}

/**
 * The zod schema of money in JSON: the way back from `moneyToJson`.
 *
 * @param options.assets the assets to accept beside the currencies of ISO 4217
 * @returns a schema from {@link MoneyJson} to {@link Money}; it refuses numbers, integers that are
 * not written the canonical way or have more than 128 characters, and codes that are not known
 * @throws `INVALID_OPTION` for an asset that cannot be, or a code that is given twice
 *
 * @example
 * ```ts
 * import { createMoneySchema } from '@assay/core'
 *
 * const schema = createMoneySchema({ assets: [{ code: 'DIAMOND', exponent: 0 }] })
 * console.log(schema.parse({ amountMinor: '250', currency: 'DIAMOND' }).amountMinor) // 250n
 * console.log(schema.safeParse({ amountMinor: 250, currency: 'DIAMOND' }).success) // false
 * ```
 */
export function createMoneySchema({ assets = [] }: MoneySchemaOptions = {}): z.ZodType<
  Money,
  MoneyJson
> {
  const assetsByCode = new Map<string, Currency>()
  for (const asset of assets) {
    const { code } = toCurrency('createMoneySchema', asset)
    if (assetsByCode.has(code)) {
      throw new InvalidOptionError('createMoneySchema', 'assets', `unique: ${code} is there twice`)
    }
    assetsByCode.set(code, asset)
  }

  const amountMinor = z
    .string()
    .max(AMOUNT_LENGTH_MAX)
    .regex(/^(?:0|-?[1-9]\d*)$/, 'must be a whole number of minor units, written without padding')
    .transform((digits) => BigInt(digits))
  const currency = z.string().transform((code, context) => {
    const asset = assetsByCode.get(code)
    if (asset !== undefined) return asset
    if (isCurrencyCode(code)) return currencyFromCode(code)
    context.addIssue({ code: 'custom', message: 'must be a known currency' })
    return z.NEVER
  })
  return z.object({ amountMinor, currency })
}
