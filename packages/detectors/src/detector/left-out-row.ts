import type { SequenceReading } from '../ledger/ledger-entry.ts'

/** A row of an account that was set aside when it was read, so that no rule sees it as an event. */
export interface LeftOutRow {
  readonly accountId: string
  /**
   * Its place in the account's order of booking, which is not known where it has no sequence that can be
   * read; `nowhere` when it moves no money.
   */
  readonly sequence: SequenceReading | 'nowhere'
  /**
   * When it can be judged after all, because it came from the future: in epoch milliseconds, or `null`
   * for never.
   */
  readonly dueAt: number | null
}
