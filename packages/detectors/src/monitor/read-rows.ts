import { type AccountEvent, parseAccountEvent } from '../detector/account-event.ts'
import type { LeftOutRow } from '../detector/left-out-row.ts'
import { accountIdOf, readSequence } from '../ledger/ledger-entry.ts'
import type { SetAsideRow } from './monitor-store.ts'
import { setAside } from './set-aside.ts'

/** What rows of a source say. */
export interface ReadRows {
  readonly events: readonly AccountEvent[]
  /** What the accounts of rows that were set aside are to know of them. */
  readonly leftOut: readonly LeftOutRow[]
  readonly aside: readonly SetAsideRow[]
}

/**
 * Parses rows, and sets aside those that are none or that come from the future: when they are read for
 * the first time, and when the history of their account is judged anew.
 */
export function readRows(source: string, rows: readonly unknown[], latestMs: number): ReadRows {
  const events: AccountEvent[] = []
  const leftOut: LeftOutRow[] = []
  const aside: SetAsideRow[] = []
  for (const row of rows) {
    const parsed = parseAccountEvent(row)
    if (parsed.ok && parsed.row.eventTime <= latestMs) {
      events.push(parsed.row)
      continue
    }
    const reason = parsed.ok ? 'eventTime: lies in the future' : parsed.reason
    aside.push(setAside(source, row, reason))
    const known = parsed.ok ? fromTheFuture(parsed.row) : unreadable(row)
    if (known !== null) leftOut.push(known)
  }
  return { events, leftOut, aside }
}

function fromTheFuture(event: AccountEvent): LeftOutRow {
  const { accountId, eventTime: dueAt } = event
  const moves = event.kind === 'transaction' && event.status === 'completed'
  return { accountId, sequence: moves ? event.sequence : 'nowhere', dueAt }
}

/** A row without an account could be anybody's: nobody can be told of it. */
function unreadable(row: unknown): LeftOutRow | null {
  const accountId = accountIdOf(row)
  if (accountId === null || isScan(row)) return null
  return { accountId, sequence: readSequence(row), dueAt: null }
}

function isScan(row: unknown): boolean {
  return typeof row === 'object' && row !== null && 'kind' in row && row.kind === 'scan'
}
