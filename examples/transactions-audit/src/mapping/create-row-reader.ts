import {
  type LedgerTransaction,
  type LedgerTransactionInput,
  parseLedgerTransaction,
} from '@assay/detectors'

import { isRowFault, type RowFault } from '../csv/csv-row.ts'
import {
  createAmountReader,
  createBalanceReader,
  createMovedReader,
} from './create-amount-reader.ts'
import { createCurrencyReader } from './create-currency-reader.ts'
import { createSequenceReader } from './create-sequence-reader.ts'
import { createStatusReader } from './create-status-reader.ts'
import { createTimeReader } from './create-time-reader.ts'
import type { FieldReader } from './field-reader.ts'
import { findColumn } from './find-column.ts'
import type { Mapping } from './mapping.ts'

/** The transaction that a row holds, or why it holds none. */
type ReadRowResult =
  | { readonly ok: true; readonly transaction: LedgerTransaction }
  | { readonly ok: false; readonly fault: RowFault }

/**
 * Reads a row.
 *
 * @param cells of the row, as many as the header has
 * @param line of the row, which names a transaction that has no id of its own
 */
export type RowReader = (cells: readonly string[], line: number) => ReadRowResult

/**
 * Makes the function that turns the rows of one file into transactions.
 *
 * @param mapping which column means what
 * @param header the names of the file's columns
 * @throws {@link CannotRunError} for a column that is missing or stands there twice, and for a
 * currency that is not known
 */
export function createRowReader(mapping: Mapping, header: readonly string[]): RowReader {
  const readers = Object.entries(createFieldReaders(mapping, header))

  return (cells, line) => {
    const fields: Record<string, unknown> = {}
    for (const [field, read] of readers) {
      const value = read(cells, line)
      if (isRowFault(value)) return { ok: false, fault: value }
      fields[field] = value
    }
    const parsed = parseLedgerTransaction(fields)
    if (parsed.ok) return { ok: true, transaction: parsed.row }
    return { ok: false, fault: { kind: 'unusable value', detail: parsed.reason } }
  }
}

/** What an audit of balances needs of a row. */
type MappedField = Exclude<
  keyof LedgerTransactionInput,
  'requestId' | 'reversesTransactionId' | 'processingMs'
>

function createFieldReaders(
  mapping: Mapping,
  header: readonly string[],
): Record<MappedField, FieldReader<unknown>> {
  const { columns, sign, currency, status, time } = mapping
  const find = (name: string | undefined) => (name === undefined ? null : findColumn(header, name))
  const accountId = findColumn(header, columns.accountId)
  const transactionId = find(columns.transactionId)
  const balanceBefore = find(columns.balanceBefore)
  const balanceAfter = find(columns.balanceAfter)
  const readCurrency = createCurrencyReader(currency, header)
  const readAmount = createAmountReader(findColumn(header, columns.amount), readCurrency)

  return {
    transactionId: (cells, line) => transactionId?.cellOf(cells) ?? `line-${line}`,
    accountId: (cells) => accountId.cellOf(cells),
    status: createStatusReader(status, header),
    currency: (cells, line) => {
      const known = readCurrency(cells, line)
      return isRowFault(known) ? known : known.code
    },
    amountMinor: createMovedReader(sign, readAmount, header),
    balanceBeforeMinor:
      balanceBefore === null ? () => null : createBalanceReader(balanceBefore, readCurrency),
    balanceAfterMinor:
      balanceAfter === null ? () => null : createBalanceReader(balanceAfter, readCurrency),
    eventTime: createTimeReader(time, header),
    sequence: createSequenceReader(mapping, header),
  }
}
