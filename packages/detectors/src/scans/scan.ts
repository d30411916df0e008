import { z } from 'zod'

import {
  accountIdSchema,
  type AccountId,
  eventTimeSchema,
  idSchema,
  parseRow,
  type ParseRowResult,
} from '../ledger/ledger-entry.ts'

/** Names one reading of a card by a terminal. */
export type ScanId = string & z.$brand<'ScanId'>

/** A terminal has read a card. */
export interface Scan {
  readonly scanId: ScanId
  /** The account of the card that was read. */
  readonly accountId: AccountId
  /** Where; `null` when the source does not say. */
  readonly terminalId: string | null
  /** When the card was read, in integer epoch milliseconds. */
  readonly eventTime: number
}

/** A {@link Scan} before it is parsed. */
export interface ScanInput {
  readonly scanId: string
  readonly accountId: string
  readonly terminalId?: string | null | undefined
  readonly eventTime: number
}

/**
 * Reads a row that came from outside as a scan.
 *
 * @param row anything
 * @returns the scan, or which field is wrong and why
 *
 * @example
 * ```ts
 * import { parseScan } from '@assay/detectors'
 *
 * const parsed = parseScan({ scanId: 's-1', accountId: 'card-7', eventTime: 1_749_895_200_000 })
 * console.log(parsed.ok && parsed.row.terminalId) // null
 * console.log(parseScan({ scanId: 's-1' }).ok) // false
 * ```
 */
export function parseScan(row: unknown): ParseRowResult<Scan> {
  return parseRow(scanSchema, row)
}

/** The shape of a scan, for what contains one. */
export const scanSchema = z.object({
  scanId: idSchema.brand<'ScanId'>(),
  accountId: accountIdSchema,
  terminalId: idSchema.nullish().transform((value) => value ?? null),
  eventTime: eventTimeSchema,
})
