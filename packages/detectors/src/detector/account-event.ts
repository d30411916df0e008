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

/** What of an event says where it stands in the order, and how it is named there. */
export type EventPlace =
  | Pick<
      Extract<AccountEvent, { readonly kind: 'transaction' }>,
      'kind' | 'accountId' | 'transactionId' | 'status' | 'eventTime' | 'sequence'
    >
  | Pick<
      Extract<AccountEvent, { readonly kind: 'scan' }>,
      'kind' | 'accountId' | 'scanId' | 'eventTime'
    >

/** The place of an event, and nothing else of it. */
export function placeOfEvent(event: EventPlace): EventPlace {
  const { kind, accountId, eventTime } = event
  if (kind === 'scan') return { kind, accountId, scanId: event.scanId, eventTime }
  const { transactionId, status, sequence } = event
  return { kind, accountId, transactionId, status, eventTime, sequence }
}

/**
 * The name of an event among those of its account and kind. A transaction that is pending and then decided is
 * two events; any other row that comes twice is one.
 */
export function idOfEvent(event: EventPlace): string {
  if (event.kind === 'scan') return event.scanId
  return event.status === 'pending' ? `pending ${event.transactionId}` : event.transactionId
}

/**
 * The order in which events are judged, the same however they were delivered: by event time, then by
 * kind, those that are pending before those that are decided, by the source's own sequence, and by name.
 */
export function compareEvents(a: EventPlace, b: EventPlace): number {
  if (a.eventTime !== b.eventTime) return a.eventTime - b.eventTime
  if (a.kind !== b.kind) return a.kind < b.kind ? -1 : 1
  if (isPending(a) !== isPending(b)) return isPending(a) ? -1 : 1
  const bySequence = compareSequences(sequenceOf(a), sequenceOf(b))
  if (bySequence !== 0) return bySequence
  return compareTexts(idOfEvent(a), idOfEvent(b)) || compareTexts(a.accountId, b.accountId)
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function isPending(event: EventPlace): boolean {
  return event.kind === 'transaction' && event.status === 'pending'
}

function sequenceOf(event: EventPlace): bigint | null {
  return event.kind === 'transaction' ? event.sequence : null
}

/** Those without a sequence come last. */
function compareSequences(a: bigint | null, b: bigint | null): number {
  if (a === b) return 0
  if (a === null) return 1
  if (b === null) return -1
  return a < b ? -1 : 1
}
