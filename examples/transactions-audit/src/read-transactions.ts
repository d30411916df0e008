import type { LedgerTransaction } from '@assay/detectors'

import { CannotRunError } from './cli/cannot-run-error.ts'
import type { CsvRow } from './csv/csv-row.ts'
import { readCsv } from './csv/read-csv.ts'
import { type ReadProgress, readText } from './csv/read-text.ts'
import { chooseMapping } from './mapping/choose-mapping.ts'
import { UNKNOWN_CURRENCY } from './mapping/create-currency-reader.ts'
import { createRowReader, type RowReader } from './mapping/create-row-reader.ts'
import { createSequenceReader, isOrderedByLine } from './mapping/create-sequence-reader.ts'
import { findColumn } from './mapping/find-column.ts'
import type { NamedMapping } from './mapping/load-mapping.ts'
import type { Mapping } from './mapping/mapping.ts'
import type { Reject } from './report/create-reject-log.ts'

/** A row that holds a transaction. */
export interface TransactionRow {
  readonly line: number
  /** The row as it stands in the file. */
  readonly text: string
  readonly transaction: LedgerTransaction
  /** Its place in its account's order of booking, or `null` when that is not proven. */
  readonly place: bigint | null
}

/** A file of transactions whose header has been read. */
export interface TransactionFile {
  readonly named: NamedMapping
  /** How many rows have been read so far, malformed ones too. */
  rows(): number
  /** How much of the file has been read, from 0 to 1; `null` when its size is not known. */
  share(): number | null
  /** Reads the rest, once. */
  batches(): AsyncGenerator<readonly TransactionRow[]>
}

/** How {@link openTransactions} reads. */
export interface OpenTransactionsOptions {
  readonly path: string
  /** Default: the built-in mapping whose columns the file has. */
  readonly named: NamedMapping | null
  /** Takes each row that is malformed; the next one waits for it. */
  readonly onReject: (reject: Reject) => Promise<void>
}

/**
 * Opens a CSV file, so that what is wrong with the file as a whole is known before anything else
 * begins.
 *
 * @throws {@link CannotRunError} for a file that cannot be read or does not fit the mapping
 */
export async function openTransactions(options: OpenTransactionsOptions): Promise<TransactionFile> {
  let progress: ReadProgress = { bytes: 0, totalBytes: 0 }
  const csv = readCsv(
    readText(options.path, (made) => {
      progress = made
    }),
  )
  const first = await csv.next()
  if (first.done === true) throw new Error('A file without a header is refused while it is read.')
  const { header } = first.value
  const named = options.named ?? chooseMapping(header)
  const readRow = createRowReader(named.mapping, header)
  const readOrigin = createOriginReader(named.mapping, header)
  const isByLine = isOrderedByLine(named.mapping)
  let rows = 0
  let unknownCurrencies = 0

  async function readBatch(batch: readonly CsvRow[]): Promise<readonly TransactionRow[]> {
    const transactions: TransactionRow[] = []
    for (const row of batch) {
      const { line, text } = row
      const read = readOne(row, readRow)
      rows += 1
      if (read.ok) {
        const place = isByLine ? BigInt(line) : read.transaction.sequence
        transactions.push({ line, text, transaction: read.transaction, place })
        continue
      }
      if (read.fault.kind === UNKNOWN_CURRENCY) unknownCurrencies += 1
      await options.onReject({ line, text, fault: read.fault, ...readOrigin(row) })
    }
    return transactions
  }

  async function* batches(): AsyncGenerator<readonly TransactionRow[]> {
    yield await readBatch(first.value.rows)
    for await (const { rows: batch } of csv) yield await readBatch(batch)
    // One such row is malformed; when all are, it is the file that nothing can be said about.
    if (rows > 0 && unknownCurrencies === rows) {
      throw new CannotRunError(
        'AUDIT_CURRENCY_UNKNOWN',
        'No row names a currency of ISO 4217: give it as a constant in the mapping.',
      )
    }
  }
  const share = (): number | null =>
    progress.totalBytes === 0 ? null : Math.min(1, progress.bytes / progress.totalBytes)
  return { named, rows: () => rows, share, batches }
}

/** Makes the reader of where a malformed row belongs, as far as that can be told. */
function createOriginReader(mapping: Mapping, header: readonly string[]) {
  const account = findColumn(header, mapping.columns.accountId)
  const readSequence = createSequenceReader(mapping, header)
  const isByLine = isOrderedByLine(mapping)
  return (row: CsvRow): Pick<Reject, 'accountId' | 'place'> => {
    const line = isByLine ? BigInt(row.line) : null
    // Of a row that falls apart no cell can be trusted: a comma too many moves every one after it.
    if ('fault' in row) return { accountId: null, place: line }
    const sequence = readSequence(row.cells) ?? ''
    return {
      accountId: account.cellOf(row.cells),
      place: /^\d{1,19}$/.test(sequence) ? BigInt(sequence) : line,
    }
  }
}

function readOne(row: CsvRow, readRow: RowReader): ReturnType<RowReader> {
  return 'fault' in row ? { ok: false, fault: row.fault } : readRow(row.cells, row.line)
}
