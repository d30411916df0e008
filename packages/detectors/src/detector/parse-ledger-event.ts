import { parseLedgerEntry, type ParseRowResult } from '../ledger/ledger-entry.ts'
import type { AccountEvent } from './account-event.ts'

/** Reads a row of a ledger as an event: `null` for a balance, which is none. */
export function parseLedgerEvent(row: unknown): ParseRowResult<AccountEvent | null> {
  const parsed = parseLedgerEntry(row)
  if (!parsed.ok) return parsed
  return { ok: true, row: parsed.row.kind === 'transaction' ? parsed.row : null }
}
