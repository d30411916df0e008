import { z } from 'zod'

import {
  type LedgerTransaction,
  type LedgerTransactionInput,
  ledgerTransactionSchema,
  parseRow,
  type ParseRowResult,
} from '../ledger/ledger-entry.ts'
import { type Scan, type ScanInput, scanSchema } from '../scans/scan.ts'

/** Something that happened on an account: money was to move, or its card was read. */
export type AccountEvent =
  | ({ readonly kind: 'transaction' } & LedgerTransaction)
  | ({ readonly kind: 'scan' } & Scan)

/** An {@link AccountEvent} before it is parsed. */
export type AccountEventInput =
  | ({ readonly kind: 'transaction' } & LedgerTransactionInput)
  | ({ readonly kind: 'scan' } & ScanInput)

/** Reads what an event source handed out. */
export function parseAccountEvent(row: unknown): ParseRowResult<AccountEvent> {
  return parseRow(accountEventSchema, row)
}

const accountEventSchema = z.discriminatedUnion('kind', [
  ledgerTransactionSchema.extend({ kind: z.literal('transaction') }),
  scanSchema.extend({ kind: z.literal('scan') }),
])

/**
 * The name of an event among those of its account. A transaction that is pending and then decided is
 * two events; any other row that comes twice is one.
 */
export function idOfEvent(event: AccountEvent): string {
  if (event.kind === 'scan') return `scan ${event.scanId}`
  return event.status === 'pending' ? `pending ${event.transactionId}` : event.transactionId
}

/**
 * The order in which events are judged, the same however they were delivered: by event time, then by
 * the source's own sequence, then by kind and name.
 */
export function compareEvents(a: AccountEvent, b: AccountEvent): number {
  if (a.eventTime !== b.eventTime) return a.eventTime - b.eventTime
  const bySequence = compareSequences(sequenceOf(a), sequenceOf(b))
  if (bySequence !== 0) return bySequence
  const [idOfA, idOfB] = [idOfEvent(a), idOfEvent(b)]
  if (idOfA === idOfB) return 0
  return idOfA < idOfB ? -1 : 1
}

function sequenceOf(event: AccountEvent): bigint | null {
  return event.kind === 'transaction' ? event.sequence : null
}

/** Those without a sequence come last. */
function compareSequences(a: bigint | null, b: bigint | null): number {
  if (a === b) return 0
  if (a === null) return 1
  if (b === null) return -1
  return a < b ? -1 : 1
}
