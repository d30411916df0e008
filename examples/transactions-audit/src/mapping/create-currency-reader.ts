import {
  type Currency,
  currencyFromCode,
  isAssayError,
  isCurrencyCode,
  moneyFromMinor,
} from '@assay/core'

import { CannotRunError } from '../cli/cannot-run-error.ts'
import { printable } from '../report/printable.ts'
import type { FieldReader } from './field-reader.ts'
import { findColumn } from './find-column.ts'
import type { Mapping } from './mapping.ts'

/** What a row says that makes its currency unknown. */
export const UNKNOWN_CURRENCY = 'unknown currency'

/**
 * Makes the reader of a row's currency.
 *
 * @param currency as the mapping has it
 * @param header the names of the file's columns
 * @throws {@link CannotRunError} when the column is missing, or the constant is no currency
 */
export function createCurrencyReader(
  currency: Mapping['currency'],
  header: readonly string[],
): FieldReader<Currency> {
  if ('constant' in currency) {
    const constant = readConstant(currency.constant)
    return () => constant
  }
  const column = findColumn(header, currency.column)
  return (cells) => {
    const code = column.cellOf(cells)
    if (isCurrencyCode(code)) return currencyFromCode(code)
    return { kind: UNKNOWN_CURRENCY, detail: column.name }
  }
}

function readConstant(constant: string | Currency): Currency {
  try {
    if (typeof constant === 'string') return currencyFromCode(constant)
    return moneyFromMinor(0n, constant).currency
  } catch (error) {
    if (!isAssayError(error)) throw error
    const code = printable(typeof constant === 'string' ? constant : constant.code)
    throw new CannotRunError(
      'AUDIT_CURRENCY_UNKNOWN',
      `The currency ${code} of the mapping is unknown: give a code of ISO 4217, or { "code": …, "exponent": … } for an asset of your own.`,
      error,
    )
  }
}
