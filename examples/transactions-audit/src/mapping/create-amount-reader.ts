import { type Currency, parseMoney, type ParseMoneyReason } from '@assay/core'

import { isRowFault, type RowFault } from '../csv/csv-row.ts'
import type { FieldReader } from './field-reader.ts'
import { type Column, findColumn } from './find-column.ts'
import type { Mapping } from './mapping.ts'

/** Makes the reader of a plain decimal, in minor units of the row's currency. */
export function createAmountReader(
  column: Column,
  readCurrency: FieldReader<Currency>,
): FieldReader<bigint> {
  return (cells, line) => {
    const currency = readCurrency(cells, line)
    if (isRowFault(currency)) return currency
    const parsed = parseMoney(column.cellOf(cells), currency)
    return parsed.ok ? parsed.money.amountMinor : faultOf(parsed.reason, column)
  }
}

/** The same, but an empty cell says that the source recorded no balance. */
export function createBalanceReader(
  column: Column,
  readCurrency: FieldReader<Currency>,
): FieldReader<bigint | null> {
  const readAmount = createAmountReader(column, readCurrency)
  return (cells, line) => (column.cellOf(cells) === '' ? null : readAmount(cells, line))
}

/**
 * Makes the reader of what a row moves: positive comes to the account, negative leaves it.
 *
 * @param sign what tells the two apart
 * @param readAmount reads the amount as it stands in the row
 * @param header the names of the file's columns
 */
export function createMovedReader(
  sign: Mapping['sign'],
  readAmount: FieldReader<bigint>,
  header: readonly string[],
): FieldReader<bigint> {
  if (sign.by === 'amount') return readAmount
  const column = findColumn(header, sign.column)
  const factors = new Map([
    ...sign.adds.map((type) => [type, 1n] as const),
    ...sign.subtracts.map((type) => [type, -1n] as const),
  ])

  return (cells, line) => {
    const factor = factors.get(column.cellOf(cells))
    if (factor === undefined) return { kind: 'unknown type', detail: column.name }
    const amountMinor = readAmount(cells, line)
    if (isRowFault(amountMinor)) return amountMinor
    if (amountMinor < 0n)
      return { kind: 'negative amount', detail: 'the type alone gives the sign' }
    return factor * amountMinor
  }
}

function faultOf(reason: ParseMoneyReason, { name }: Column): RowFault {
  switch (reason) {
    case 'scientific-notation':
      return { kind: 'scientific notation', detail: `the digits of ${name} are lost` }
    case 'too-precise':
      return { kind: 'more decimals than the currency has', detail: name }
    case 'empty':
      return { kind: 'no amount', detail: `${name} is empty` }
    case 'too-long':
    case 'not-a-decimal':
      return { kind: 'not a plain decimal', detail: name }
  }
}
